"""The rules of restaurants: quotes, tickets, and what a cancel costs."""

from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from systems.delivery import shares
from systems.delivery.geography import Place
from systems.delivery.restaurant import quotes, tickets
from systems.delivery.restaurant.fees import PERCENT_OF_FOOD, Phase, settled
from systems.delivery.restaurant.menus import restaurants
from systems.delivery.restaurant.quotes import Wanted
from systems.delivery.restaurant.tickets import Ticket
from tests.support.refusals import refused

NOW = datetime(2024, 12, 1, 11, tzinfo=UTC)  # noon in Berlin
SECOND = timedelta(seconds=1)
DOOR = Place(latitude=52.5365, longitude=13.4085)


def ticket(status: tickets.Status = "sent") -> Ticket:
    return Ticket(
        status=status, restaurant="r", lines=[], food=1001, answer_by=NOW, prep_seconds=60
    )


def test_a_quote_is_of_the_menu_and_of_the_way() -> None:
    made = quotes.quote(restaurants(), "pho-ha", [Wanted("pho-bo", 2)], DOOR, NOW)
    assert (made.food, made.lines[0].price, made.lines[0].name) == (2380, 2380, "Phở bò")
    assert made.ride == 199 + 80 * 1467 // 1000
    assert made.eta_seconds == made.restaurant.prep_seconds + made.ride_seconds
    assert 350 < made.ride_seconds < 420


def north(metres: float) -> Place:
    """A door so many metres north of the counter of pho-ha."""
    counter = restaurants()["pho-ha"].place
    there = counter.latitude + metres / 111_195
    return Place(latitude=there, longitude=counter.longitude)


@pytest.mark.parametrize(("metres", "price"), [(0, 199), (999.5, 278), (1000.5, 279)])
def test_a_ride_costs_its_base_and_eighty_cents_a_kilometre(metres: float, price: int) -> None:
    made = quotes.quote(restaurants(), "pho-ha", [Wanted("pho-bo", 1)], north(metres), NOW)
    assert made.ride == price


def test_the_edge_of_a_zone_is_in_it() -> None:
    narrow = restaurants()["pho-ha"].model_copy(update={"zone_metres": 0})
    known, wanted = {"pho-ha": narrow}, [Wanted("pho-bo", 1)]
    assert quotes.quote(known, "pho-ha", wanted, north(0), NOW).ride_seconds == 0
    refused("out_of_zone", lambda: quotes.quote(known, "pho-ha", wanted, north(1), NOW), "0 m far")


def test_an_order_takes_as_long_as_its_driver_where_the_kitchen_is_faster() -> None:
    fast = restaurants()["pho-ha"].model_copy(update={"prep_seconds": 60})
    made = quotes.quote({"pho-ha": fast}, "pho-ha", [Wanted("pho-bo", 1)], north(0), NOW)
    assert made.eta_seconds == quotes.DRIVER_COMES_SECONDS


def test_who_is_closed_says_when_it_is_open() -> None:
    late = restaurants()["pho-ha"].model_copy(update={"opens": time(18), "closes": time(2)})
    known, wanted = {"pho-ha": late}, [Wanted("pho-bo", 1)]
    no = "is open from 18:00 to 02:00."
    refused("restaurant_closed", lambda: quotes.quote(known, "pho-ha", wanted, DOOR, NOW), no)


@pytest.mark.parametrize(
    ("restaurant", "dish", "door", "reason"),
    [
        ("nowhere", "pho-bo", DOOR, "unknown_restaurant"),
        ("pho-ha", "caviar", DOOR, "unknown_dish"),
        ("pho-ha", "pho-bo", Place(latitude=52.6, longitude=13.4), "out_of_zone"),
        ("night-owl", "soup", Place(latitude=52.396, longitude=13.051), "restaurant_closed"),
    ],
)
def test_what_cannot_be_brought_has_no_quote(
    restaurant: str, dish: str, door: Place, reason: str
) -> None:
    wanted = [Wanted(dish, 1)]
    refused(reason, lambda: quotes.quote(restaurants(), restaurant, wanted, door, NOW), "")


@pytest.mark.parametrize(
    ("opens", "closes", "hour", "is_open"),
    [
        ("11:00", "22:00", 11, True),
        ("11:00", "22:00", 22, False),
        ("18:00", "02:00", 1, True),
        ("18:00", "02:00", 2, False),
        ("18:00", "02:00", 18, True),
        ("18:00", "02:00", 17, False),
        ("00:00", "00:00", 5, True),
    ],
)
def test_hours_are_those_of_its_time_zone(
    opens: str, closes: str, hour: int, is_open: bool
) -> None:
    kept = restaurants()["pho-ha"].model_dump() | {"opens": opens, "closes": closes}
    restaurant = type(restaurants()["pho-ha"]).model_validate(kept)
    assert restaurant.is_open(datetime(2024, 12, 1, hour - 1, tzinfo=UTC)) == is_open


