"""What holds for all unit tests: properties are drawn the same way every time, so one that passed
passes again; and no handler of an app's logs is left to a second run in this process, as a mutation
tester makes them, in which the stream that it writes to is closed."""

import logging

from hypothesis import settings

settings.register_profile("unit", derandomize=True, database=None, deadline=None)
settings.load_profile("unit")


def pytest_collection_finish() -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)
