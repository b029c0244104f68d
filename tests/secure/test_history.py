"""What a workflow has done is signed: nobody rewrites it in its database."""

import base64
import sqlite3
from contextlib import closing

from runtime.system import System
from tests.support import workflows
from tests.support.waiting import until
from tests.support.world import ORCHESTRATOR, World

PRICE, CHEAPER = b'"amount": 996300', b'"amount": 000001'


def test_an_edited_history_is_refused_and_its_trip_can_be_begun_anew(
    world: World, secure: System
) -> None:
    """Of a trip that waits for approval, somebody makes the flight cheaper in the database."""
    trip_id = world.trip_id("edited")
    dear = world.request(flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, dear, Prefer="respond-async")
    _until_it_waits(world, trip_id)
    for kind in ("app", "sidecar"):
        secure.kill(kind, ORCHESTRATOR)
    assert _edit(secure, trip_id) == 1
    secure.restart()
    seen = until(
        lambda: world.trip(trip_id),
        lambda trip: trip["status"] == "needs_attention",
        "the trip to need attention",
    )
    assert seen["halt"]["reason"] == "workflow_unreadable"
    assert "signature verification failed" in seen["halt"]["detail"]
    approval = {"approved": True, "by": "boss"}
    assert world.orchestrator.post(f"/trips/{trip_id}/approval", json=approval).status_code == 409
    assert world.charge(trip_id) is None
    assert world.orchestrator.post(f"/trips/{trip_id}/resume").status_code == 202
    _until_it_waits(world, trip_id)
    world.orchestrator.post(f"/trips/{trip_id}/approval", json=approval).raise_for_status()
    assert world.ended(trip_id)["total"]["amount"] > 996300


def test_an_event_by_its_plain_name_is_not_heard(world: World, secure: System) -> None:
    """Through the scheduler, a participant with a certificate can raise one in any workflow."""
    trip_id = world.trip_id("told")
    dear = world.request(flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, dear, Prefer="respond-async")
    _until_it_waits(world, trip_id)
    approval = {"approved": True, "by": "boss"}
    for event in ("approval", "cancel"):
        workflows.tell(secure, trip_id, event, approval)
    refused = {"approved": False, "by": "boss"}
    world.orchestrator.post(f"/trips/{trip_id}/approval", json=refused).raise_for_status()
    assert world.ended(trip_id)["halt"]["reason"] == "approval_refused"


def _until_it_waits(world: World, trip_id: str) -> None:
    until(lambda: world.trip(trip_id), lambda trip: trip.get("step") == "approval", "approval")


def _edit(system: System, trip_id: str) -> int:
    """Replace the price in what the history says the flight service answered; return how often."""
    edited = 0
    with closing(sqlite3.connect(system.data / "workflows.db", timeout=30)) as store, store:
        rows = store.execute(
            "SELECT key, value FROM state WHERE key LIKE ?", (f"%{trip_id}||history-%",)
        ).fetchall()
        for key, value in rows:
            event = base64.b64decode(value)
            if (
                b'"hold' not in event
                and b"held" in event
                and PRICE in event
                and b"keep" not in event
            ):
                new = base64.b64encode(event.replace(PRICE, CHEAPER)).decode()
                store.execute("UPDATE state SET value = ? WHERE key = ?", (new, key))
                edited += 1
    return edited
