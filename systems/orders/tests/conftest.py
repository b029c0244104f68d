"""Properties are drawn as in the unit tests: the same way every time."""

from tests.unit import conftest

__all__ = ["conftest"]
