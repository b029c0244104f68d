"""`make serve`: whatever is killed is started again, and the system goes on."""

import httpx
import psutil
import pytest

from runtime import processes
from runtime.system import System
from tests.support import reach
from tests.support.waiting import until
from tests.support.world import HOTEL, ORCHESTRATOR, booking, fresh_day


def running(system: System, kind: str, app_id: str) -> list[psutil.Process]:
    if kind == "launcher":
        return [
            p
            for p in processes.of_system(system.home)
            if processes.program(p) == "dapr" and processes.argument(p, "--app-id") == app_id
        ]
    return system.processes_of(kind, app_id)


def book(system: System, trip_id: str) -> int:
    app = reach.app(system, ORCHESTRATOR, timeout=40)
    try:
        return app.put(f"/trips/{trip_id}", json=booking(fresh_day())).status_code
    except httpx.HTTPError:
        return 0


def settled(system: System) -> bool:
    """Say whether every `dapr run` has done what it does at the start: until then it notices a
    death of its sidecar only after a minute and a half of trying to reach it. It has no token to
    tell a secure system's sidecar anything, and gives that up at once."""
    if system.vault:
        return system.is_ready()
    return system.is_ready() and all(
        "appCommand" in reach.sidecar(system, app.app_id).get("/v1.0/metadata").json()["extended"]
        for app in system.template.apps
    )


def test_an_app_is_never_restarted_without_its_sidecar(supervised: System) -> None:
    until(lambda: settled(supervised), bool, "every launcher to settle")
    sidecars = running(supervised, "sidecar", ORCHESTRATOR)
    [app] = running(supervised, "app", ORCHESTRATOR)
    app.kill()
    gone, _ = psutil.wait_procs(sidecars, timeout=20)
    assert gone == sidecars
    until(supervised.is_ready, bool, "the system to be ready again")


@pytest.mark.parametrize(
    ("kind", "app_id"),
    [
        ("app", HOTEL),
        ("sidecar", HOTEL),
        ("launcher", HOTEL),
        ("app", ORCHESTRATOR),
        ("sidecar", ORCHESTRATOR),
        ("placement", ""),
        ("scheduler", ""),
    ],
)
def test_what_is_killed_is_started_again(supervised: System, kind: str, app_id: str) -> None:
    until(lambda: settled(supervised), bool, "every launcher to settle")
    [victim] = running(supervised, kind, app_id)
    victim.kill()
    until(
        lambda: [p.pid for p in running(supervised, kind, app_id)],
        lambda pids: len(pids) == 1 and pids != [victim.pid],
        f"another {kind} {app_id}",
    )
    until(supervised.is_ready, bool, "the system to be ready again")
    if kind == "scheduler":
        return  # trips wait until a lease has run out: see tests/faults/test_recovery.py
    serial = iter(range(1000))
    until(
        lambda: book(supervised, f"after-{kind}-{app_id}-{next(serial)}"),
        lambda status: status == 200,
        "a trip to be confirmed",
        within=60,
    )
    assert not supervised.dead()
