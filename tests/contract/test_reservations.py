"""What FlightService and HotelService promise of reservations, whoever implements them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.support.world import FLIGHT, HOTEL, fresh_day

NewId = Callable[[], str]


@dataclass
class Desk:
    """One of the two services, with something to reserve there on days nobody else uses."""

    client: httpx.Client
    search: dict[str, Any]
    hold: dict[str, Any]
    other_hold: dict[str, Any]
    left: str

    def put(self, reservation_id: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return self.client.put(f"/reservations/{reservation_id}", json=body or self.hold)

    def post(self, reservation_id: str, verb: str) -> httpx.Response:
        return self.client.post(f"/reservations/{reservation_id}/{verb}")

    def free(self) -> int:
        """Return how much is left of the offer that is held here."""
        offers = self.client.post("/search", json=self.search).json()["offers"]
        found: list[int] = [o[self.left] for o in offers if o["offerId"] == self.hold["offerId"]]
        return found[0] if found else 0


@pytest.fixture(params=[FLIGHT, HOTEL])
def desk(request: pytest.FixtureRequest, client_of: Callable[[str], httpx.Client]) -> Desk:
    client, day = client_of(request.param), fresh_day()
    if request.param == FLIGHT:
        search = {"from": "LHR", "to": "CDG", "date": day.isoformat(), "passengers": 1}
        count, left = "passengers", "seatsLeft"
    else:
        search = {
            "city": "Paris",
            "checkIn": day.isoformat(),
            "checkOut": (day + timedelta(days=2)).isoformat(),
            "guests": 1,
        }
        count, left = "guests", "roomsLeft"
    offer = client.post("/search", json=search).json()["offers"][0]
    hold = search | {"offerId": offer["offerId"]}
    return Desk(client, search, hold, hold | {count: 3}, left)


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_hold_is_answered_alike_every_time(desk: Desk, new_id: NewId) -> None:
    hold_id, free = new_id(), desk.free()
    first, again = desk.put(hold_id), desk.put(hold_id)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["status"] == "held"
    assert desk.free() == free - 1


def test_a_hold_sent_many_times_at_once_is_one_hold(desk: Desk, new_id: NewId) -> None:
    hold_id, free = new_id(), desk.free()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: desk.put(hold_id), range(12)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert desk.free() == free - 1


def test_another_body_under_the_same_id_is_refused(desk: Desk, new_id: NewId) -> None:
    hold_id = new_id()
    desk.put(hold_id)
    refused(desk.put(hold_id, desk.other_hold), 409, "idempotency_conflict")


def test_confirming_makes_it_last(desk: Desk, new_id: NewId) -> None:
    hold_id = new_id()
    desk.put(hold_id)
    first, again = desk.post(hold_id, "confirm"), desk.post(hold_id, "confirm")
    assert first.json() == again.json()
    assert first.json()["status"] == "confirmed"
    assert first.json()["expiresAt"] is None


@pytest.mark.parametrize("confirmed_first", [False, True])
def test_cancelling_gives_it_back(desk: Desk, new_id: NewId, confirmed_first: bool) -> None:
    hold_id, free = new_id(), desk.free()
    desk.put(hold_id)
    if confirmed_first:
        desk.post(hold_id, "confirm")
    first, again = desk.post(hold_id, "cancel"), desk.post(hold_id, "cancel")
    assert first.json() == again.json()
    assert first.json()["status"] == "cancelled"
    assert desk.free() == free


def test_a_cancelled_reservation_stays_so(desk: Desk, new_id: NewId) -> None:
    hold_id = new_id()
    desk.put(hold_id)
    desk.post(hold_id, "cancel")
    refused(desk.put(hold_id), 409, "reservation_cancelled")
    refused(desk.post(hold_id, "confirm"), 409, "reservation_cancelled")


def test_a_cancel_that_comes_first_refuses_the_late_hold(desk: Desk, new_id: NewId) -> None:
    hold_id, free = new_id(), desk.free()
    tombstone = desk.post(hold_id, "cancel")
    assert (tombstone.status_code, tombstone.json()["status"]) == (200, "cancelled")
    refused(desk.put(hold_id), 409, "reservation_cancelled")
    assert desk.free() == free


def test_a_cancel_and_a_hold_at_once_leave_nothing_held(desk: Desk, new_id: NewId) -> None:
    free = desk.free()
    for _ in range(10):
        hold_id = new_id()
        with ThreadPoolExecutor(2) as pool:
            pool.submit(desk.put, hold_id)
            pool.submit(desk.post, hold_id, "cancel")
        assert desk.client.get(f"/reservations/{hold_id}").json()["status"] == "cancelled"
    assert desk.free() == free


def test_what_nobody_held_is_unknown(desk: Desk, new_id: NewId) -> None:
    refused(desk.post(new_id(), "confirm"), 404, "unknown_reservation")
    refused(desk.client.get(f"/reservations/{new_id()}"), 404, "unknown_reservation")


def test_the_last_ones_are_sold_exactly_once(desk: Desk, new_id: NewId) -> None:
    free = desk.free()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: desk.put(new_id()), range(free + 20)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == free
    assert statuses.count(409) == 20
    assert desk.free() == 0


def test_overlapping_stays_meet_on_the_night_they_share(
    client_of: Callable[[str], httpx.Client], new_id: NewId
) -> None:
    hotels, day = client_of(HOTEL), fresh_day()

    def stay(first: int, last: int) -> dict[str, Any]:
        def at(offset: int) -> str:
            return (day + timedelta(days=offset)).isoformat()

        return {"city": "Rome", "checkIn": at(first), "checkOut": at(last), "guests": 2}

    def rooms(first: int, last: int) -> int:
        offers = hotels.post("/search", json=stay(first, last)).json()["offers"]
        return int(next(o["roomsLeft"] for o in offers if o["offerId"] == offer_id))

    offer_id = hotels.post("/search", json=stay(0, 1)).json()["offers"][0]["offerId"]
    before = rooms(0, 5)
    hotels.put(f"/reservations/{new_id()}", json=stay(1, 3) | {"offerId": offer_id})
    assert rooms(0, 1) == before
    assert rooms(0, 2) == rooms(2, 5) == rooms(0, 5) == before - 1
    assert rooms(3, 5) == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"from": "XXX"}, "unknown_airport"),
        ({"to": "LHR"}, "same_airport"),
        ({"passengers": 0}, "invalid_request"),
        ({"passengers": 10}, "invalid_request"),
        ({"date": "2024-02-30"}, "invalid_request"),
    ],
)
def test_an_impossible_flight_is_refused(
    client_of: Callable[[str], httpx.Client], change: dict[str, Any], reason: str
) -> None:
    search = {"from": "LHR", "to": "CDG", "date": date(2030, 1, 1).isoformat(), "passengers": 1}
    refused(client_of(FLIGHT).post("/search", json=search | change), 422, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"city": "Atlantis-on-Sea"}, "unknown_city"),
        ({"checkOut": "2030-01-01"}, "invalid_stay"),
        ({"checkOut": "2029-12-31"}, "invalid_stay"),
        ({"guests": 0}, "invalid_request"),
    ],
)
def test_an_impossible_stay_is_refused(
    client_of: Callable[[str], httpx.Client], change: dict[str, Any], reason: str
) -> None:
    search = {"city": "Rome", "checkIn": "2030-01-01", "checkOut": "2030-01-03", "guests": 1}
    refused(client_of(HOTEL).post("/search", json=search | change), 422, reason)
