"""The running system that the tests of orders share: real sidecars, ports of its own. Properties
are drawn as in the unit tests: the same way every time."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime import systems, template
from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.orders.tests.shop import (
    INVENTORY,
    ORCHESTRATOR,
    SERVICES,
    SHIPPING,
    WAREHOUSE,
    Shop,
)
from tests.support import fault_proxy, reach
from tests.support.fault_proxy import PROXIED_BY, FaultProxy
from tests.support.running import running
from tests.support.variant import PROFILE, REPLICAS, SECURE
from tests.unit import conftest

__all__ = ["conftest"]

PROJECT = Path(__file__).resolve().parents[3]
NAME = "orders"
HOME = PROJECT / ".orders-system"
ENV = {
    INVENTORY: {"HOLD_SECONDS": "30"},
    WAREHOUSE: {"PACKING_SECONDS": "1"},
    SHIPPING: {"CARRIER_SECONDS": "1"},
    ORCHESTRATOR: {
        "UNDO_TRIES": "3",  # within 1.5 s
        "CARE_SECONDS": "5",
        "DECISION_SECONDS": "15",
        "WAITING_SECONDS": "2",
        "PACKING_LOOK_SECONDS": "4",
        "CARRIER_LOOK_SECONDS": "4",
    },
}


@pytest.fixture(scope="session")
def home() -> Path:
    """The test system's folder, emptied; logs stay there to be looked at."""
    System(PROJECT, HOME, name=NAME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    return HOME


@pytest.fixture(scope="session")
def changes(home: Path) -> Iterator[Changes]:  # noqa: ARG001 what was left there has no port any more
    """How the test system differs from the real one, on ports that stay its own."""
    wished = Changes(
        proxied_by=PROXIED_BY, env=ENV, profile=PROFILE, replicas=REPLICAS, secure=SECURE
    )
    with on_free_ports(PROJECT, wished, name=NAME) as placed:
        yield placed


@pytest.fixture(scope="session")
def proxies(changes: Changes) -> Iterator[dict[str, FaultProxy]]:
    """A proxy between each app and its sidecar."""
    apps = template.read(systems.find(PROJECT, NAME).template).apps
    with fault_proxy.one_for_each(apps, REPLICAS, changes.by) as proxies:
        yield proxies


@pytest.fixture(scope="session")
def system(
    proxies: dict[str, FaultProxy],  # noqa: ARG001 sidecars wait until something listens for the app
    changes: Changes,
    home: Path,
) -> Iterator[System]:
    """The whole system, started once, in a folder of its own."""
    with running(System(PROJECT, home, changes, say=print, name=NAME)) as system:
        yield system


@pytest.fixture
def shop(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Shop]:
    """The system as a test meets it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {
            app: stack.enter_context(reach.app(system, app)) for app in (*SERVICES, ORCHESTRATOR)
        }
        shop = Shop(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data" / "mails")
        yield shop
        shop.check_invariants()
