"""Each refusal at each step: the trip is rejected, says why, and leaves nothing behind."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.fault_proxy import about
from tests.support.world import FLIGHT, HOTEL, PAYMENT, World


def rejected(world: World, body: dict[str, Any]) -> dict[str, Any]:
    answer = world.book(world.trip_id("refused"), body)
    assert answer.status_code == 409, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    return problem


def fill_flights(world: World, body: dict[str, Any], leave: int = 0) -> None:
    """Hold and confirm seats of every flight of the day until ``leave`` are left of each."""
    wanted = body["flight"]
    for offer_id, left in world.seats_left(body).items():
        for number, size in enumerate(_parties(left - leave)):
            held = f"filler:{offer_id}:{number}"
            hold = wanted | {"passengers": size, "offerId": offer_id}
            _take(world, FLIGHT, held, hold)


def fill_hotels(world: World, body: dict[str, Any]) -> None:
    for offer_id, left in world.rooms_left(body).items():
        for number, rooms in enumerate(_parties(left, largest=4)):
            hold = body["hotel"] | {"guests": rooms * 2, "offerId": offer_id}
            _take(world, HOTEL, f"filler:{offer_id}:{body['hotel']['checkIn']}:{number}", hold)


def _take(world: World, service: str, reservation_id: str, hold: dict[str, Any]) -> None:
    client = world.services[service]
    client.put(f"/reservations/{reservation_id}", json=hold).raise_for_status()
    client.post(f"/reservations/{reservation_id}/confirm").raise_for_status()


def _parties(total: int, largest: int = 9) -> list[int]:
    full, rest = divmod(total, largest)
    return [largest] * full + ([rest] if rest else [])


def steps(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return [(done["step"], done["result"]) for done in problem["compensations"]]


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_made_up", "unknown_payment_method"),
    ],
)
def test_a_declined_charge_undoes_both_holds(world: World, method: str, reason: str) -> None:
    body = world.request(paymentMethod=method)
    seats, rooms = world.seats_left(body), world.rooms_left(body)
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == ("charge", reason)
    undone = ("refund", "cancel flight", "cancel hotel")
    assert steps(problem) == [(step, "done") for step in undone]
    trip = problem["trip"]
    assert (trip["flight"]["status"], trip["hotel"]["status"]) == ("cancelled", "cancelled")
    assert (world.seats_left(body), world.rooms_left(body)) == (seats, rooms)


def test_what_a_declined_trip_held_can_be_booked_at_once(world: World) -> None:
    body = world.request()
    fill_flights(world, body, leave=2)
    offers = world.services[FLIGHT].post("/search", json=body["flight"]).json()["offers"]
    named = body | {"flight": body["flight"] | {"offerId": offers[0]["offerId"]}}
    rejected(world, named | {"paymentMethod": "pm_card_chargeDeclined"})
    assert world.book(world.trip_id(), named).status_code == 200
    assert rejected(world, named)["reason"] == "sold_out"


def test_no_flight_with_enough_seats(world: World) -> None:
    body = world.request()
    fill_flights(world, body, leave=1)
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == ("search flight", "sold_out")
    assert problem["compensations"] == []


def test_a_named_flight_without_enough_seats(world: World) -> None:
    body = world.request()
    body["flight"]["offerId"] = next(iter(world.seats_left(body)))
    fill_flights(world, body, leave=1)
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == ("hold flight", "sold_out")
    assert steps(problem) == [("cancel flight", "done"), ("cancel hotel", "done")]


def test_no_hotel_with_enough_rooms(world: World) -> None:
    body = world.request()
    fill_hotels(world, body)
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == ("search hotel", "sold_out")


def test_a_named_hotel_without_enough_rooms_on_one_night(world: World) -> None:
    body = world.request()
    body["hotel"]["offerId"] = next(iter(world.rooms_left(body)))
    one_night = {"checkIn": body["hotel"]["checkIn"], "checkOut": _next(body["hotel"]["checkIn"])}
    fill_hotels(world, {"hotel": body["hotel"] | one_night})
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == ("hold hotel", "sold_out")


def test_an_unknown_city(world: World) -> None:
    problem = rejected(world, world.request(hotel={"city": "Atlantis-on-Sea"}))
    assert (problem["step"], problem["reason"]) == ("search hotel", "unknown_city")


def test_a_stay_that_is_too_long(world: World) -> None:
    problem = rejected(world, world.request(hotel={"checkOut": "2099-12-31"}))
    assert (problem["step"], problem["reason"]) == ("search hotel", "invalid_stay")


@pytest.mark.parametrize(("part", "step"), [("flight", "hold flight"), ("hotel", "hold hotel")])
def test_an_offer_that_does_not_exist(world: World, part: str, step: str) -> None:
    body = world.request()
    body[part]["offerId"] = "no-such-offer"
    problem = rejected(world, body)
    assert (problem["step"], problem["reason"]) == (step, "unknown_offer")


@pytest.mark.parametrize(("service", "kind"), [(FLIGHT, "flight"), (HOTEL, "hotel")])
def test_a_hold_that_is_gone_at_confirm_undoes_the_charge_too(
    world: World, service: str, kind: str
) -> None:
    """Somebody cancels the hold behind the saga's back, right when the charge goes out."""
    trip_id = world.trip_id("gone")
    with world.proxies[PAYMENT].fault("held", about(trip_id, "PUT"), times=1) as charge:
        world.book(trip_id, world.request(), Prefer="respond-async")
        charge.wait()
        world.services[service].post(f"/reservations/{trip_id}:{kind}/cancel").raise_for_status()
    trip = world.ended(trip_id)
    assert trip["status"] == "failed"
    assert trip["halt"]["step"] == f"confirm {kind}"
    assert trip["halt"]["reason"] == "reservation_cancelled"
    assert trip["charge"]["status"] == "refunded"


def _next(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
