"""Trips over the approval limit wait for a person, durably."""

from typing import Any

import httpx

from runtime.system import System
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import FLIGHT, ORCHESTRATOR, PAYMENT, World


def dear(world: World) -> dict[str, Any]:
    """Return a booking for nine across the Pacific: more than the limit of 5,000.00."""
    return world.request(flight={"to": "SIN", "passengers": 9})


def book_until_it_waits(world: World, name: str, **headers: str) -> str:
    trip_id = world.trip_id(name)
    world.book(trip_id, dear(world), Prefer="respond-async", **headers)
    until(lambda: world.trip(trip_id)["step"], lambda step: step == "approval", "the approval")
    return trip_id


def decide(world: World, trip_id: str, approved: bool) -> httpx.Response:
    body = {"approved": approved, "by": "bob"}
    return world.orchestrator.post(f"/trips/{trip_id}/approval", json=body)


def test_an_approved_trip_is_confirmed(world: World) -> None:
    trip_id = book_until_it_waits(world, "approved")
    assert world.charge(trip_id) is None
    assert decide(world, trip_id, approved=True).status_code == 202
    trip = world.ended(trip_id)
    assert trip["status"] == "confirmed"
    assert (trip["approval"]["approved"], trip["approval"]["by"]) == (True, "bob")
    again = decide(world, trip_id, approved=False)
    assert (again.status_code, again.json()["reason"]) == (409, "nothing_to_approve")


def test_a_refused_trip_is_undone(world: World) -> None:
    trip_id = book_until_it_waits(world, "refused")
    decide(world, trip_id, approved=False)
    trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["reason"]) == ("rejected", "approval_refused")


def test_a_trip_that_nobody_approves_in_time_is_undone(world: World) -> None:
    trip_id = book_until_it_waits(world, "late")
    trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["reason"]) == ("rejected", "approval_timed_out")


def test_holds_outlive_the_wait(world: World) -> None:
    trip_id = book_until_it_waits(world, "long")
    held = world.reservation(FLIGHT, f"{trip_id}:flight")
    assert held is not None
    assert held["expiresAt"] > world.trip(trip_id)["approval"]["deadline"]
    decide(world, trip_id, approved=False)


def test_a_waiting_trip_survives_the_death_of_the_orchestrator(
    world: World, system: System
) -> None:
    trip_id = book_until_it_waits(world, "survivor")
    system.kill("app", ORCHESTRATOR)
    system.kill("sidecar", ORCHESTRATOR)
    system.restart()
    decide(world, trip_id, approved=True)
    assert world.ended(trip_id)["status"] == "confirmed"


def test_a_hold_that_is_gone_at_the_confirmation_undoes_the_rest_and_the_charge(
    world: World,
) -> None:
    trip_id = world.trip_id("lapsed")
    with world.proxies[PAYMENT].fault("held", about(trip_id, "PUT", ":payment"), times=1) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        # Whatever took it: an expiry, or somebody at the airline's desk.
        world.services[FLIGHT].post(f"/reservations/{trip_id}:flight/cancel").raise_for_status()
    trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["step"]) == ("failed", "confirm flight")
    assert trip["halt"]["reason"] == "reservation_cancelled"
    charge = world.charge(trip_id)
    assert charge is not None
    assert charge["status"] == "refunded"


def test_a_decision_needs_a_name_and_a_clear_word(world: World) -> None:
    for body in ({"approved": True}, {"approved": "yes", "by": "bob"}, {"by": "bob"}):
        answer = world.orchestrator.post("/trips/any/approval", json=body)
        assert answer.status_code == 422
    assert decide(world, "nobody", approved=True).status_code == 404
