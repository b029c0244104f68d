"""Systems other than trips: each in its folder, started, asked and stopped apart from others."""

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from runtime import control_plane, processes, sample, timeline
from runtime.blocks import held
from runtime.service import log_of
from runtime.system import System
from tests.support import small_system
from tests.support.waiting import until

APP = "claim-orchestrator"
NAMES = ("small", "other")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[System]]:
    """Two systems of one project, at once; the second one under a supervisor."""
    project = tmp_path_factory.mktemp("project").resolve()
    with ExitStack() as stack:
        systems = []
        for name in NAMES:
            small_system.make(project, name, stack.enter_context(held(small_system.PORTS)))
            system = System(project, project / "systems" / name, say=print, name=name)
            system.supervised = name == "other"
            stack.callback(system.stop)
            system.start()
            systems.append(system)
        yield systems


def test_the_sample_is_sent_and_shown(
    running: list[System], capsys: pytest.CaptureFixture[str]
) -> None:
    for system in running:
        url = system.sidecar_url(APP)
        sent = sample.send(url, system.template.orchestrator, system.known.sample)
        said = f"Sending a sample claim: PUT {url}/v1.0/invoke/{APP}/method/claims/{sent.id}"
        assert said in capsys.readouterr().out
        kept = httpx.get(f"{system.app_url(APP)}/claims/{sent.id}").json()
        assert sent.content == kept
        shown = io.StringIO()
        timeline.show(sent, Console(file=shown, width=100))
        lines = [line.split() for line in shown.getvalue().splitlines() if line]
        assert lines[0] == ["Claim", sent.id, "settled"]
        assert lines[-1] == ["✔", "assess", f"{sent.id}:assessment", "10", "42"]


def test_a_sample_that_is_refused_says_how(running: list[System], tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"refuse": true}')
    refused = pytest.raises(sample.NotDone, match=r"sample claim was answered 409: no such car$")
    with refused as not_done:
        sample.send(running[0].sidecar_url(APP), APP, tmp_path / "bad.json")
    shown = io.StringIO()
    assert not_done.value.case is not None
    timeline.show(not_done.value.case, Console(file=shown, width=100))
    assert shown.getvalue().split()[2:6] == ["rejected", "Stopped", "at", "assess:"]


def test_data_and_logs_are_in_the_folder_of_the_system(running: list[System]) -> None:
    for system in running:
        assert (system.known.folder / "data" / "claims.db").is_file()
        assert (system.known.folder / "data" / "scheduler").is_dir()
        assert list((system.known.folder / ".dapr" / "logs").glob(f"{APP}*.log"))
        assert not list(system.project.glob("data*"))


def test_stopping_one_leaves_the_other(running: list[System]) -> None:
    one, other = running
    assert one.stop()
    assert not processes.of_system(one.home)
    assert not one.is_running()
    assert other.is_running()
    assert other.is_ready()
    assert len(processes.of_system(other.home)) >= 5  # dapr, app, sidecar and control plane
    one.start()
    assert one.is_ready()


def test_dapr_run_starts_it_too_once_placement_and_scheduler_are_up(running: list[System]) -> None:
    """By hand, as it stands: `dapr run -f systems/small`."""
    system, _ = running
    system.stop()
    dapr, project = system.set_up(), system.project
    (project / ".venv").symlink_to(sys.prefix)
    env = {"DAPR_RUNTIME_PATH": str(dapr.home)}
    try:
        for service in control_plane.services(dapr, system.data, system.ports_beside):
            processes.spawn(service.command, system.home, log_of(system.home, service), {}, project)
            until(service.is_ready, bool, f"{service.name} to be ready")
        command = [str(dapr.cli), "run", "-f", "systems/small"]
        processes.spawn(command, system.home, project / "by-hand.log", env, project)
        until(system.is_ready, bool, "the system to be ready", 150)
        url = system.sidecar_url(APP)
        case = sample.send(url, APP, system.known.sample)
        assert httpx.get(f"{system.app_url(APP)}/claims/{case.id}").json() == case.content
        assert not (project / "data").exists()
    finally:
        assert system.stop()