def test_a_ticket_is_accepted_in_time_cooked_and_handed_over() -> None:
    done = tickets.handed_over(tickets.ready(tickets.accepted(ticket(), NOW), NOW), "anna")
    assert (done.status, done.driver) == ("handed_over", "anna")
    assert tickets.handed_over(done, "anna") == done
    assert tickets.paid_out(tickets.paid_out(done, 700), 700).payout == 700
    refused("idempotency_conflict", lambda: tickets.handed_over(done, "bert"), "")
    refused("idempotency_conflict", lambda: tickets.paid_out(tickets.paid_out(done, 7), 8), "")
    refused("answer_too_late", lambda: tickets.accepted(ticket(), NOW + SECOND), "")
    refused("answer_too_late", lambda: tickets.ready(ticket(), NOW + SECOND), "")


def test_what_is_told_twice_or_in_another_order_changes_nothing() -> None:
    ready = tickets.ready(ticket(), NOW)
    late = NOW + SECOND
    assert tickets.accepted(ready, late) == tickets.ready(ready, late) == ready
    gone = tickets.handed_over(ready, "anna")
    assert tickets.accepted(gone, late) == tickets.ready(gone, late) == gone
    denied = tickets.denied(ticket(), "too_busy")
    assert (denied.status, denied.reason) == ("denied", "too_busy")
    assert tickets.denied(denied, "other") == denied
    failed = tickets.failed(ticket("accepted"), "oven")
    assert (failed.status, failed.reason) == ("failed", "oven")
    assert tickets.failed(failed, "again") == failed


@pytest.mark.parametrize(
    ("status", "deed", "reason"),
    [
        ("denied", "accept", "not_open"),
        ("failed", "accept", "not_open"),
        ("accepted", "deny", "already_accepted"),
        ("handed_over", "fail", "handed_over"),
        ("denied", "fail", "denied"),
        ("accepted", "hand over", "not_ready"),
        ("handed_over", "cancel", "handed_over"),
        ("ready", "pay", "not_handed_over"),
    ],
)
def test_what_makes_no_sense_is_refused(status: tickets.Status, deed: str, reason: str) -> None:
    deeds = {
        "accept": lambda: tickets.accepted(ticket(status), NOW),
        "deny": lambda: tickets.denied(ticket(status), "other"),
        "fail": lambda: tickets.failed(ticket(status), "oven"),
        "hand over": lambda: tickets.handed_over(ticket(status), "anna"),
        "cancel": lambda: tickets.cancelled(ticket(status), "customer"),
        "pay": lambda: tickets.paid_out(ticket(status), 1),
    }
    refused(reason, deeds[deed], "")


def test_what_is_on_its_way_cannot_be_called_off() -> None:
    gone = ticket("handed_over")
    refused("handed_over", lambda: tickets.cancelled(gone, "customer"), "The food is on its way.")


FEES = {
    ("sent", "customer"): (0, 0),
    ("accepted", "customer"): (500, 350),
    ("ready", "customer"): (1001, 700),
    ("sent", "restaurant"): (0, 0),
    ("accepted", "restaurant"): (0, 0),
    ("ready", "restaurant"): (0, 0),
    ("sent", "platform"): (0, 0),
    ("accepted", "platform"): (0, 350),
    ("ready", "platform"): (0, 700),
}


def test_the_table_of_fees_has_every_phase_and_cause() -> None:
    assert set(FEES) == set(product(PERCENT_OF_FOOD, ("customer", "restaurant", "platform")))


@pytest.mark.parametrize(("when", "costs"), FEES.items())
def test_a_cancel_costs_what_the_table_says(
    when: tuple[Phase, str], costs: tuple[int, int]
) -> None:
    phase, cause = when
    gone = tickets.cancelled(ticket(phase), cause)  # type: ignore[arg-type]
    assert (gone.fee, gone.payout, gone.cause) == (*costs, cause)


@pytest.mark.parametrize("status", ["denied", "failed"])
def test_of_what_is_not_cooked_nothing_is_paid(status: tickets.Status) -> None:
    gone = tickets.cancelled(ticket(status), "customer")
    assert (gone.fee, gone.payout) == (0, 0)


@given(st.integers(0, 10**6), st.sampled_from(sorted(PERCENT_OF_FOOD)))
def test_no_fee_is_more_than_the_food_and_no_payout_more_than_its_share(
    food: int, phase: Phase
) -> None:
    for cause in ("customer", "restaurant", "platform"):
        fee, payout = settled(food, phase, cause)
        assert 0 <= payout <= shares.percent(food, shares.RESTAURANT_PERCENT)
        assert 0 <= fee <= food


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 100))
def test_what_is_captured_is_shared_whole_and_was_authorised(
    food: int, ride: int, tip: int
) -> None:
    made = shares.delivered(food, ride, tip)
    assert made.captured == made.restaurant + made.driver + made.platform
    assert made.captured <= shares.authorised(food, ride)
    assert min(made) >= 0
    assert made.platform >= 0


def test_a_refusal_has_words() -> None:
    with pytest.raises(Refusal, match=r"no caviar"):
        quotes.priced(restaurants()["pho-ha"], [Wanted("caviar", 1)])
