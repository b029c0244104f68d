"""Each service down, answering 500, or doing its work and losing the answer, at each step."""

import pytest

from tests.support.fault_proxy import Kind, about
from tests.support.steps import STEPS
from tests.support.waiting import until
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, PAYMENT, World, fresh_day

KINDS: list[Kind] = ["error", "lost answer", "down"]
TRIES_OF_A_STEP = 4  # sagas/core/policies.py


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("step", "service", "method", "path"), STEPS)
def test_a_step_whose_faults_outlast_its_retries_fails_the_trip_and_undoes_it(
    world: World, kind: Kind, step: str, service: str, method: str, path: str
) -> None:
    trip_id, day = world.trip_id("fault"), fresh_day()
    key = day.isoformat() if path == "/search" else trip_id
    body = world.request(day)
    seats, rooms = world.seats_left(body), world.rooms_left(body)
    with world.proxies[service].fault(kind, about(key, method, path)) as fault:
        answer = world.book(trip_id, body)
    assert answer.status_code == 409, answer.text
    problem = answer.json()
    assert (problem["trip"]["status"], problem["step"]) == ("failed", step)
    assert problem["reason"] == "unavailable"
    assert fault.hits >= TRIES_OF_A_STEP
    assert (world.seats_left(body), world.rooms_left(body)) == (seats, rooms)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("step", "service", "method", "path"), STEPS)
def test_a_fault_that_passes_is_not_noticed(
    world: World, kind: Kind, step: str, service: str, method: str, path: str
) -> None:
    trip_id, day = world.trip_id("passing"), fresh_day()
    key = day.isoformat() if path == "/search" else trip_id
    with world.proxies[service].fault(kind, about(key, method, path), times=1) as fault:
        answer = world.book(trip_id, world.request(day))
    assert fault.hits == 1, f"{step} was never called"
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_mail_is_sent_once_the_service_is_back(world: World, kind: Kind) -> None:
    trip_id = world.trip_id("mail")
    with world.proxies[NOTIFICATION].fault(kind, about(trip_id), times=3) as fault:
        answer = world.book(trip_id, world.request())
    assert fault.hits == 3
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("service", "path"), [(FLIGHT, "/cancel"), (HOTEL, "/cancel"), (PAYMENT, "/refund")]
)
def test_an_undo_is_tried_until_it_works(world: World, kind: Kind, service: str, path: str) -> None:
    trip_id = world.trip_id("undo")
    body = world.request(paymentMethod="pm_card_chargeDeclined")
    with world.proxies[service].fault(kind, about(trip_id, "POST", path), times=3) as fault:
        answer = world.book(trip_id, body)
    assert fault.hits == 3
    assert answer.status_code == 409, answer.text
    assert answer.json()["trip"]["status"] == "rejected"


def test_a_trip_outlives_a_long_outage_of_what_has_to_undo_it(world: World) -> None:
    """The whole hotel service is gone from the hold on, so its hold cannot be given back either."""
    trip_id = world.trip_id("outage")
    hotel = next(iter(world.rooms_left(body := world.request())))
    body["hotel"]["offerId"] = hotel
    with world.proxies[HOTEL].fault("down", about(trip_id)):
        world.book(trip_id, body, Prefer="respond-async")
        trip = until(
            lambda: world.trip(trip_id),
            lambda trip: (
                {undo["step"]: undo["result"] for undo in trip["compensations"]}
                == {"cancel flight": "done", "cancel hotel": "running"}
            ),
            "the flight to be released while the hotel is still down",
        )
        assert trip["status"] == "running"
    assert world.ended(trip_id)["status"] == "failed"
