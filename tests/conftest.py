"""The running system that contract and integration tests share: real sidecars, ports of its own."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import pytest

from runtime import template
from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from tests.support import fault_proxy, reach
from tests.support.clocks import ahead
from tests.support.fault_proxy import PROXIED_BY, FaultProxy
from tests.support.running import running
from tests.support.small_disk import SmallDisk, mount, unmount
from tests.support.variant import PROFILE, REPLICAS, SECURE
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, ORCHESTRATOR, PAYMENT, World

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / ".test-system"
SMALL_DISK = HOME / "small-disk"
SERVICES = (FLIGHT, HOTEL, PAYMENT, NOTIFICATION)
SPARE_PORTS = {FLIGHT: (8211, 8212), HOTEL: (8221, 8222)}  # unshifted; for more of their processes
HOLD_SECONDS = "15"
UNDO_TRIES = "5"  # within 7.5 s
APPROVAL_SECONDS = "10"
CARE_SECONDS = "5"
UNREADABLE_LOOKS = "2"
HISTORY_KEPT = "3s"
BOOKINGS_AT_ONCE = "250"


@pytest.fixture(scope="session")
def proxies(changes: Changes) -> Iterator[dict[str, FaultProxy]]:
    """A proxy between each app and its sidecar."""
    apps = template.read(PROJECT / "dapr.yaml").apps
    with fault_proxy.one_for_each(apps, REPLICAS, changes.by) as proxies:
        yield proxies


@pytest.fixture(scope="session")
def home() -> Path:
    """The test system's folder, emptied; logs stay there to be looked at."""
    System(PROJECT, HOME).stop()  # what a killed test run left
    unmount(SMALL_DISK)
    shutil.rmtree(HOME, ignore_errors=True)
    return HOME


@pytest.fixture(scope="session")
def changes(
    home: Path,  # noqa: ARG001 what was left there has no port any more
    clocks: dict[str, Mapping[str, str]],
) -> Iterator[Changes]:
    """How the test system differs from the real one, on ports that stay its own."""
    short_holds = {"HOLD_SECONDS": HOLD_SECONDS}
    short_patience = {
        "UNDO_TRIES": UNDO_TRIES,
        "APPROVAL_SECONDS": APPROVAL_SECONDS,
        "CARE_SECONDS": CARE_SECONDS,
        "UNREADABLE_LOOKS": UNREADABLE_LOOKS,
    }
    many = {"BOOKINGS_AT_ONCE": BOOKINGS_AT_ONCE, "OPEN_CASES_PER_OWNER": "0"}
    wished = Changes(
        proxied_by=PROXIED_BY,
        env={FLIGHT: short_holds, HOTEL: short_holds, ORCHESTRATOR: short_patience | many} | clocks,
        history_kept=HISTORY_KEPT,
        profile=PROFILE,
        replicas=REPLICAS,
        secure=SECURE,
    )
    with on_free_ports(PROJECT, wished, chain(*SPARE_PORTS.values())) as placed:
        yield placed


@pytest.fixture(scope="session")
def small_disk(home: Path, changes: Changes) -> Iterator[SmallDisk | None]:
    """A disk that can be filled, with the hotel store on it; None where mounting is not allowed,
    or the store is no file."""
    disk = mount(SMALL_DISK) if PROFILE != "postgres" else None
    if disk:
        data = home / "data" / changes.keeps
        data.mkdir(parents=True, exist_ok=True)
        (data / "hotel.db").symlink_to(disk.path / "hotel.db")
    yield disk
    unmount(SMALL_DISK)


@pytest.fixture(scope="session")
def clocks() -> Iterator[dict[str, Mapping[str, str]]]:
    """The environment of replicas whose clocks are ahead."""
    with ahead([*SERVICES, ORCHESTRATOR]) as env:
        yield env


@pytest.fixture(scope="session")
def system(
    proxies: dict[str, FaultProxy],  # noqa: ARG001 sidecars wait until something listens for the app
    changes: Changes,
    home: Path,
    small_disk: SmallDisk | None,  # noqa: ARG001 a store is on it
) -> Iterator[System]:
    """The whole system, started once, in a folder of its own."""
    with running(System(PROJECT, home, changes, say=print)) as system:
        yield system


@pytest.fixture
def world(system: System, proxies: dict[str, FaultProxy]) -> Iterator[World]:
    """The system as a test meets it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {
            app: stack.enter_context(reach.app(system, app)) for app in (*SERVICES, ORCHESTRATOR)
        }
        orchestrator = clients.pop(ORCHESTRATOR)
        world = World(orchestrator, clients, proxies, system.home / "data" / "mails")
        yield world
        world.check_invariants()
