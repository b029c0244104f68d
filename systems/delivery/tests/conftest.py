"""The running system that the tests of deliveries share: real sidecars, ports of its own.

Properties are drawn as in the unit tests: the same way every time."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from runtime import systems, template
from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.delivery.tests.town import CITY, DRIVERS, ORCHESTRATOR, SERVICES, Town
from tests.support import fault_proxy
from tests.support.fault_proxy import PROXIED_BY, FaultProxy
from tests.support.running import running
from tests.support.variant import PROFILE, REPLICAS
from tests.unit import conftest

__all__ = ["conftest"]

PROJECT = Path(__file__).resolve().parents[3]
NAME = "delivery"
HOME = PROJECT / ".delivery-system"
SPEED = "100"  # so many seconds of the city pass in one of ours
ENV = {
    DRIVERS: {"SPEED": SPEED, "SILENCE_SECONDS": "800"},
    CITY: {"SPEED": SPEED, "CITY_DRIVERS": "14", "CITY_UNRELIABLE_PERCENT": "0"},
    ORCHESTRATOR: {
        "SPEED": SPEED,
        "UNDO_TRIES": "3",  # within 1.5 s
        "CARE_SECONDS": "5",
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
def home() -> Path:
    """The test system's folder, emptied; logs stay there to be looked at."""
    System(PROJECT, HOME, name=NAME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    return HOME


@pytest.fixture(scope="session")
def changes(home: Path) -> Iterator[Changes]:  # noqa: ARG001 what was left there has no port any more
    """How the test system differs from the real one, on ports that stay its own."""
    wished = Changes(proxied_by=PROXIED_BY, env=ENV, profile=PROFILE, replicas=REPLICAS)
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
def town(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Town]:
    """The system as a test meets it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {
            app: stack.enter_context(httpx.Client(base_url=system.app_url(app), timeout=60))
            for app in (*SERVICES, ORCHESTRATOR)
        }
        town = Town(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data" / "mails")
        try:
            yield town
            town.check_invariants()
        finally:
            town.go_home()
