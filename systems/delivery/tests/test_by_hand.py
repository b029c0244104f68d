"""Deliveries on the whole system: the test is the restaurant, the drivers, the customer."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from operator import eq
from typing import Any

import pytest

from systems.delivery.restaurant.fees import PERCENT_OF_FOOD, Phase
from systems.delivery.shares import percent
from systems.delivery.tests.town import DRIVERS, FOOD, ORCHESTRATOR, RIDE, Town
from tests.support.fault_proxy import Seen, about
from tests.support.waiting import until


def test_an_order_is_cooked_picked_up_and_brought_to_the_door(town: Town) -> None:
    town.drives("anna")
    order_id = town.place_by_hand("well", tip={"percent": 10})
    town.accepts(order_id)
    offer = town.offered("anna")
    town.does(offer, "accept", "arrive")
    town.phase(order_id, "cooking")
    assert town.kitchen(order_id, "ready").status_code == 200
    town.delivers(order_id, offer)
    order = town.ended(order_id)
    assert order["status"] == "delivered"
    assert town.net(order_id) == FOOD + RIDE + FOOD // 10
    assert not order["compensations"]


def test_a_driver_who_comes_after_the_food_is_ready_takes_it_at_once(town: Town) -> None:
    order_id = town.place_by_hand("ready")
    assert town.kitchen(order_id, "ready").status_code == 200, "what is ready was accepted"
    town.drives("bert")
    offer = town.offered("bert")
    town.does(offer, "accept", "arrive")
    town.delivers(order_id, offer)
    assert town.ended(order_id)["status"] == "delivered"


def test_the_nearest_is_asked_first_then_the_next_in_a_wider_circle_and_none_twice(
    town: Town,
) -> None:
    town.drives("near", 300)
    town.drives("far", 1_000)
    town.drives("out", 4_000)
    order_id = town.place_by_hand("circles")
    town.accepts(order_id)
    for driver, metres in (("near", 300), ("far", 1_000), ("out", 4_000)):
        town.does(town.offered(driver, metres), "decline")
    order = town.ended(order_id)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "no_driver")
    assert [offer["driver"] for offer in town.offers(order)] == ["near", "far", "out"]
    ticket = town.ticket(order_id)
    assert ticket is not None
    assert (ticket["fee"]["amount"], ticket["cause"]) == (0, "platform")
    assert ticket["payout"]["amount"] == percent(percent(FOOD, 50), 70), "the platform pays"


def test_a_late_yes_to_a_withdrawn_offer_does_not_win(town: Town) -> None:
    town.drives("slow", 100)
    town.drives("quick", 800)
    order_id = town.place_by_hand("late")
    town.accepts(order_id)
    first = town.offered("slow", 100)
    second = town.offered("quick", 800)  # the first did not answer in time
    late = town.driver(first, "accept")
    assert (late.status_code, late.json()["reason"]) == (409, "offer_over")
    town.does(second, "accept", "arrive")
    town.kitchen(order_id, "ready")
    town.delivers(order_id, second)
    ticket = town.ticket(order_id)
    assert ticket is not None
    assert ticket["driver"] == "quick"


@pytest.mark.parametrize("how", ["declines", "goes silent"])
def test_a_driver_who_is_lost_before_the_food_is_picked_up_is_replaced(
    town: Town, how: str
) -> None:
    town.drives("first", 100)
    order_id = town.place_by_hand("lost")
    town.accepts(order_id)
    lost = town.offered("first", 100)
    town.does(lost, "accept", "arrive")
    if how == "declines":
        town.does(lost, "decline")
        town.goes_home("first")
    else:
        town.has(lost, "lost")
    second = town.offered("second", 500)
    assert second != lost
    town.does(second, "accept", "arrive")
    town.kitchen(order_id, "ready")
    town.delivers(order_id, second)
    order = town.ended(order_id)
    assert order["status"] == "delivered"
    assert [offer["driver"] for offer in town.offers(order)] == ["first", "second"]


def test_two_orders_and_one_driver(town: Town) -> None:
    """The second one waits until the driver is back."""
    town.drives("only")
    first, second = town.place_by_hand("one"), town.place_by_hand("two")
    for order_id in (first, second):
        assert town.kitchen(order_id, "ready").status_code == 200
    one = town.offered("only")
    town.does(one, "accept")
    until(
        lambda: [s for n in (first, second) for s in town.order(n)["steps"]],
        lambda steps: any(s.get("reason") == "no_driver" for s in steps),
        "the other one to find no driver",
    )
    town.does(one, "arrive")
    town.delivers(one.partition(":")[0], one)
    two = town.offered("only")
    assert {one.partition(":")[0], two.partition(":")[0]} == {first, second}
    town.does(two, "accept", "arrive")
    town.delivers(two.partition(":")[0], two)
    assert [town.ended(order_id)["status"] for order_id in (first, second)] == ["delivered"] * 2


def test_callbacks_that_come_twice_and_in_any_order_change_nothing(town: Town) -> None:
    order_id = town.place_by_hand("twice")
    say = town.ask
    for _ in range(2):
        assert say(order_id, "signals/food", attempt="ticket", status="ready").status_code == 202
        said = say(order_id, "signals/answer", attempt="ticket", status="accepted")
        assert said.status_code == 202
    town.drives("zoe")
    offer = town.offered("zoe")
    name = offer.partition(":")[2]
    town.kitchen(order_id, "ready")
    town.does(offer, "accept", "arrive", "arrive", "accept")
    for status in ("arrived", "accepted", "accepted", "arrived"):
        say(order_id, "signals/driver", attempt=name, status=status)
    town.delivers(order_id, offer)
    assert town.ended(order_id)["status"] == "delivered"
    late = say(order_id, "signals/driver", attempt=name, status="given_back")
    assert late.status_code == 202
    assert town.order(order_id)["status"] == "delivered"


def test_words_that_get_lost_are_asked_for(town: Town) -> None:
    town.drives("mute")
    order_id = town.order_id("mute")

    def is_word(seen: Seen) -> bool:
        return about(order_id, "POST")(seen) and "/signals/" in seen.path

    with town.proxies[ORCHESTRATOR].fault("refused", is_word) as lost:
        assert town.put(order_id, town.by_hand()).status_code == 202
        town.at(order_id, "answer")
        town.accepts(order_id)
        offer = town.offered("mute")
        town.does(offer, "accept", "arrive")
        town.kitchen(order_id, "ready")
        until(
            lambda: town.drives("mute"),
            lambda _: town.order(order_id)["phase"] == "on_the_way",
            "the ride",
        )
        town.delivers(order_id, offer)
        assert town.ended(order_id)["status"] == "delivered"
    assert lost.hits >= 5


def test_a_restaurant_denies_while_the_customer_cancels(town: Town) -> None:
    """Whoever comes first, nothing is left and nothing is paid."""
    placed = [town.place_by_hand("race") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        denied = [pool.submit(town.kitchen, order_id, "deny") for order_id in placed]
        asked = [pool.submit(town.ask, order_id, "cancel") for order_id in placed]
        assert {each.result().status_code for each in asked} == {202}
        assert {each.result().status_code for each in denied} <= {200, 409}
    for order_id in placed:
        order = town.ended(order_id)
        reason = order["halt"]["reason"]
        assert (order["status"], reason) in [
            ("cancelled", "cancelled_by_customer"),
            ("rejected", "denied"),
        ]
        assert town.net(order_id) == 0


def test_silence_of_a_restaurant_is_a_no(town: Town) -> None:
    silent = town.place_by_hand("silent")
    order = town.ended(silent)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", "answer_timed_out")
    late = town.kitchen(silent, "accept")
    assert (late.status_code, late.json()["reason"]) == (409, "undone")


@pytest.mark.parametrize(
    ("phase", "whose"),
    [
        *((phase, "customer") for phase in PERCENT_OF_FOOD),
        ("sent", "restaurant"),
        ("accepted", "restaurant"),
    ],
)
def test_a_cancel_in_every_phase_costs_what_the_table_says(
    town: Town, phase: Phase, whose: str
) -> None:
    order_id = town.place_by_hand("fee")
    if phase != "sent":
        town.kitchen(order_id, "accept" if phase == "accepted" else "ready")
        town.phase(order_id, "cooking" if phase == "accepted" else "ready")
    if whose == "customer":
        assert town.ask(order_id, "cancel").status_code == 202
    else:
        said = town.kitchen(order_id, "deny" if phase == "sent" else "fail")
        assert said.status_code == 200, said.text
    order = town.ended(order_id)
    fee = percent(FOOD, PERCENT_OF_FOOD[phase]) if whose == "customer" else 0
    ticket = town.ticket(order_id)
    assert ticket is not None
    assert (ticket["cause"], ticket["fee"]["amount"]) == (whose, fee)
    assert ticket["payout"]["amount"] == percent(fee, 70)
    assert town.net(order_id) == fee
    assert order["results"]["ticket"]["fee"]["amount"] == fee, "it is on record"
    says = "cancelled" if whose == "customer" else "could-not-be-brought"
    assert town.mails_of(order_id) == [says]


def test_after_the_food_is_picked_up_it_cannot_be_cancelled(town: Town) -> None:
    town.drives("rides")
    order_id = town.place_by_hand("pivot")
    town.kitchen(order_id, "ready")
    offer = town.offered("rides")
    town.does(offer, "accept", "arrive")
    town.has(offer, "riding")
    until(
        lambda: town.ticket(order_id),
        lambda ticket: bool(ticket and ticket["status"] == "handed_over"),
        "the food to be handed over",
    )
    late = town.ask(order_id, "cancel")
    assert (late.status_code, late.json()["reason"]) == (409, "too_late")
    kept = town.driver(offer, "decline")
    assert (kept.status_code, kept.json()["reason"]) == (409, "picked_up")
    town.delivers(order_id, offer)


def test_a_tip_on_the_way_is_added_to_what_is_captured(town: Town) -> None:
    town.drives("kind")
    order_id = town.place_by_hand("tip", tip={"percent": 5})
    early = town.ask(order_id, "signals/tip", percent=20)
    assert (early.status_code, early.json()["reason"]) == (409, "not_waited_for")
    town.kitchen(order_id, "ready")
    offer = town.offered("kind")
    town.does(offer, "accept", "arrive")
    town.at(order_id, "tip")
    assert town.ask(order_id, "signals/tip", percent=21).status_code == 422
    for percents in (10, 20):
        until(
            lambda percents=percents: (
                town.ask(order_id, "signals/tip", percent=percents).status_code
            ),  # type: ignore[misc]
            lambda status: status == 202,
            "a tip to be taken",
        )
        town.at(order_id, "tip")
    town.delivers(order_id, offer)
    bill = town.ended(order_id)["results"]["bill"]
    assert bill["captured"]["amount"] == FOOD + RIDE + FOOD * 20 // 100
    assert bill["driver"]["amount"] == RIDE * 80 // 100 + FOOD * 20 // 100


def test_only_the_customer_s_pin_delivers(town: Town) -> None:
    town.drives("thief")
    order_id = town.place_by_hand("pin")
    town.kitchen(order_id, "ready")
    offer = town.offered("thief")
    town.does(offer, "accept", "arrive")
    town.has(offer, "riding")
    pin = town.services[DRIVERS].get(f"/pins/{order_id}").json()["pin"]
    wrong = town.driver(offer, "deliver", pin=f"{(int(pin) + 1) % 10_000:04}")
    assert (wrong.status_code, wrong.json()["reason"]) == (403, "wrong_pin")
    assert pin not in str(town.audit(order_id)) + str(town.order(order_id))
    town.delivers(order_id, offer)


def test_it_is_tracked_to_the_door_by_server_sent_events(town: Town) -> None:
    town.drives("seen", 400)
    order_id = town.place_by_hand("track")
    events: list[dict[str, Any]] = []

    def follow() -> None:
        path = f"/deliveries/{order_id}/tracking/events"
        with town.orchestrator.stream("GET", path) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line.removeprefix("data: ")))

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow)
        town.accepts(order_id)
        offer = town.offered("seen", 400)
        town.does(offer, "accept")
        for metres in (250, 100, 0):
            place = town.drives("seen", metres)["place"]
            until(
                lambda: events[-1]["place"], partial(eq, place), f"the driver to be at {metres} m"
            )
        town.does(offer, "arrive")
        town.kitchen(order_id, "ready")
        town.delivers(order_id, offer)
        following.result(timeout=30)
    assert events.pop() == {}, "the end"
    seen = list(dict.fromkeys(event["phase"] for event in events))
    assert seen[-1] == "delivered"
    assert set(seen) <= {"sent", "cooking", "ready", "on_the_way", "delivered"}
    assert {event["driver"] for event in events[-3:]} == {"seen"}
    assert all(event["eta"] for event in events if event["phase"] == "cooking")
    assert len(events[-1]["trail"]) >= 3
    now = town.orchestrator.get(f"/deliveries/{order_id}/tracking").json()
    assert (now["phase"], now["status"]) == ("delivered", "delivered")
    assert town.orchestrator.get("/deliveries/nobody/tracking").status_code == 404


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"restaurant": "nowhere"}, "unknown_restaurant"),
        (
            {"restaurant": "night-owl", "lines": [{"dish": "soup", "quantity": 1}]},
            "restaurant_closed",
        ),
        ({"lines": [{"dish": "caviar", "quantity": 1}]}, "unknown_dish"),
        ({"door": {"address": "Paris", "latitude": 48.85, "longitude": 2.35}}, "out_of_zone"),
        ({"paymentMethod": "pm_card_chargeDeclined"}, "card_declined"),
    ],
)
def test_what_cannot_be_brought_is_refused_and_says_why(town: Town, wish: Any, reason: str) -> None:
    order_id = town.order_id("no")
    town.put(order_id, town.by_hand(**wish))
    order = town.ended(order_id)
    assert (order["status"], order["halt"]["reason"]) == ("rejected", reason)
    assert town.ticket(order_id) is None
