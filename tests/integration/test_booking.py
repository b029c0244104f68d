"""Booking trips on the real thing."""

import json
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default

from runtime.system import System
from tests.conftest import PROJECT
from tests.support import reach
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, World

SAMPLE = json.loads((PROJECT / "orchestrator" / "sample.json").read_text())


def test_the_quick_start_books_a_trip(world: World) -> None:
    trip_id = world.trip_id("quick")
    world.trips.append(trip_id)
    answer = world.orchestrator.post(f"/TripOrchestrator/{trip_id}/BookTrip", json=SAMPLE)
    assert answer.status_code == 200, answer.text
    trip = answer.json()
    assert trip["status"] == "confirmed"
    assert trip["flight"]["id"] == f"{trip_id}:flight"
    assert trip["hotel"]["id"] == f"{trip_id}:hotel"
    prices = trip["flight"]["price"]["amount"] + trip["hotel"]["price"]["amount"]
    assert trip["charge"]["amount"] == trip["total"] == {"amount": prices, "currency": "USD"}


def test_a_trip_can_be_booked_through_the_sidecar(world: World, system: System) -> None:
    trip_id = world.trip_id("sidecar")
    world.trips.append(trip_id)
    sidecar = reach.sidecar(system, "trip-orchestrator")
    method = f"/v1.0/invoke/trip-orchestrator/method/TripOrchestrator/{trip_id}/BookTrip"
    answer = sidecar.post(method, json=world.request())
    assert answer.status_code == 200, answer.text


def test_the_customer_gets_one_mail_that_can_be_opened(world: World) -> None:
    trip_id = world.trip_id()
    trip = world.book(trip_id, world.request()).json()
    [file] = world.mails_of(trip_id)
    mail = message_from_bytes(file.read_bytes(), policy=default)
    assert mail["To"] == "alice@example.com"
    assert mail["Subject"] == f"Your trip {trip_id} is confirmed"
    content = mail.get_content()
    for fact in (f"{trip_id}:flight", f"{trip_id}:hotel", trip["flight"]["flight"]["number"]):
        assert fact in content
    sent = world.services[NOTIFICATION].get(f"/notifications/{trip_id}:confirmation").json()
    assert f"{trip_id}:flight" in sent["text"]


def test_the_cheapest_fitting_offers_are_taken(world: World) -> None:
    body = world.request()
    flights = world.services[FLIGHT].post("/search", json=body["flight"]).json()["offers"]
    hotels = world.services[HOTEL].post("/search", json=body["hotel"]).json()["offers"]
    trip = world.book(world.trip_id(), body).json()
    assert trip["flight"]["price"]["amount"] == min(o["price"]["amount"] for o in flights)
    assert trip["hotel"]["price"]["amount"] == min(o["price"]["amount"] for o in hotels)


def test_a_named_offer_is_taken_without_searching(world: World) -> None:
    body = world.request()
    dearest = world.services[FLIGHT].post("/search", json=body["flight"]).json()["offers"][-1]
    body["flight"]["offerId"] = dearest["offerId"]
    trip = world.book(world.trip_id(), body).json()
    assert trip["flight"]["flight"]["offerId"] == dearest["offerId"]
    assert "search flight" not in [step["step"] for step in trip["steps"]]


def test_seats_and_rooms_are_taken_once(world: World) -> None:
    body = world.request()
    seats, rooms = world.seats_left(body), world.rooms_left(body)
    trip = world.book(world.trip_id(), body).json()
    flight, hotel = trip["flight"]["flight"]["offerId"], trip["hotel"]["stay"]["offerId"]
    assert world.seats_left(body) == seats | {flight: seats[flight] - 2}
    assert world.rooms_left(body) == rooms | {hotel: rooms[hotel] - 1}


def test_twenty_requests_at_once_for_one_new_id_are_one_trip(world: World) -> None:
    trip_id, body = world.trip_id("race"), world.request()
    seats = sum(world.seats_left(body).values())
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: world.book(trip_id, body), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert sum(world.seats_left(body).values()) == seats - 2


def test_the_same_id_again_is_the_same_trip_also_after_it_ended(world: World) -> None:
    trip_id, body = world.trip_id(), world.request()
    first = world.book(trip_id, body)
    assert world.book(trip_id, body).json() == first.json()
    spelt_out = body | {"paymentMethod": "pm_card_visa"}
    assert world.book(trip_id, spelt_out).json() == first.json()


def test_a_rejected_trip_stays_rejected_when_it_is_booked_again(world: World) -> None:
    trip_id, body = world.trip_id(), world.request(paymentMethod="pm_card_chargeDeclined")
    first = world.book(trip_id, body)
    assert first.status_code == 409
    assert world.book(trip_id, body).json() == first.json()


def test_the_same_id_with_another_body_is_a_conflict(world: World) -> None:
    trip_id = world.trip_id()
    assert world.book(trip_id, world.request()).status_code == 200
    answer = world.book(trip_id, world.request())
    assert answer.status_code == 409
    assert answer.json()["reason"] == "idempotency_conflict"


def test_respond_async_answers_at_once_and_says_where_to_look(world: World) -> None:
    trip_id = world.trip_id()
    answer = world.book(trip_id, world.request(), Prefer="respond-async")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/trips/{trip_id}"
    assert answer.json()["status"] == "running"
    assert world.ended(trip_id)["status"] == "confirmed"


def test_both_ways_to_look_show_the_same_trip(world: World) -> None:
    trip_id = world.trip_id()
    booked = world.book(trip_id, world.request()).json()
    assert world.trip(trip_id) == booked
    assert world.orchestrator.post(f"/TripOrchestrator/{trip_id}/GetBooking").json() == booked


def test_fifty_trips_at_once_are_all_booked(world: World) -> None:
    body = world.request(flight={"passengers": 1}, hotel={"guests": 1})
    seats = sum(world.seats_left(body).values())
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: world.book(world.trip_id("many"), body), range(50)))
    confirmed = [a for a in answers if a.status_code == 200]
    assert len(confirmed) >= 40, [a.text for a in answers if a.status_code != 200][:3]
    assert sum(world.seats_left(body).values()) == seats - len(confirmed)
