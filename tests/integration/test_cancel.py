"""The customer changes their mind: at every step, after the end, twice, in the midst of faults."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.fault_proxy import about
from tests.support.steps import STEPS
from tests.support.waiting import until
from tests.support.world import NOTIFICATION, PAYMENT, World, fresh_day

MAIL = ("send confirmation", NOTIFICATION, "PUT", ":confirmation")


def cancel(world: World, trip_id: str) -> dict[str, Any]:
    answer = world.orchestrator.post(f"/trips/{trip_id}/cancel")
    assert answer.status_code == 202, answer.text
    trip: dict[str, Any] = answer.json()
    return trip


@pytest.mark.parametrize(("step", "service", "method", "path"), [*STEPS, MAIL])
def test_a_trip_cancelled_at_a_step_leaves_nothing(
    world: World, step: str, service: str, method: str, path: str
) -> None:
    trip_id, day = world.trip_id("cancel"), fresh_day()
    key = day.isoformat() if path == "/search" else trip_id
    body = world.request(day)
    seats, rooms = world.seats_left(body), world.rooms_left(body)
    with world.proxies[service].fault("held", about(key, method, path), times=1) as fault:
        world.book(trip_id, body, Prefer="respond-async")
        fault.wait()
        until(lambda: world.trip(trip_id).get("step", ""), lambda seen: step in seen, step)
        cancel(world, trip_id)
    trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["reason"]) == ("cancelled", "cancelled_by_customer")
    assert (world.seats_left(body), world.rooms_left(body)) == (seats, rooms)
    assert len(world.mails_of(trip_id, "cancelled")) == 1


def test_a_confirmed_trip_is_cancelled_refunded_and_told(world: World) -> None:
    trip_id, body = world.trip_id("regret"), world.request()
    seats = world.seats_left(body)
    total = world.book(trip_id, body).json()["total"]["amount"]
    cancel(world, trip_id)
    trip = world.ended(trip_id, but_not="confirmed")
    assert trip["status"] == "cancelled"
    assert world.seats_left(body) == seats
    charge = world.charge(trip_id)
    assert charge is not None
    assert [posting["amount"] for posting in charge["postings"]] == [total, -total]
    assert [len(world.mails_of(trip_id, word)) for word in ("confirmed", "cancelled")] == [1, 1]
    assert trip["steps"][0]["step"] == "search flight"
    assert [undo["step"] for undo in trip["compensations"]] == [
        "refund",
        "cancel flight",
        "cancel hotel",
    ]


def test_cancelled_twice_is_cancelled_once(world: World) -> None:
    trip_id = world.trip_id("twice")
    world.book(trip_id, world.request())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cancel(world, trip_id), range(8)))
    trip = world.ended(trip_id, but_not="confirmed")
    assert cancel(world, trip_id) == trip
    assert len(trip["compensations"]) == 3
    assert len(world.mails_of(trip_id, "cancelled")) == 1


def test_booking_a_cancelled_trip_again_says_that_it_is_cancelled(world: World) -> None:
    trip_id, body = world.trip_id("gone"), world.request()
    world.book(trip_id, body)
    cancel(world, trip_id)
    answer = world.book(trip_id, body)
    assert (answer.status_code, answer.json()["type"]) == (409, "trip_cancelled")


def test_a_trip_that_was_not_booked_stays_as_it_is(world: World) -> None:
    trip_id = world.trip_id("declined")
    world.book(trip_id, world.request(paymentMethod="pm_card_chargeDeclined"))
    assert cancel(world, trip_id)["status"] == "rejected"


def test_a_cancel_that_races_the_end_has_one_outcome(world: World) -> None:
    """Whatever the moment, the trip ends cancelled, for the customer was told 202."""
    trip_ids = [world.trip_id("race") for _ in range(16)]
    bodies = {trip_id: world.request() for trip_id in trip_ids}

    def book_and_cancel(n: int) -> None:
        trip_id = trip_ids[n]
        world.book(trip_id, bodies[trip_id], Prefer="respond-async")
        until(
            lambda: len(world.trip(trip_id)["steps"]),
            lambda steps: steps >= n // 2 + 1,
            f"step {n // 2 + 1} of {trip_id}",
        )
        cancel(world, trip_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(book_and_cancel, range(16)))
    ends = {trip_id: world.ended(trip_id, but_not="confirmed")["status"] for trip_id in trip_ids}
    assert set(ends.values()) == {"cancelled"}, ends


def test_a_cancelled_trip_whose_refund_fails_needs_attention_and_is_resumed(world: World) -> None:
    """The payment service is down during the refund for longer than the retry policy."""
    trip_id = world.trip_id("stuck")
    world.book(trip_id, world.request())
    with world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")):
        cancel(world, trip_id)
        trip = until(
            lambda: world.trip(trip_id),
            lambda trip: trip["status"] == "needs_attention",
            "the trip to need attention",
        )
        [blocked] = trip["attention"]["blocked"]
        assert (blocked["step"], blocked["reason"]) == ("refund", "unavailable")
        done = {u["step"]: u["result"] for u in trip["compensations"]}
        assert done == {"refund": "failed", "cancel flight": "done", "cancel hotel": "done"}
        # A list tells what is on record, which comes a moment after what is seen live.
        until(
            lambda: world.orchestrator.get("/trips", params={"status": "needs_attention"}).json(),
            lambda listed: trip_id in [found["tripId"] for found in listed["trips"]],
            "the trip to be listed",
        )
    assert world.orchestrator.post(f"/trips/{trip_id}/resume").status_code == 202
    assert world.ended(trip_id, but_not="confirmed")["status"] == "cancelled"
    told = [event["event"] for event in world.audit(trip_id)]
    assert [t for t in told if t in ("needs_attention", "resumed")] == [
        "needs_attention",
        "resumed",
    ]


def test_a_trip_nobody_booked_cannot_be_cancelled(world: World) -> None:
    answer = world.orchestrator.post("/trips/nobody/cancel")
    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_trip")
