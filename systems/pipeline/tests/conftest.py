"""The running pipeline that its tests share: real sidecars, ports of its own."""

from collections.abc import Iterator

import pytest

from runtime.system import System
from systems.pipeline.tests.works import DEPLOY, ORCHESTRATOR, SERVICES, TEST, Works
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.whole_system import UnderTest, changes, home, proxies, system
from tests.unit import conftest

__all__ = ["changes", "conftest", "home", "proxies", "system"]

ENV = {
    TEST: {"LOG_STREAMS": "3"},
    DEPLOY: {"HEALTH_SECONDS": "8", "WATCH_SECONDS": "0.2"},
    ORCHESTRATOR: {
        "UNDO_TRIES": "6",  # within 16 s: a service may just be starting again
        "CARE_SECONDS": "3",
        "OPEN_CASES_PER_OWNER": "0",
        "BAKE_SECONDS": "3",
        "LOOK_SECONDS": "2",
        "QUEUE_LOOK_SECONDS": "2",
    },
}


@pytest.fixture(scope="session")
def under_test() -> UnderTest:
    return UnderTest("pipeline", ENV)


@pytest.fixture
def works(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Works]:
    """The system as a test meets it; after the test, the invariants hold."""
    with reach.apps(system, (*SERVICES, ORCHESTRATOR), 90) as clients:
        works = Works(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data")
        yield works
        works.check_invariants()


@pytest.fixture
def first(works: Works) -> str:
    """The release of the sample's first commit, live in production."""
    return works.have_live("main")
