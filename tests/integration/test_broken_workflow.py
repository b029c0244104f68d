"""A workflow that was ended from outside, and the person who resumes its trip."""

from runtime.system import System
from tests.support import workflows
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import FLIGHT, PAYMENT, World, fresh_day


def test_a_trip_that_broke_after_its_charge_is_refunded_if_it_cannot_be_booked_again(
    world: World, system: System
) -> None:
    """The second run gets no further than the search, and undoes what the first one did."""
    trip_id, day = world.trip_id("broken"), fresh_day()
    with world.proxies[FLIGHT].fault("held", about(trip_id, "POST", "/confirm"), times=1) as fault:
        world.book(trip_id, world.request(day), Prefer="respond-async")
        fault.wait()
        workflows.terminate(system, trip_id)
        broken = until(
            lambda: world.trip(trip_id),
            lambda trip: trip["status"] == "needs_attention",
            "the trip to need attention",
        )
        assert broken["halt"]["reason"] == "workflow_terminated"
    with world.proxies[FLIGHT].fault("down", about(day.isoformat(), "POST", "/search")):
        assert world.orchestrator.post(f"/trips/{trip_id}/resume").status_code == 202
        trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["step"]) == ("failed", "search flight")
    charge = world.charge(trip_id)
    assert charge is not None
    assert sum(posting["amount"] for posting in charge["postings"]) == 0
    assert len(charge["postings"]) == 2


def test_a_trip_that_broke_while_it_was_parked_can_be_resumed(world: World, system: System) -> None:
    trip_id = world.trip_id("parked")
    with (
        world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")),
        world.proxies[FLIGHT].fault("error", about(trip_id, "POST", "/confirm")),
    ):
        world.book(trip_id, world.request(), Prefer="respond-async")
        until(
            lambda: world.trip(trip_id),
            lambda trip: trip["status"] == "needs_attention" and "attention" in trip,
            "the trip to be parked",
        )
        workflows.terminate(system, trip_id)
        broken = until(
            lambda: world.trip(trip_id),
            lambda trip: trip["halt"]["reason"] == "workflow_terminated",
            "the trip to be seen as broken",
        )
    assert "attention" not in broken
    assert world.orchestrator.post(f"/trips/{trip_id}/resume").status_code == 202
    # Its reservations were cancelled while it was undone: booked from the beginning, they refuse.
    trip = world.ended(trip_id)
    assert (trip["status"], trip["halt"]["step"]) == ("rejected", "hold flight")
