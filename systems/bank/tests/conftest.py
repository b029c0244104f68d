"""The running system that the tests of transfers share: real sidecars, ports of its own. Properties
are drawn as in the unit tests: the same way every time."""

from collections.abc import Iterator

import pytest

from runtime.system import System
from systems.bank.tests.branch import BANK_A, ORCHESTRATOR, SERVICES, Branch
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.whole_system import UnderTest, changes, home, proxies, system
from tests.unit import conftest

__all__ = ["changes", "conftest", "home", "proxies", "system"]

ENV = {
    BANK_A: {"HOLD_SECONDS": "120"},
    ORCHESTRATOR: {
        "UNDO_TRIES": "3",  # within 1.5 s
        "CARE_SECONDS": "5",
        "REVIEW_SECONDS": "6",
    },
}


@pytest.fixture(scope="session")
def under_test() -> UnderTest:
    return UnderTest("bank", ENV)


@pytest.fixture
def branch(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Branch]:
    """The system as a test meets it; after the test, the invariants hold."""
    with reach.apps(system, (*SERVICES, ORCHESTRATOR)) as clients:
        mails = system.home / "data" / "mails"
        branch = Branch(clients.pop(ORCHESTRATOR), clients, proxies, mails)
        yield branch
        branch.check_invariants()
