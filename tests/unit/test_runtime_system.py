"""Starting a system where somebody else has what it needs."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from runtime import system, template
from runtime.blocks import on_free_ports
from runtime.dapr import Dapr
from runtime.errors import SetupError
from runtime.ports import shifted
from runtime.system import System
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]
PLACEMENT, SCHEDULER, RAFT = 50005, 50006, 8201


@pytest.fixture
def changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changes]:
    """Those of a system on free ports, for which a Dapr was found."""
    dapr = Dapr(Path("dapr"), tmp_path, "made up")
    monkeypatch.setattr(system, "find_or_build", lambda _: dapr)
    with on_free_ports(PROJECT, Changes()) as placed:
        yield placed


def test_a_taken_port_between_placements_is_named(tmp_path: Path, changes: Changes) -> None:
    port = shifted(RAFT, changes.by)
    taken = pytest.raises(SetupError, match=rf"Taken already: port {port} \(placement\)")
    with socket.create_server(("127.0.0.1", port)), taken:
        System(PROJECT, tmp_path, changes).start()


def test_only_the_real_system_uses_a_control_plane_that_runs(
    tmp_path: Path, changes: Changes
) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    template.write(PROJECT, project, project, changes)
    placement, scheduler = (shifted(port, changes.by) for port in (PLACEMENT, SCHEDULER))
    with (
        socket.create_server(("127.0.0.1", placement)),
        socket.create_server(("127.0.0.1", scheduler)),
        pytest.raises(SetupError, match=rf"Taken already: port {placement} \(placement\)"),
    ):
        System(project, home).start()


def test_an_app_that_the_template_has_not_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(System, "template", template.read(PROJECT / "systems/orders/dapr.yaml"))
    here = System(PROJECT, tmp_path, name="orders")
    with pytest.raises(SetupError, match=r"no app loan-orchestrator. There are: .*order-orch"):
        here.app_url("loan-orchestrator")


def test_an_app_that_does_not_get_ready_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sidecar answers, the app answers that it lacks its store, and the time is over."""
    told: list[str] = []
    here = System(PROJECT, tmp_path, say=told.append, name="orders")
    first = next(app for app in template.read(PROJECT / "systems/orders/dapr.yaml").apps)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/readyz":
            return httpx.Response(503, json={"detail": "store loan-store is not found"})
        return httpx.Response(204)

    client = partial(httpx.Client, transport=httpx.MockTransport(answer))
    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setattr(system, "START_SECONDS", 0.3)
    monkeypatch.setattr(system, "_TELLS_WHY_SECONDS", 0.1)
    monkeypatch.setattr(System, "template", template.read(PROJECT / "systems/orders/dapr.yaml"))
    monkeypatch.setattr(System, "_require_alive", lambda *_: None)
    with pytest.raises(SetupError, match=f"{first.name} was not ready .*: store loan-store is not"):
        here._wait_until_ready(None, 0.0)  # type: ignore[arg-type]
    assert told.count("It is not ready yet: store loan-store is not found.") == 1
