"""The running system that the tests of deliveries share: real sidecars, ports of its own.

Properties are drawn as in the unit tests: the same way every time."""

from collections.abc import Iterator

import pytest

from runtime.system import System
from systems.delivery.tests.town import CITY, DRIVERS, ORCHESTRATOR, SERVICES, Town
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.whole_system import UnderTest, changes, home, proxies, system
from tests.unit import conftest

__all__ = ["changes", "conftest", "home", "proxies", "system"]

SPEED = "100"  # so many seconds of the city pass in one of ours
ENV = {
    DRIVERS: {"SPEED": SPEED, "SILENCE_SECONDS": "800"},
    CITY: {"SPEED": SPEED, "CITY_DRIVERS": "14", "CITY_UNRELIABLE_PERCENT": "0"},
    ORCHESTRATOR: {
        "SPEED": SPEED,
        "UNDO_TRIES": "3",  # within 1.5 s
        "CARE_SECONDS": "5",
        "OPEN_CASES_PER_OWNER": "0",
        "BOOKINGS_AT_ONCE": "300",
        "ANSWER_SECONDS": "600",
        "OFFER_SECONDS": "400",
        "COUNTER_SECONDS": "3000",
        "COLD_SECONDS": "3000",
        "GRACE_SECONDS": "2500",
        "RIDE_SECONDS": "6000",
        "SEARCH_SECONDS": "1000",
        "PAUSE_SECONDS": "0.5",
        "LOOK_SECONDS": "4",
        "LATE_SECONDS": "1",
    },
}


@pytest.fixture(scope="session")
def under_test() -> UnderTest:
    return UnderTest("delivery", ENV)


@pytest.fixture
def town(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Town]:
    """The system as a test meets it; after the test, the invariants hold."""
    with reach.apps(system, (*SERVICES, ORCHESTRATOR)) as clients:
        town = Town(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data" / "mails")
        try:
            yield town
            town.check_invariants()
        finally:
            town.go_home()
