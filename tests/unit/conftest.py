"""Properties are drawn the same way every time: a unit test that passed passes again."""

from hypothesis import settings

settings.register_profile("unit", derandomize=True, database=None, deadline=None)
settings.load_profile("unit")
