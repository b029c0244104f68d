"""The running system that the tests of orders share: real sidecars, ports of its own. Properties
are drawn as in the unit tests: the same way every time."""

from collections.abc import Iterator

import pytest

from runtime.system import System
from systems.orders.tests.shop import (
    INVENTORY,
    ORCHESTRATOR,
    SERVICES,
    SHIPPING,
    WAREHOUSE,
    Shop,
)
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.whole_system import UnderTest, changes, home, proxies, system
from tests.unit import conftest

__all__ = ["changes", "conftest", "home", "proxies", "system"]

ENV = {
    INVENTORY: {"HOLD_SECONDS": "30"},
    WAREHOUSE: {"PACKING_SECONDS": "1"},
    SHIPPING: {"CARRIER_SECONDS": "1"},
    ORCHESTRATOR: {
        "OPEN_CASES_PER_OWNER": "0",
        "UNDO_TRIES": "3",  # within 1.5 s
        "CARE_SECONDS": "5",
        "DECISION_SECONDS": "15",
        "WAITING_SECONDS": "2",
        "PACKING_LOOK_SECONDS": "4",
        "CARRIER_LOOK_SECONDS": "4",
    },
}


@pytest.fixture(scope="session")
def under_test() -> UnderTest:
    return UnderTest("orders", ENV)


@pytest.fixture
def shop(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Shop]:
    """The system as a test meets it; after the test, the invariants hold."""
    with reach.apps(system, (*SERVICES, ORCHESTRATOR)) as clients:
        shop = Shop(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data" / "mails")
        yield shop
        shop.check_invariants()
