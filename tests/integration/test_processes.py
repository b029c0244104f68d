"""Apps and sidecars that die and come back, and what the system looks like from outside."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from runtime import processes, template
from runtime.blocks import needed
from runtime.ports import shifted
from runtime.system import System
from tests.conftest import PROJECT
from tests.support import reach
from tests.support.variant import PROFILE, SECURE
from tests.support.world import HOTEL, ORCHESTRATOR, World


@pytest.mark.parametrize("kind", ["app", "sidecar"])
def test_a_trip_fails_clean_while_the_hotel_service_is_dead_and_works_when_it_is_back(
    world: World, system: System, kind: str
) -> None:
    system.kill(kind, HOTEL)
    try:
        answer = world.book(world.trip_id("dead"), world.request())
    finally:
        system.restart()
    assert answer.status_code == 409, answer.text
    assert answer.json()["step"] == "search hotel"
    world.works_again()


def test_dapr_list_names_all_apps_with_their_ports(system: System) -> None:
    listed = [row[:2] for row in dapr_list(system)]
    for app in template.read(system.home / "dapr.yaml").apps:
        assert [app.app_id, str(app.sidecar_port)] in listed


def test_dapr_workflow_list_reads_the_workflow_store(world: World, system: System) -> None:
    """Not with a CLI that was built without cgo: reading SQLite needs it."""
    trip_id = world.trip_id("listed")
    world.book(trip_id, world.request())
    if PROFILE:
        pytest.skip(f"PROFILE={PROFILE} keeps workflows elsewhere than in SQLite")
    store, cli = system.data / "workflows.db", system.set_up().cli
    if [row[0] for row in dapr_list(system)].count(ORCHESTRATOR) > 1:
        pytest.skip("another system runs here, and the CLI cannot tell two of one app-id apart")
    command: list[str | Path] = [cli, "workflow", "list", "--app-id", ORCHESTRATOR]
    token = system.vault.api_token(ORCHESTRATOR) if system.vault else ""
    done = subprocess.run(
        [*command, "--connection-string", store],
        env=os.environ | {"DAPR_API_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    if "requires cgo" in done.stdout + done.stderr:
        pytest.skip("the CLI was built without a C compiler, so it cannot read SQLite")
    [line] = [row for row in done.stdout.splitlines() if trip_id in row.split()]
    assert line.split()[0] == "trip"


def dapr_list(system: System) -> list[list[str]]:
    """Return the words of each line."""
    command = [str(system.set_up().cli), "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split() for line in listed.splitlines()]


def test_the_sidecar_tells_of_the_workflow_and_its_worker(system: System) -> None:
    metadata = reach.sidecar(system, "trip-orchestrator").get("/v1.0/metadata").json()
    assert metadata["id"] == "trip-orchestrator"
    assert metadata["workflows"]["connectedWorkers"] == 1
    hosted = {actor["type"] for actor in metadata["actorRuntime"]["activeActors"]}
    assert any(kind.endswith(".workflow") for kind in hosted)
    assert any(kind.endswith(".activity") for kind in hosted)


def test_a_sidecar_that_we_build_has_one_connection_to_its_file(
    world: World, system: System
) -> None:
    """Dapr's own has as many as there are calls, of which it keeps two: see decisions.md."""
    if PROFILE:
        pytest.skip(f"PROFILE={PROFILE} keeps workflows elsewhere than in SQLite")
    if not system.set_up().is_built:
        pytest.skip("the Dapr that is installed here is used, and its sidecar is Dapr's own")
    with ThreadPoolExecutor(8) as customers:
        wishes = [(world.trip_id("many"), world.request()) for _ in range(16)]
        answers = customers.map(lambda wish: world.book(*wish), wishes)
        assert {answer.status_code for answer in answers} == {200}
    url = httpx.URL(system.sidecar_url(ORCHESTRATOR))
    [sidecar] = [p for p in psutil.process_iter() if processes.is_sidecar(p, url.port or 0)]
    store = str(system.data / "workflows.db")
    assert [file.path for file in sidecar.open_files()].count(store) == 1


def test_everything_listens_on_loopback_but_what_dapr_cannot_bind_so(system: System) -> None:
    """The control plane answers health checks on all addresses; docs/operations.md says so. Of a
    secure system, Sentry tells its metrics there too."""
    elsewhere = {port for ip, port in listening(system) if ip not in ("127.0.0.1", "::1")}
    at = system.ports_beside
    of_sentry = {at.sentry_health, at.sentry_metrics} if SECURE else set()
    assert elsewhere <= {at.placement_health, at.scheduler_health, *of_sentry}


def test_a_system_listens_on_no_port_but_those_it_looked_for(system: System) -> None:
    block = {shifted(port, system.changes.by) for port in needed(PROJECT, system.changes)}
    assert {port for _, port in listening(system)} <= block


def listening(system: System) -> list[tuple[str, int]]:
    """Return the address and port of all that listens."""
    return [
        (conn.laddr.ip, conn.laddr.port)
        for process in processes.of_system(system.home)
        for conn in process.net_connections("tcp")
        if conn.status == psutil.CONN_LISTEN
    ]
