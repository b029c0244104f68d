"""The saga of a delivery on a fake engine: what is said, in which order, and what is not said."""

from typing import Any

import pytest

from sagas.core.calls import Refused
from sagas.core.frame import forward
from sagas.core.progress import Order, Progress
from systems.delivery import phases
from systems.delivery.delivery import DELIVERY
from systems.delivery.steps import OFFERS
from systems.delivery.terms import DeliveryTerms
from systems.delivery.words import EXAMPLE
from tests.kinds.examples import EXAMPLES
from tests.unit.engine import FakeEngine

[_EXAMPLE] = [example for example in EXAMPLES if example.kind is DELIVERY]
NOBODY = Refused(reason="no_driver", detail="Nobody is near.")
TERMS = DeliveryTerms()

Words = list[tuple[str, str]]
ACCEPTED: Words = [("answer:ticket", "accepted")]
READY: Words = [("food:ticket", "ready")]


def ride(name: str, *said: str) -> Words:
    return [(f"driver:{name}", word) for word in said]


def run(words: Words, **replies: Any) -> FakeEngine:
    """Run a delivery in which this is said."""
    known = {"look at record": {"again": False}} | _EXAMPLE.answers
    pending = Refused(reason="pending", detail="Not yet.")
    known |= {name: pending for name in DELIVERY.placed if name.startswith("look ")}
    told = [(event, {"status": status}) for event, status in words]
    engine = FakeEngine(known | {k.replace("_", " "): v for k, v in replies.items()}, waiting=told)
    order = Order(case_id="c1", request=EXAMPLE)
    engine.run(forward(DELIVERY, 1)(engine, order))  # type: ignore[arg-type]
    return engine


def why(kept: Progress) -> str:
    assert kept.halt is not None
    return kept.halt.reason


def resources(kept: Progress, step: str) -> list[str]:
    return [e.resource.partition(":")[2] for e in kept.entries if e.step == step]


@pytest.mark.parametrize(
    "words",
    [
        [*READY, *ride("driver-1", "accepted", "arrived")],
        [*ride("driver-1", "accepted", "arrived"), *READY],
        [*ride("driver-1", "accepted"), *READY, *ride("driver-1", "arrived")],
        [*ride("driver-1", "arrived", "accepted", "arrived"), *READY],
    ],
)
def test_food_and_driver_come_in_any_order(words: Words) -> None:
    engine = run([*ACCEPTED, *words, *ride("driver-1", "delivered")])
    assert engine.kept.status == "delivered"
    assert resources(engine.kept, "pick up") == ["driver-1"]
    assert [m.event for m in engine.kept.milestones if m.event == "needs_attention"] == []


@pytest.mark.parametrize("said", ["declined", "given_back", "lost", ""])
def test_a_driver_who_does_not_come_is_replaced_and_their_offer_withdrawn(said: str) -> None:
    gone = ride("driver-1", "accepted", said) if said and said != "declined" else []
    gone = ride("driver-1", "declined") if said == "declined" else gone
    words = [*ACCEPTED, *gone, *ride("driver-2", "accepted", "arrived"), *READY]
    engine = run(
        [*words, *ride("driver-2", "delivered")],
        offer_ride=[{"driver": "d1"}, {"driver": "d2"}],
    )
    assert engine.kept.status == "delivered"
    assert resources(engine.kept, "withdraw offer") == ["driver-1"]
    assert engine.inputs["offer ride"].body["asked"] == ["d1"], "none is asked twice"
    assert engine.inputs["pay driver"].id == "c1:driver-2"


def test_a_driver_who_cannot_pick_up_is_replaced() -> None:
    words = [*ACCEPTED, *READY, *ride("driver-1", "accepted", "arrived")]
    words += ride("driver-2", "accepted", "arrived", "delivered")
    engine = run(words, pick_up=[Refused(reason="not_arrived", detail="Gone."), {}])
    assert engine.kept.status == "delivered"
    assert resources(engine.kept, "pick up") == ["driver-1", "driver-2"]


