"""Trips answer byte for byte what they answered before, but for times and what follows from them.

``KEEP_ANSWERS=1`` writes the answers down anew: only where a change of the API is wanted.
"""

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.waiting import until
from tests.support.world import World, booking

ANSWERS = Path(__file__).parent / "answers"
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_TRACE = re.compile(r'"traceId":"[0-9a-f]{32}"')
_CURSOR = re.compile(r',"next":"[\w=-]+"')
_DETAIL_TIME = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00:00")


def _days(number: int) -> date:
    return date(2032, 1, 1).replace(month=number)


def _booked(world: World, trip_id: str) -> list[httpx.Response]:
    body = booking(_days(1))
    answers = [world.book(trip_id, body), world.book(trip_id, body)]
    other = world.book(trip_id, body | {"customerId": "customer-7"})
    return [*answers, other, *_looked_at(world, trip_id)]


def _by_its_first_names(world: World, trip_id: str) -> list[httpx.Response]:
    world.trips.append(trip_id)
    path = f"/TripOrchestrator/{trip_id}"
    made = world.orchestrator.post(f"{path}/BookTrip", json=booking(_days(2)))
    return [made, world.orchestrator.post(f"{path}/GetBooking")]


def _declined(world: World, trip_id: str) -> list[httpx.Response]:
    body = booking(_days(3), paymentMethod="pm_card_chargeDeclined")
    return [world.book(trip_id, body), *_looked_at(world, trip_id)]


def _sold_out(world: World, trip_id: str) -> list[httpx.Response]:
    body = booking(_days(4), flight={"offerId": "no-such-offer"})
    return [world.book(trip_id, body), *_looked_at(world, trip_id)]


def _cancelled(world: World, trip_id: str) -> list[httpx.Response]:
    world.book(trip_id, booking(_days(5)))
    asked = world.orchestrator.post(f"/trips/{trip_id}/cancel")
    world.ended(trip_id, but_not="confirmed")
    return [asked, *_looked_at(world, trip_id)]


def _approved(world: World, trip_id: str) -> list[httpx.Response]:
    return _decided(world, trip_id, _days(6), approved=True)


def _not_approved(world: World, trip_id: str) -> list[httpx.Response]:
    return _decided(world, trip_id, _days(7), approved=False)


def _decided(world: World, trip_id: str, day: date, approved: bool) -> list[httpx.Response]:
    body = booking(day, flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, body, Prefer="respond-async")
    until(lambda: world.trip(trip_id), lambda trip: trip.get("step") == "approval", "approval")
    url = f"/trips/{trip_id}/approval"
    said = world.orchestrator.post(url, json={"approved": approved, "by": "bob"})
    world.ended(trip_id)
    bad = world.orchestrator.post(url, json={"approved": "yes", "by": "bob"})
    return [said, bad, *_looked_at(world, trip_id)]


def _refused_at_the_door(world: World, trip_id: str) -> list[httpx.Response]:
    o = world.orchestrator
    bad = booking(_days(8), flight={"from": "XXX"})
    return [
        o.get(f"/trips/{trip_id}"),
        o.get(f"/trips/{trip_id}/audit"),
        o.post(f"/trips/{trip_id}/cancel"),
        o.post(f"/trips/{trip_id}/resume"),
        o.put(f"/trips/{trip_id}", json=bad),
        o.put("/trips/not valid", json=booking(_days(8))),
        o.get("/trips", params={"cursor": "none-of-ours"}),
        o.get("/trips", params={"status": "lost"}),
    ]


def _looked_at(world: World, trip_id: str) -> list[httpx.Response]:
    o = world.orchestrator
    return [
        o.get(f"/trips/{trip_id}"),
        o.get(f"/trips/{trip_id}/audit"),
        o.get(f"/trips/{trip_id}/events"),
        o.get("/trips", params={"limit": 1}),
        o.post(f"/trips/{trip_id}/resume"),
    ]


SCENARIOS: dict[str, Callable[[World, str], list[httpx.Response]]] = {
    "booked": _booked,
    "by-its-first-names": _by_its_first_names,
    "declined": _declined,
    "sold-out": _sold_out,
    "cancelled": _cancelled,
    "approved": _approved,
    "not-approved": _not_approved,
    "refused-at-the-door": _refused_at_the_door,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_trips_answer_what_they_answered_before(world: World, name: str) -> None:
    answers = SCENARIOS[name](world, f"stored-{name}")
    told = [_told(answer) for answer in answers]
    kept = ANSWERS / f"{name}.json"
    if os.environ.get("KEEP_ANSWERS"):
        kept.write_text(json.dumps(told, indent=1) + "\n")
    assert told == json.loads(kept.read_text())


def _told(answer: httpx.Response) -> dict[str, Any]:
    text = _TRACE.sub('"traceId":"TRACE"', _DETAIL_TIME.sub("TIME", _TIME.sub("TIME", answer.text)))
    text = _CURSOR.sub("", text)
    lines: list[str] = [text]
    path = answer.request.url.path
    if path.endswith("/audit"):  # what runs side by side ends in any order
        lines = sorted(json.dumps(event) for event in json.loads(text)) if text[0] == "[" else lines
    elif path.endswith("/events"):
        lines = sorted(line for line in text.splitlines() if line.startswith("data"))
    return {"path": path, "status": answer.status_code, "text": lines}
