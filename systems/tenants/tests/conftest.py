"""The running system that the tests of tenants share: real sidecars, ports of its own. Properties
are drawn as in the unit tests: the same way every time."""

from collections.abc import Iterator

import pytest

from runtime.system import System
from systems.tenants.tests.platform import (
    ORCHESTRATOR,
    REMOVALS,
    SERVICES,
    TENANT,
    Platform,
)
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.whole_system import UnderTest, changes, home, proxies, system
from tests.unit import conftest

__all__ = ["changes", "conftest", "home", "proxies", "system"]

ENV = {
    TENANT: {"SLUG_RESTS_SECONDS": "3"},
    ORCHESTRATOR: {"UNDO_TRIES": "3", "CARE_SECONDS": "5", "OPEN_CASES_PER_OWNER": "0"},
    REMOVALS: {"CARE_SECONDS": "5", "OPEN_CASES_PER_OWNER": "0"},
}


@pytest.fixture(scope="session")
def under_test() -> UnderTest:
    return UnderTest("tenants", ENV)


@pytest.fixture
def platform(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Platform]:
    """The system as a test meets it; after the test, what really exists is of living tenants."""
    with reach.apps(system, (*SERVICES, ORCHESTRATOR, REMOVALS)) as clients:
        platform = Platform(system, clients, proxies)
        yield platform
        platform.check_invariants()
