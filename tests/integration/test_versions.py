"""A deploy of a changed saga: trips that run go on with the saga they were started with."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from runtime.system import System
from tests.support.waiting import until
from tests.support.world import ORCHESTRATOR, World

THIS_RELEASE, NEXT_RELEASE = "orchestrator.app:app", "tests.support.next_release:app"


@contextmanager
def deployed(system: System, was: str, now: str) -> Iterator[None]:
    deploy(system, was, now)
    try:
        yield
    finally:
        deploy(system, now, was)


def deploy(system: System, was: str, now: str) -> None:
    system.kill("app", ORCHESTRATOR)
    system.kill("sidecar", ORCHESTRATOR)
    system.restart(replacing={was: now})


def test_old_trips_and_new_ones_both_end_right(world: World, system: System) -> None:
    old = [world.trip_id("old") for _ in range(3)]
    for trip_id in old:
        dear = world.request(flight={"to": "SIN", "passengers": 9})
        world.book(trip_id, dear, Prefer="respond-async")
    for trip_id in old:
        until(partial(world.trip, trip_id), _waits_for_approval, "approval")
    new = world.trip_id("new")
    with deployed(system, THIS_RELEASE, NEXT_RELEASE):
        assert world.book(new, world.request()).status_code == 200
        for trip_id in old:
            approve(world, trip_id)
        assert {world.ended(trip_id)["status"] for trip_id in old} == {"confirmed"}
    assert "extend flight" in [step["step"] for step in world.trip(new)["steps"]]
    assert "approval" in [step["step"] for step in world.trip(old[0])["steps"]]
    assert world.book(world.trip_id("back"), world.request()).status_code == 200


@pytest.mark.parametrize("woken_by", ["an event", "a timer"])
def test_a_trip_that_no_worker_knows_after_a_rollback_needs_attention_and_starts_over(
    world: World, system: System, woken_by: str
) -> None:
    """Stalled by a timer its state is torn, and the engine can do nothing with its id any more."""
    trip_id = world.trip_id("rolledback")
    dear = world.request(flight={"to": "SIN", "passengers": 9})
    with deployed(system, THIS_RELEASE, NEXT_RELEASE):
        world.book(trip_id, dear, Prefer="respond-async")
        until(partial(world.trip, trip_id), _waits_for_approval, "approval")
    if woken_by == "an event":
        approve(world, trip_id)
    held = until(
        partial(world.trip, trip_id),
        lambda trip: trip["status"] == "needs_attention",
        "the trip to need attention",
        within=60,
    )
    reasons = {"an event": "workflow_stalled", "a timer": "workflow_unreadable"}
    assert held["halt"]["reason"] == reasons[woken_by]
    answer = world.orchestrator.post(f"/trips/{trip_id}/resume")
    assert answer.status_code == 202, answer.text
    until(partial(world.trip, trip_id), _waits_for_approval, "approval")
    approve(world, trip_id)
    assert world.ended(trip_id)["status"] == "confirmed"


def approve(world: World, trip_id: str) -> None:
    decision = {"approved": True, "by": "bob"}
    world.orchestrator.post(f"/trips/{trip_id}/approval", json=decision).raise_for_status()


def _waits_for_approval(trip: dict[str, Any]) -> bool:
    return trip["status"] == "running" and trip.get("step") == "approval"
