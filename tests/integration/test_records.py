"""What can be asked about trips afterwards: lists, the audit trail, live events, retention."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from runtime.system import System
from tests.support import workflows
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import HOTEL, ORCHESTRATOR, World

SAME_MOMENT = timedelta(seconds=1)  # of trips booked at once, each process tells its own time


def pages(world: World, **question: Any) -> list[list[dict[str, Any]]]:
    """Return all pages of a list."""
    found: list[list[dict[str, Any]]] = []
    cursor = None
    while True:
        params = question | ({"cursor": cursor} if cursor else {})
        answer = world.orchestrator.get("/trips", params=params)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["trips"])
        cursor = answer.json().get("next")
        if cursor is None:
            return found


def test_a_customers_trips_are_listed_newest_first_page_by_page(world: World) -> None:
    customer = world.trip_id("customer")
    booked = [world.trip_id("listed") for _ in range(5)]
    for trip_id in booked:
        world.book(trip_id, world.request(customerId=customer))
    found = pages(world, customerId=customer, limit=2)
    assert [trip["tripId"] for page in found for trip in page] == booked[::-1]
    assert [len(page) for page in found] == [2, 2, 1]


def test_trips_are_listed_by_status(world: World) -> None:
    customer = world.trip_id("customer")
    confirmed, rejected = world.trip_id("yes"), world.trip_id("no")
    world.book(confirmed, world.request(customerId=customer))
    world.book(rejected, world.request(customerId=customer, paymentMethod="pm_card_chargeDeclined"))
    for status, trip_id in (("confirmed", confirmed), ("rejected", rejected)):
        [found] = pages(world, customerId=customer, status=status)
        assert [trip["tripId"] for trip in found] == [trip_id]
        everyone = [t for page in pages(world, status=status, limit=100) for t in page]
        assert {t["status"] for t in everyone} == {status}
        assert trip_id in [t["tripId"] for t in everyone]


def test_all_trips_are_listed_once_newest_first(world: World) -> None:
    for _ in range(3):
        world.book(world.trip_id("newest"), world.request())
    found = [trip for page in pages(world, limit=7) for trip in page]
    assert [trip["tripId"] for trip in found[:3]] == world.trips[::-1]
    assert len({trip["tripId"] for trip in found}) == len(found)
    times = [datetime.fromisoformat(trip["createdAt"]) for trip in found]
    assert all(older <= newer + SAME_MOMENT for newer, older in pairwise(times))


@pytest.mark.parametrize("cursor", ["x", "W10=", "WzEsMl0=", "MQ==", "%00", "LTE="])
def test_a_cursor_of_no_page_is_refused(world: World, cursor: str) -> None:
    answer = world.orchestrator.get("/trips", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_cursor")


def test_the_audit_tells_every_try_and_compensation_also_while_the_trip_runs(world: World) -> None:
    trip_id = world.trip_id("audit")
    with world.proxies[HOTEL].fault("error", about(trip_id, "PUT", ":hotel")) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        running = world.audit(trip_id)
        trip = world.ended(trip_id)
    assert trip["status"] == "failed"
    assert ("step_started", "hold hotel") in [(e["event"], e.get("step")) for e in running]
    told = world.audit(trip_id)
    assert told[: len(running)] == running
    hotel = [(e["event"], e.get("attempt")) for e in told if e.get("step") == "hold hotel"]
    assert hotel == [
        ("step_started", None),
        *[("try_failed", n) for n in (1, 2, 3, 4)],
        ("step_failed", 4),
    ]
    assert all("500" in e["detail"] for e in told if e["event"] == "try_failed")
    undone = [e["step"] for e in told if e["event"] == "step_done" and e["compensation"]]
    assert sorted(undone) == ["cancel flight", "cancel hotel"]  # side by side, in any order
    assert (told[0]["event"], told[-1]["event"]) == ("accepted", "ended")


def test_the_audit_is_complete_after_a_crash(world: World, system: System) -> None:
    trip_id = world.trip_id("crash")
    with world.proxies[HOTEL].fault("error", about(trip_id, "PUT", ":hotel"), times=2) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        system.kill("app", ORCHESTRATOR)
        system.kill("sidecar", ORCHESTRATOR)
        system.restart()
        assert world.ended(trip_id)["status"] == "confirmed"
    told = world.audit(trip_id)
    steps = [e["step"] for e in told if e["event"] == "step_done"]
    assert sorted(steps) == sorted(
        [
            *("search flight", "search hotel", "hold flight", "hold hotel", "charge"),
            *("confirm flight", "confirm hotel", "send confirmation"),
        ]
    )


def test_events_tell_the_audit_live_and_end_with_the_trip(world: World) -> None:
    trip_id = world.trip_id("live")
    with world.proxies[HOTEL].fault("held", about(trip_id, "PUT", ":hotel"), times=1) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        with world.orchestrator.stream("GET", f"/trips/{trip_id}/events") as stream:
            lines = stream.iter_lines()
            first = read_event(lines)
            fault.release()
            rest = list(iter(lambda: read_event(lines), None))
    assert [first, *rest] == world.audit(trip_id)


def test_events_go_on_after_the_last_one_received(world: World) -> None:
    trip_id = world.trip_id("again")
    world.book(trip_id, world.request())
    told = world.audit(trip_id)
    url = f"/trips/{trip_id}/events"
    fields = [line.partition(": ") for line in world.orchestrator.get(url).text.splitlines()]
    ids = [value for name, _, value in fields if name == "id"]
    answer = world.orchestrator.get(url, headers={"Last-Event-ID": ids[-3]})
    lines = iter(answer.text.splitlines())
    assert list(iter(lambda: read_event(lines), None)) == told[-2:]


def test_an_unknown_trip_has_no_audit_and_no_events(world: World) -> None:
    for what in ("audit", "events"):
        assert world.orchestrator.get(f"/trips/nobody/{what}").status_code == 404


def test_the_workflows_history_goes_and_the_trip_stays(world: World, system: System) -> None:
    trip_id = world.trip_id("purged")
    world.book(trip_id, world.request())
    until(lambda: workflows.state(system, trip_id), lambda known: not known, "the history to go")
    assert world.trip(trip_id)["status"] == "confirmed"
    assert world.audit(trip_id)[-1]["event"] == "ended"


def read_event(lines: Any) -> Any:
    """Return the data of the next server-sent event, or None at the end."""
    for line in lines:
        if line.startswith("data:"):
            return json.loads(line.removeprefix("data:"))
    return None


@pytest.mark.parametrize("cursor", ["W1swLDUwXV0=", "W1s5OSwzXV0="], ids=["entry 50", "page 99"])
def test_a_cursor_beyond_what_there_is_is_refused(world: World, cursor: str) -> None:
    trip_id = world.trip_id("short")
    world.book(trip_id, world.request(customerId=trip_id))
    asked = {"customerId": trip_id, "cursor": cursor}
    answer = world.orchestrator.get("/trips", params=asked)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_cursor")
