"""What holds for all unit tests: properties are drawn the same way every time, so one that passed
passes again; a mutation tester, which only asks whether one fails, is not kept waiting for the
shortest way in which it does; and no handler of an app's logs is left to a second run in this
process, as a mutation tester makes them, in which the stream that it writes to is closed."""

import logging
import os

from hypothesis import Phase, settings

_PHASES = [
    each for each in Phase if each is not Phase.shrink or "MUTANT_UNDER_TEST" not in os.environ
]

settings.register_profile("unit", derandomize=True, database=None, deadline=None, phases=_PHASES)
settings.load_profile("unit")


def pytest_collection_finish() -> None:
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each) is logging.StreamHandler]:
        root.removeHandler(handler)