def test_circles_widen_until_somebody_is_found() -> None:
    words = [*ACCEPTED, *READY, *ride("driver-1", "accepted", "arrived", "delivered")]
    engine = run(words, offer_ride=[NOBODY, NOBODY, NOBODY, {"driver": "d1"}])
    assert engine.kept.status == "delivered"
    assert engine.inputs["offer ride"].body["within"] == TERMS.widest_metres
    assert engine.pauses.count(TERMS.pause_seconds) == 1, "before the widest circle is tried again"


def test_nobody_is_searched_for_longer_than_the_search_may_last() -> None:
    engine = run([*ACCEPTED, *READY], offer_ride=NOBODY)
    assert (engine.kept.status, why(engine.kept)) == ("rejected", "no_driver")
    searched = engine.pauses.count(TERMS.pause_seconds) * TERMS.pause_seconds
    assert searched == pytest.approx(TERMS.search_seconds, abs=2 * TERMS.pause_seconds)
    assert engine.inputs["cancel ticket"].body == {"cause": "platform"}


def test_if_all_decline_it_is_given_up() -> None:
    words = [
        *ACCEPTED,
        *READY,
        *(word for offer in OFFERS for word in ride(offer.resource, "declined")),
    ]
    drivers = [{"driver": f"d{n}"} for n in range(len(OFFERS))]
    engine = run(words, offer_ride=drivers)
    assert (engine.kept.status, why(engine.kept)) == ("rejected", "no_driver")
    assert engine.inputs["offer ride"].body["asked"] == [f"d{n}" for n in range(len(OFFERS) - 1)]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "answer_timed_out"),
        ([("answer:ticket", "denied")], "denied"),
        ([*ACCEPTED, *ride("driver-1", "accepted")], "food_timed_out"),
        ([*ACCEPTED, *ride("driver-1", "accepted"), ("food:ticket", "failed")], "failed"),
    ],
)
def test_a_restaurant_that_does_not_cook_is_at_fault(words: Words, reason: str) -> None:
    fee = {"fee": {"amount": 0, "currency": "EUR"}}
    engine = run(words, cancel_ticket=fee)
    assert (engine.kept.status, why(engine.kept)) == ("rejected", reason)
    assert engine.inputs["cancel ticket"].body == {"cause": "restaurant"}
    assert engine.inputs["cancel payment"].body == {"keep": fee["fee"]}
    assert {e.step for e in engine.kept.entries if e.result == "running"} == {"send refusal"}


def test_what_the_restaurant_says_a_cancel_costs_is_kept_of_the_payment() -> None:
    fee = {"amount": 700, "currency": "EUR"}
    words: Any = [*ACCEPTED, *ride("driver-1", "accepted"), ("cancel", "")]
    engine = run(words, cancel_ticket={"fee": fee})
    assert engine.kept.status == "cancelled"
    assert engine.inputs["cancel ticket"].body == {"cause": "customer"}
    assert engine.inputs["cancel payment"].body == {"keep": fee}
    assert phases.phase(engine.kept) == "called_off"


def test_a_ride_that_never_ends_waits_for_a_person() -> None:
    words: Any = [*ACCEPTED, *READY, *ride("driver-1", "accepted", "arrived"), ("resume", "")]
    looks = int(TERMS.ride_seconds / TERMS.look_seconds)
    pending = [Refused(reason="pending", detail="On the way.")] * (looks + 1)
    engine = run(words, look_past_riding=[*pending, {"status": "delivered"}])
    assert engine.kept.status == "delivered"
    assert [m.event for m in engine.kept.milestones] == ["needs_attention", "resumed"]


def test_no_payment_is_more_than_what_was_authorised() -> None:
    words = [*ACCEPTED, *READY, *ride("driver-1", "accepted", "arrived", "delivered")]
    engine = run(words)
    most = engine.inputs["authorise"].body["amount"]["amount"]
    bill = engine.inputs["capture"].body["amount"]["amount"]
    paid = [
        engine.inputs[name].body["amount"]["amount"] for name in ("pay restaurant", "pay driver")
    ]
    assert sum(paid) < bill <= most
