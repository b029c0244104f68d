"""A secure system, and somebody on the same machine who means it no good."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runtime.blocks import on_free_ports
from runtime.secure.vault import Vault
from runtime.system import System
from runtime.template import Changes
from tests.secure.intruder import PORTS, Intruder
from tests.support import reach
from tests.support.running import running
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, ORCHESTRATOR, PAYMENT, World

PROJECT = Path(__file__).resolve().parents[2]
HOME = PROJECT / ".secure-system"
SERVICES = (FLIGHT, HOTEL, PAYMENT, NOTIFICATION)
APPS = (*SERVICES, ORCHESTRATOR)


@pytest.fixture(scope="session")
def secure() -> Iterator[System]:
    """A whole secure system, started once."""
    System(PROJECT, HOME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    patience = {ORCHESTRATOR: {"CARE_SECONDS": "1", "UNREADABLE_LOOKS": "2"}}
    wished = Changes(secure=True, env=patience)
    with (
        on_free_ports(PROJECT, wished, PORTS) as changes,
        running(System(PROJECT, HOME, changes, say=print)) as system,
    ):
        yield system


@pytest.fixture(scope="session")
def vault(secure: System) -> Vault:
    assert secure.vault is not None
    return secure.vault


@pytest.fixture
def world(secure: System) -> Iterator[World]:
    """The secure system as its own people meet it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {app: stack.enter_context(reach.app(secure, app)) for app in APPS}
        world = World(clients.pop(ORCHESTRATOR), clients, {}, secure.home / "data" / "mails")
        yield world
        world.check_invariants()


@pytest.fixture
def intruder(secure: System, tmp_path: Path) -> Iterator[Intruder]:
    """Somebody who starts a sidecar of their own beside the system."""
    intruder = Intruder(secure, tmp_path)
    yield intruder
    intruder.leave()
