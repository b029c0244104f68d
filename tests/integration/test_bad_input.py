"""Bad input to every route: a 4xx problem, never a 500, and nothing stored."""

from typing import Any

import httpx
import pytest

from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, PAYMENT, World

ORCHESTRATOR = "trip-orchestrator"
ROUTES = [
    (ORCHESTRATOR, "POST", "/TripOrchestrator/{}/BookTrip"),
    (ORCHESTRATOR, "PUT", "/trips/{}"),
    (ORCHESTRATOR, "POST", "/TripOrchestrator/{}/GetBooking"),
    (ORCHESTRATOR, "GET", "/trips/{}"),
    (ORCHESTRATOR, "POST", "/trips/{}/resume"),
    (FLIGHT, "PUT", "/reservations/{}"),
    (FLIGHT, "POST", "/reservations/{}/confirm"),
    (FLIGHT, "GET", "/reservations/{}"),
    (HOTEL, "PUT", "/reservations/{}"),
    (HOTEL, "POST", "/reservations/{}/confirm"),
    (HOTEL, "GET", "/reservations/{}"),
    (PAYMENT, "PUT", "/charges/{}"),
    (PAYMENT, "GET", "/charges/{}"),
    (NOTIFICATION, "PUT", "/notifications/{}"),
    (NOTIFICATION, "GET", "/notifications/{}"),
]
WITH_BODY = [route for route in ROUTES if route[1] == "PUT" or route[2].endswith("BookTrip")]
WITH_BODY += [(FLIGHT, "POST", "/search"), (HOTEL, "POST", "/search")]
BODIES: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{",
    "not an object": b"[]",
    "null": b"null",
    "no fields": b"{}",
    "wrong types": b'{"customerId": 1, "flight": [], "hotel": "x", "amount": "ten", "city": 7}',
    "a lone surrogate": b'{"customerId": "\\ud800", "city": "\\ud800", "from": "\\ud800"}',
    "not UTF-8": b'{"customerId": "\xff\xfe"}',
    "deeply nested": b"[" * 50_000,
    "4 MiB of text": b'{"customerId": "' + b"x" * 4 * 1024 * 1024 + b'"}',
}
BAD_IDS = ["x" * 1000, "a/b", "a%2Fb", "..%2F..", "%00", "%0a", "a b", "é", "a||b"]


def client(world: World, app_id: str) -> httpx.Client:
    return world.orchestrator if app_id == ORCHESTRATOR else world.services[app_id]


def is_a_client_error(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert len(answer.content) < 10_000


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("app_id", "method", "path"), WITH_BODY)
def test_a_bad_body(world: World, app_id: str, method: str, path: str, body: bytes) -> None:
    bad_id = world.trip_id("bad")
    headers = {"Content-Type": "application/json"}
    answer = client(world, app_id).request(
        method, path.format(bad_id), content=body, headers=headers
    )
    is_a_client_error(answer)
    world.trips.append(bad_id)  # and the invariants find nothing under that id
    if "{}" in path:
        assert client(world, app_id).get(path.split("/{}")[0] + f"/{bad_id}").status_code == 404


@pytest.mark.parametrize("bad_id", BAD_IDS, ids=lambda bad_id: bad_id[:10])
@pytest.mark.parametrize(("app_id", "method", "path"), ROUTES)
def test_a_bad_id(world: World, app_id: str, method: str, path: str, bad_id: str) -> None:
    body = world.request() if method == "PUT" and app_id == ORCHESTRATOR else None
    is_a_client_error(client(world, app_id).request(method, path.format(bad_id), json=body))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("flight", {"from": "XXX"}),
        ("flight", {"from": "SFO", "to": "SFO"}),
        ("flight", {"date": "2024-02-30"}),
        ("flight", {"passengers": 0}),
        ("hotel", {"checkOut": "2024-12-14", "checkIn": "2024-12-15"}),
        ("hotel", {"city": ""}),
    ],
)
def test_an_impossible_trip_is_not_even_recorded(
    world: World, part: str, change: dict[str, Any]
) -> None:
    trip_id = world.trip_id("impossible")
    body = world.request()
    body[part] |= change
    answer = world.book(trip_id, body)
    assert answer.status_code == 422
    is_a_client_error(answer)
    assert world.orchestrator.get(f"/trips/{trip_id}").status_code == 404


def test_a_trip_that_waits_for_nothing_cannot_be_resumed(world: World) -> None:
    trip_id = world.trip_id()
    world.book(trip_id, world.request())
    answer = world.orchestrator.post(f"/trips/{trip_id}/resume")
    assert (answer.status_code, answer.json()["reason"]) == (409, "nothing_to_resume")
