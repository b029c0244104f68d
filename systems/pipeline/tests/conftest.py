"""The running pipeline that its tests share: real sidecars, ports of its own."""

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
from systems.pipeline.tests.works import DEPLOY, ORCHESTRATOR, SERVICES, Works
from tests.support import fault_proxy
from tests.support.fault_proxy import PROXIED_BY, FaultProxy
from tests.support.running import running
from tests.support.variant import PROFILE, REPLICAS
from tests.unit import conftest

__all__ = ["conftest"]

PROJECT = Path(__file__).resolve().parents[3]
NAME = "pipeline"
HOME = PROJECT / ".pipeline-system"
ENV = {
    DEPLOY: {"HEALTH_SECONDS": "12", "WATCH_SECONDS": "0.2"},
    ORCHESTRATOR: {
        "UNDO_TRIES": "6",  # within 16 s: a service may just be starting again
        "CARE_SECONDS": "3",
        "BAKE_SECONDS": "3",
        "LOOK_SECONDS": "2",
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
def works(system: System, proxies: dict[str, FaultProxy]) -> Iterator[Works]:
    """The system as a test meets it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {
            app: stack.enter_context(httpx.Client(base_url=system.app_url(app), timeout=90))
            for app in (*SERVICES, ORCHESTRATOR)
        }
        works = Works(clients.pop(ORCHESTRATOR), clients, proxies, system.home / "data")
        yield works
        works.check_invariants()


@pytest.fixture
def first(works: Works) -> str:
    """The release of the sample's first commit, live in production."""
    return works.have_live("main")
