"""What a saga hears, how often it asks, and where it only goes forward: a shop of no trips."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Field

from sagas.core.calls import Answer, Call, Refused
from sagas.core.frame import forward
from sagas.core.kind import Kind
from sagas.core.policies import Policies
from sagas.core.progress import Entry, Order, Progress, Wait
from sagas.core.saga import Saga
from sagas.core.signals import Signal
from sagas.core.steps import Done, Shown, Step
from sagas.core.turns import Durable
from sagas.engine.activities import Activities
from sagas.engine.endings import Endings
from sagas.records.audit import trail
from sagas.records.record import Record
from sagas.records.records import Records, TooLate
from tests.support.memory import MemoryStore
from tests.unit.engine import FakeEngine, Fault
from tests.unit.participants import RealActivities

NO = Refused(reason="no", detail="It will not be.")
PENDING = Refused(reason="pending", detail="Not yet.")
HOUR = timedelta(hours=1)
NOW = datetime(2024, 12, 1, tzinfo=UTC)
STEP_TRIES, UNDO_TRIES = Policies().step.tries or 0, Policies().undo.tries or 0


class Wish(BaseModel):
    buyer: str = "b1"


class Paid(BaseModel):
    amount: int


class Lost(BaseModel):
    place: str = Field(alias="where")


def _enough(said: Paid) -> Refused | None:
    return Refused(reason="too_little", detail="It costs 5.") if said.amount < 5 else None


PAID = Signal("paid", Paid, "participant", _enough, told=lambda said: f"Paid {said.amount}.")
LOST = Signal("lost", Lost, "participant")

release = Step("release", "stock", "POST items/{id}/release", "item", Shown)
reserve = Step("reserve", "stock", "PUT items/{id}", "item", Shown, release)
look_up = Step("look up payment", "bank", "GET payments/{id}", "payment", Paid)
send = Step("send", "post", "PUT parcels/{id}", "parcel", Shown, pivot=True)
insure = Step("insure", "post", "PUT insurances/{id}", "insurance", Shown, pivot=True)
bill = Step("bill", "bank", "PUT bills/{id}", "bill", Shown)
thank = Step("thank", "post", "PUT letters/{id}", "letter", Done)

Body = Callable[[Saga], Durable[Any]]


def shop(body: Body) -> Kind[Wish]:
    """Return a kind whose saga does this."""

    def workflow(saga: Saga, _: Wish) -> Durable[None]:
        yield from body(saga)

    return Kind(
        noun="purchase",
        done="sold",
        request=Wish,
        rows={
            "reserve": [reserve],
            "look up": [look_up],
            "send": [send, insure],
            "bill": [bill, thank],
        },
        workflows=[workflow],
        closing=lambda *_: None,
        owner=lambda wish: wish.buyer,
        title=lambda wish: wish.buyer,
        signals=[PAID, LOST],
    )


class Engine(FakeEngine):
    """``made`` are the calls with their ids, ``goes_forward`` what was on record at each: whether
    nothing is undone any more. An event that comes with a call says ``word``."""

    def __init__(self, replies: dict[str, Any], word: Any = None, **engine_does: Any) -> None:
        super().__init__({"look at record": {"again": False}} | replies, **engine_does)
        self.word = word
        self.made: list[tuple[str, str]] = []
        self.goes_forward: dict[str, bool] = {}

    def tell(self, event: str, data: Any) -> None:
        super().tell(event, self.word if data is None else data)

    async def _call(self, call: Call) -> Answer:
        self.made.append((call.step, call.id))
        self.goes_forward[call.step] = self.kept.irrevocable
        return await super()._call(call)


def run(
    body: Body,
    replies: dict[str, Any] | None = None,
    early: tuple[tuple[str, Any], ...] = (),
    order: dict[str, Any] | None = None,
    **engine_does: Any,
) -> tuple[Engine, Progress]:
    """Run a purchase; return what was asked of the engine, and what is on record."""
    engine = Engine(replies or {}, **engine_does)
    for event, word in early:
        engine.tell(event, word)
    given = Order(case_id="p1", request={}, **(order or {}))
    status = engine.run(forward(shop(body), 1)(engine, given))  # type: ignore[arg-type]
    assert engine.kept.status == status
    return engine, engine.kept


def hearing(signal: Signal[Paid] = PAID, **how: Any) -> Body:
    """Reserve, then wait for an hour until it is paid, and show what was said."""

    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(reserve)
        said = yield from saga.hear(signal, within=HOUR, **how)
        saga.show(said=said)

    return body


def line(kept: Progress, step: str) -> Entry:
    """Return the one line about a step."""
    [found] = [entry for entry in kept.entries if entry.step == step]
    return found


def why(kept: Progress) -> str:
    assert kept.halt is not None
    return kept.halt.reason


def undone(engine: Engine) -> list[str]:
    return [id_ for step, id_ in engine.made if step == "release"]


def test_a_word_in_time_is_heard() -> None:
    engine, kept = run(hearing(), waiting=[("paid", {"amount": 5})])
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    told = line(kept, "paid")
    assert (told.result, told.reason, told.detail) == ("done", None, "Paid 5.")
    [wait] = kept.waits
    assert (wait.signal, wait.word, wait.over) == ("paid", {"amount": 5}, True)
    assert wait.until - wait.since == HOUR
    assert engine.pauses == [HOUR.total_seconds()]
    assert undone(engine) == []


def test_that_it_waits_is_on_record_before_it_does() -> None:
    engine, _ = run(hearing(), waiting=[("paid", {"amount": 5})])
    assert engine.calls == ["reserve", "keep record", "told to paid", "keep record"]


def test_another_release_may_say_more() -> None:
    _, kept = run(hearing(), waiting=[("paid", {"amount": 5, "currency": "USD"})])
    assert kept.results["said"] == {"amount": 5}


def test_no_word_in_time_amounts_to_a_refusal() -> None:
    engine, kept = run(hearing())
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")
    assert undone(engine) == ["p1:item"]
    [wait] = kept.waits
    told = line(kept, "paid")
    assert (told.result, told.reason) == ("refused", "paid_timed_out")
    assert told.detail == f"Nobody decided by {wait.until}."
    assert (wait.word, wait.over) == (None, True)


def test_no_word_in_time_can_stand_for_one() -> None:
    engine, kept = run(hearing(late=Paid(amount=0)))
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 0})
    assert (line(kept, "paid").result, line(kept, "paid").reason) == ("done", "paid_timed_out")
    assert [wait.over for wait in kept.waits] == [True]
    assert undone(engine) == []
    assert engine.pauses == [HOUR.total_seconds()]


def test_a_word_can_amount_to_a_refusal() -> None:
    engine, kept = run(hearing(), waiting=[("paid", {"amount": 4})])
    assert (kept.status, why(kept)) == ("rejected", "too_little")
    assert undone(engine) == ["p1:item"]
    told = line(kept, "paid")
    assert (told.result, told.detail) == ("refused", "It costs 5.")
    assert [(wait.word, wait.over) for wait in kept.waits] == [({"amount": 4}, True)]


@pytest.mark.parametrize("other", ["paid", "paid:1", "paid:22"])
def test_a_word_about_another_attempt_changes_nothing(other: str) -> None:
    _, kept = run(hearing(attempt="2"), early=((other, {"amount": 9}),))
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")
    word = ("paid:2", {"amount": 5})
    _, kept = run(hearing(attempt="2"), early=((other, {"amount": 9}),), waiting=[word])
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert [(wait.attempt, wait.word) for wait in kept.waits] == [("2", {"amount": 5})]
    assert line(kept, "paid").resource == "2"


@pytest.mark.parametrize("nonsense", [None, {}, {"amount": "much"}, "paid"])
def test_a_word_that_makes_no_sense_is_ignored_and_the_next_is_heard(nonsense: Any) -> None:
    words = [("paid", nonsense), ("paid", nonsense), ("paid", {"amount": 5})]
    _, kept = run(hearing(), waiting=words)
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})


def test_after_a_word_that_makes_no_sense_the_time_is_still_over_when_it_was() -> None:
    engine, kept = run(hearing(), waiting=[("paid", {})])
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")
    assert engine.pauses == [HOUR.total_seconds()]


def test_a_word_that_comes_before_it_is_waited_for_is_heard() -> None:
    engine, kept = run(hearing(), early=(("paid", {"amount": 5}),))
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert engine.calls == ["told to paid", "reserve", "keep record", "keep record"]


def test_a_word_that_comes_while_the_wait_is_put_on_record_is_heard() -> None:
    _, kept = run(hearing(), word={"amount": 5}, events={"keep record": ["paid"]})
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})


def test_a_cancel_ends_the_wait() -> None:
    engine, kept = run(hearing(), waiting=[("cancel", None)])
    assert (kept.status, why(kept)) == ("cancelled", "cancelled_by_customer")
    assert undone(engine) == ["p1:item"]
    assert (line(kept, "paid").result, line(kept, "paid").reason) == ("refused", why(kept))
    assert [(wait.word, wait.over) for wait in kept.waits] == [(None, True)]


def either(saga: Saga) -> Durable[None]:
    said = yield from saga.first_of(PAID, LOST, within=HOUR)
    saga.show(said=said)


@pytest.mark.parametrize(
    ("event", "word"), [("paid", {"amount": 5}), ("lost", {"where": "at sea"})]
)
def test_of_two_signals_the_first_counts(event: str, word: dict[str, Any]) -> None:
    _, kept = run(either, waiting=[(event, word)])
    assert (kept.status, kept.results["said"]) == ("sold", word)
    assert line(kept, "paid or lost").result == "done"
    said = {wait.signal: (wait.word, wait.over) for wait in kept.waits}
    assert said == {"paid": (None, True), "lost": (None, True)} | {event: (word, True)}


def test_of_two_signals_that_both_came_the_one_named_first_counts() -> None:
    _, kept = run(either, early=(("lost", {"where": "at sea"}), ("paid", {"amount": 5})))
    assert kept.results["said"] == {"amount": 5}


def test_of_two_signals_one_may_make_no_sense() -> None:
    _, kept = run(either, waiting=[("paid", {}), ("lost", {"where": "at sea"})])
    assert kept.results["said"] == {"where": "at sea"}


def test_a_word_is_kept_as_it_was_said() -> None:
    _, kept = run(either, waiting=[("lost", {"where": "at sea"})])
    order = {"again": True, "heard": [wait for wait in kept.waits if wait.word]}
    _, again = run(either, order=order)
    assert again.results["said"] == {"where": "at sea"}


def test_a_signal_that_was_not_the_first_is_heard_when_it_is_waited_for_again() -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from either(saga)
        saga.show(then=(yield from saga.hear(PAID, within=HOUR)))

    words: list[tuple[str, Any]] = [("lost", {"where": "at sea"}), ("paid", {"amount": 5})]
    engine, kept = run(body, waiting=words)
    assert kept.results == {"said": {"where": "at sea"}, "then": {"amount": 5}}
    assert engine.sentinels.count("paid") == 1


def test_a_word_is_for_one_wait_only() -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from saga.hear(PAID, within=HOUR)
        yield from saga.hear(PAID, within=HOUR)

    _, kept = run(body, waiting=[("paid", {"amount": 5})])
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")
    assert [wait.word for wait in kept.waits] == [{"amount": 5}, None]


EVERY = timedelta(minutes=10)


def test_a_word_that_may_be_lost_is_asked_for_until_it_is_known() -> None:
    engine, kept = run(
        hearing(PAID.asked(look_up, EVERY)), {"look up payment": [PENDING, PENDING, {"amount": 5}]}
    )
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert engine.calls.count("look up payment") == 3
    assert engine.pauses == [HOUR.total_seconds(), *[EVERY.total_seconds()] * 3]
    told = line(kept, "paid")
    assert (told.result, told.detail) == ("done", "It was asked for.")
    assert told.ended_at is not None
    assert told.ended_at - told.started_at >= 3 * EVERY
    assert [(wait.word, wait.over) for wait in kept.waits] == [({"amount": 5}, True)]
    assert "look up payment" not in [entry.step for entry in kept.entries]
    assert engine.inputs["look up payment"].id == "p1:payment"


def test_it_is_asked_about_the_attempt_that_is_waited_for() -> None:
    engine, kept = run(
        hearing(PAID.asked(look_up, EVERY), attempt="share-2"), {"look up payment": {"amount": 5}}
    )
    assert kept.results["said"] == {"amount": 5}
    assert engine.inputs["look up payment"].id == "p1:share-2"


def test_of_several_signals_the_one_that_is_asked_for_says_the_answer() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = PAID.asked(look_up, EVERY)
        saga.show(said=(yield from saga.first_of(LOST, paid, within=HOUR)))

    _, kept = run(body, {"look up payment": {"amount": 5}})
    assert kept.results["said"] == {"amount": 5}
    told = [(wait.signal, wait.word) for wait in kept.waits]
    assert told == [("lost", None), ("paid", {"amount": 5})]


def test_one_of_several_is_told_apart_by_its_number() -> None:
    second = reserve.nth(2)
    assert second.undo is not None
    assert (second.resource, second.undo.resource) == ("item-2", "item-2")


def test_who_asks_in_vain_stops_in_time() -> None:
    engine, kept = run(hearing(PAID.asked(look_up, EVERY)), {"look up payment": PENDING})
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")
    assert engine.calls.count("look up payment") in (5, 6)
    assert undone(engine) == ["p1:item"]


def test_a_service_that_cannot_be_asked_is_asked_again() -> None:
    down = [Fault("down")] * STEP_TRIES
    engine, kept = run(
        hearing(PAID.asked(look_up, EVERY)), {"look up payment": [*down, {"amount": 5}]}
    )
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert engine.calls.count("look up payment") == STEP_TRIES + 1


def test_a_word_that_comes_while_it_is_asked_for_counts() -> None:
    engine, kept = run(
        hearing(PAID.asked(look_up, EVERY)),
        {"look up payment": PENDING},
        word={"amount": 7},
        events={"look up payment": ["paid"]},
    )
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 7})
    assert engine.calls.count("look up payment") == 1


def test_a_cancel_that_comes_while_it_is_asked_ends_the_wait() -> None:
    engine, kept = run(
        hearing(PAID.asked(look_up, EVERY)),
        {"look up payment": PENDING},
        events={"look up payment": ["cancel"]},
    )
    assert kept.status == "cancelled"
    assert undone(engine) == ["p1:item"]


def test_an_answer_that_was_asked_for_can_amount_to_a_refusal() -> None:
    engine, kept = run(hearing(PAID.asked(look_up)), {"look up payment": {"amount": 4}})
    assert (kept.status, why(kept)) == ("rejected", "too_little")
    assert undone(engine) == ["p1:item"]


def heard(amount: int = 5, attempt: str = "") -> dict[str, Any]:
    """Return the order of a run that takes over from one that was told so much."""
    word = {"amount": amount}
    told = Wait(signal="paid", attempt=attempt, since=NOW, until=NOW, word=word, over=True)
    return {"again": True, "heard": [told]}


def test_a_run_that_takes_over_does_not_ask_again_what_is_known() -> None:
    engine, kept = run(hearing(), order=heard())
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert engine.calls == ["reserve", "keep record"]
    assert (engine.pauses, engine.sentinels) == ([], [])
    assert [wait.word for wait in kept.waits] == [{"amount": 5}]


def test_what_is_known_of_another_attempt_is_asked_again() -> None:
    _, kept = run(
        hearing(attempt="2"), order=heard(attempt="1"), waiting=[("paid:2", {"amount": 6})]
    )
    assert kept.results["said"] == {"amount": 6}


def test_what_is_known_counts_once() -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from saga.hear(PAID, within=HOUR)
        saga.show(said=(yield from saga.hear(PAID, within=HOUR)))

    _, kept = run(body, order=heard(), waiting=[("paid", {"amount": 6})])
    assert kept.results["said"] == {"amount": 6}


def test_a_run_that_takes_over_is_refused_what_the_last_was_refused() -> None:
    engine, kept = run(hearing(), order=heard(amount=4))
    assert (kept.status, why(kept)) == ("rejected", "too_little")
    assert undone(engine) == ["p1:item"]


def refusing(*reservations: tuple[str, ...]) -> Body:
    """Reserve items, those of a tuple together, and then think better of it."""

    def body(saga: Saga) -> Durable[None]:
        for items in reservations:
            yield from saga.together(*(reserve.about(item) for item in items))
        saga.refuse("weigh", "too_heavy", "It weighs a ton.")

    return body


def test_a_step_about_another_resource_owes_an_undo_of_its_own() -> None:
    engine, kept = run(refusing(("a",), ("b",)))
    assert (kept.status, why(kept)) == ("rejected", "too_heavy")
    assert engine.made[:2] == [("reserve", "p1:a"), ("reserve", "p1:b")]
    assert undone(engine) == ["p1:b", "p1:a"]


def test_a_step_about_two_resources_at_once_is_undone_at_once() -> None:
    engine, kept = run(
        refusing(("a", "b"), ("c",)),
        {"reserve": [{"n": 1}, {"n": 2}, {"n": 3}], "release": [{"n": 6}, {"n": 4}, {"n": 5}]},
    )
    assert ["reserve", "reserve"] in engine.together
    assert ["release", "release"] in engine.together
    assert undone(engine) == ["p1:c", "p1:a", "p1:b"]
    assert kept.results == {"a": {"n": 4}, "b": {"n": 5}, "c": {"n": 6}}


def test_the_same_step_about_the_same_resource_is_undone_once() -> None:
    engine, _ = run(refusing(("a",), ("a",)))
    assert undone(engine) == ["p1:a"]


def test_of_one_step_about_two_resources_only_what_is_left_is_undone_again() -> None:
    engine, kept = run(refusing(("a", "b")), {"release": [NO, {}, {}]}, waiting=[("resume", None)])
    assert undone(engine) == ["p1:a", "p1:b", "p1:a"]
    assert kept.status == "rejected"
    results = [(e.resource, e.result) for e in kept.entries if e.step == "release"]
    assert results == [("p1:a", "refused"), ("p1:b", "done"), ("p1:a", "done")]


def test_answers_about_two_resources_are_told_apart() -> None:
    def body(saga: Saga) -> Durable[None]:
        a, b = yield from saga.together(reserve.about("a"), reserve.about("b"))
        saga.show(first=a, second=b)

    _, kept = run(body, {"reserve": [{"n": 1}, {"n": 2}]})
    assert (kept.results["first"], kept.results["second"]) == ({"n": 1}, {"n": 2})


def test_an_attempt_that_is_refused_stops_nothing_but_is_owed() -> None:
    def body(saga: Saga) -> Durable[None]:
        first = yield from saga.attempt(reserve.about("a"))
        second = yield from saga.attempt(reserve.about("b"))
        assert (first, second) == (NO, Shown.model_validate({"n": 2}))
        yield from saga.run(bill)

    engine, kept = run(body, {"reserve": [NO, {"n": 2}], "bill": NO})
    assert (kept.status, why(kept)) == ("rejected", "no")
    assert undone(engine) == ["p1:b", "p1:a"]


def test_an_attempt_that_fails_stops_the_saga() -> None:
    engine, kept = run(lambda saga: saga.attempt(reserve), {"reserve": Fault("down")})
    assert (kept.status, why(kept)) == ("failed", "unavailable")
    assert engine.calls.count("reserve") == STEP_TRIES
    assert undone(engine) == ["p1:item"]


def selling(*after: Step[Any]) -> Body:
    """Reserve, send, which is not undone, and then do the rest."""

    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(reserve)
        yield from saga.run(send)
        for step in after:
            yield from saga.run(step)

    return body


def test_a_pivot_is_on_record_before_it_is_called() -> None:
    engine, kept = run(selling(bill))
    assert engine.calls == ["reserve", "keep record", "send", "bill", "keep record"]
    assert engine.goes_forward["send"]
    assert not engine.goes_forward["reserve"]
    assert (kept.status, kept.irrevocable) == ("sold", True)
    assert [entry.step for entry in kept.entries] == ["reserve", "send", "bill"]


def test_a_cancel_that_is_heard_before_the_pivot_comes_in_time() -> None:
    engine, kept = run(selling(), events={"reserve": ["cancel"]})
    assert (kept.status, kept.irrevocable) == ("cancelled", False)
    assert "send" not in engine.calls
    assert undone(engine) == ["p1:item"]


@pytest.mark.parametrize("when", ["keep record", "send", "bill"])
def test_a_cancel_that_is_heard_after_the_pivot_is_on_record_changes_nothing(when: str) -> None:
    engine, kept = run(selling(bill), events={when: ["cancel"]})
    assert kept.status == "sold"
    assert undone(engine) == []


@pytest.mark.parametrize("replies", [[NO], [Fault("down")] * UNDO_TRIES], ids=["refused", "failed"])
def test_what_cannot_be_done_after_the_pivot_needs_attention_and_goes_on(
    replies: list[Any],
) -> None:
    engine, kept = run(
        selling(bill),
        {"bill": [*replies, {"n": 1}]},
        events={"bill": ["cancel"]},
        waiting=[("resume", None)],
    )
    assert kept.status == "sold"
    assert kept.results["bill"] == {"n": 1}
    assert undone(engine) == []
    assert engine.calls.count("bill") == len(replies) + 1
    assert engine.calls.count("send") == 1
    assert [m.event for m in kept.milestones] == ["needs_attention", "resumed"]
    results = [entry.result for entry in kept.entries if entry.step == "bill"]
    assert results == ["refused" if replies == [NO] else "failed", "done"]
    assert any(status.startswith("needs_attention") for status in engine.statuses)


def test_a_parked_purchase_past_its_pivot_is_not_woken_by_a_cancel() -> None:
    engine = Engine({"bill": NO})
    engine.tell("cancel", None)
    order = Order(case_id="p1", request={}, irrevocable=True)
    with pytest.raises(AssertionError, match="waits for what never comes"):
        engine.run(forward(shop(selling(bill)), 1)(engine, order))  # type: ignore[arg-type]
    assert engine.kept.status == "needs_attention"
    assert engine.kept.attention is not None
    blocked = [(b.step, b.resource, b.reason) for b in engine.kept.attention.blocked]
    assert blocked == [("bill", "p1:bill", "no")]
    assert undone(engine) == []


def test_of_two_steps_past_the_pivot_only_the_one_that_failed_is_called_again() -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(send)
        a, _, b = yield from saga.together(bill.about("a"), thank, bill.about("b"))
        saga.show(first=a, second=b)

    replies = {"bill": [NO, {"n": 2}, NO, {"n": 1}], "thank": {}}
    engine, kept = run(body, replies, waiting=[("resume", None)] * 2)
    assert kept.status == "sold"
    assert (kept.results["first"], kept.results["second"]) == ({"n": 1}, {"n": 2})
    assert [id_ for step, id_ in engine.made if step == "bill"] == ["p1:a", "p1:b", *["p1:a"] * 2]
    assert engine.calls.count("thank") == 1


def test_an_attempt_past_the_pivot_is_refused_but_not_given_up() -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(reserve)
        yield from saga.run(send)
        assert (yield from saga.attempt(bill)) == NO

    down = [Fault("down")] * UNDO_TRIES
    engine, kept = run(body, {"bill": [*down, NO]}, waiting=[("resume", None)])
    assert kept.status == "sold"
    assert undone(engine) == []


def test_a_pivot_that_all_refuse_is_none_and_what_was_done_is_undone() -> None:
    engine, kept = run(selling(bill), {"send": NO})
    assert (kept.status, why(kept), kept.irrevocable) == ("rejected", "no", False)
    assert undone(engine) == ["p1:item"]
    assert not engine.goes_forward["release"]
    assert "bill" not in engine.calls


def test_a_pivot_that_may_have_had_an_effect_is_not_given_up() -> None:
    down = [Fault("down")] * UNDO_TRIES
    engine, kept = run(selling(), {"send": [*down, {}]}, waiting=[("resume", None)])
    assert kept.status == "sold"
    assert engine.calls.count("send") == UNDO_TRIES + 1
    assert undone(engine) == []


def together(saga: Saga) -> Durable[None]:
    yield from saga.run(reserve)
    yield from saga.together(send, insure)


def test_a_pivot_of_two_steps_that_one_refuses_goes_forward() -> None:
    engine, kept = run(together, {"insure": [NO, {}]}, waiting=[("resume", None)])
    assert kept.status == "sold"
    assert engine.calls.count("send") == 1
    assert undone(engine) == []


def test_a_pivot_of_two_steps_that_both_refuse_is_none() -> None:
    engine, kept = run(together, {"send": NO, "insure": NO})
    assert (kept.status, kept.irrevocable) == ("rejected", False)
    assert undone(engine) == ["p1:item"]


def test_a_run_that_takes_over_past_the_pivot_undoes_nothing() -> None:
    order = {"irrevocable": True, "again": True}
    replies = {"reserve": [NO, {}], "bill": [*[Fault("down")] * UNDO_TRIES, {}]}
    engine, kept = run(
        selling(bill),
        replies,
        early=(("cancel", None),),
        order=order,
        waiting=[("resume", None)] * 2,
    )
    assert (kept.status, kept.irrevocable) == ("sold", True)
    assert undone(engine) == []
    assert engine.calls.count("send") == 1


def forward_and_hear(saga: Saga) -> Durable[None]:
    yield from saga.run(reserve)
    yield from saga.run(send)
    saga.show(said=(yield from saga.hear(PAID, within=HOUR)))


def test_no_word_in_time_past_the_pivot_needs_attention_and_is_waited_for_again() -> None:
    before = ["pivot", "wait", "parked", "resumed", "parked"]
    engine, kept = run(
        forward_and_hear,
        word={"amount": 5},
        events={"keep record": [*["something else"] * len(before), "paid"]},
        waiting=[("resume", None)] * 2,
    )
    assert (kept.status, kept.results["said"]) == ("sold", {"amount": 5})
    assert undone(engine) == []
    assert [m.detail for m in kept.milestones if m.event == "needs_attention"] == ["paid", "paid"]
    told = line(kept, "paid")
    assert (told.result, told.reason, told.detail) == ("done", None, "Paid 5.")
    [wait] = kept.waits
    assert wait.until >= wait.since + 3 * HOUR


class Services:
    """Services that do whatever they are asked; ``at`` is called when a path is asked for."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.at: dict[str, Callable[[], None]] = {}

    async def invoke(self, _: str, verb: str, path: str, __: Any = None) -> Answer:
        self.made.append(f"{verb} {path}")
        if path in self.at:
            await asyncio.to_thread(self.at.pop(path))
        return Answer(value={"path": path})


@pytest.fixture
def records() -> Records:
    """Records with a purchase p1."""
    made = Records(MemoryStore(), shop(hearing()))  # type: ignore[arg-type]
    fresh = Record(case_id="p1", digest="", request={}, owner="b1", created_at=NOW)
    asyncio.run(made.accept(fresh))
    return made


@pytest.fixture
def services() -> Services:
    """The services that are asked."""
    return Services()


def on_record(records: Records) -> Record:
    found = asyncio.run(records.get("p1"))
    assert found is not None
    return found


def sell(body: Body, records: Records, services: Services) -> None:
    """Run the purchase with real activities."""
    engine, kind = RealActivities(), shop(body)
    engine.instance_id = "p1"
    made = Activities(kind, services, records, Endings())  # type: ignore[arg-type]
    engine.activities = made.by_name()
    order = Order(case_id="p1", request={})
    engine.run(forward(kind, 1)(engine, order))  # type: ignore[arg-type]


RESERVED, SENT, RELEASED = (
    "PUT items/p1:item",
    "PUT parcels/p1:parcel",
    "POST items/p1:item/release",
)


def test_a_cancel_that_is_on_record_before_the_pivot_comes_first(
    records: Records, services: Services
) -> None:
    """It is on record already, but the workflow has not been told of it yet."""
    services.at["items/p1:item"] = lambda: ask_to_cancel(records)
    sell(selling(bill), records, services)
    assert services.made == [RESERVED, RELEASED]
    known = on_record(records)
    assert (known.progress.status, known.progress.irrevocable) == ("cancelled", False)
    assert known.progress.halt is not None
    assert known.progress.halt.reason == "cancelled_by_customer"
    assert [entry.step for entry in known.progress.entries] == ["reserve", "release"]


def test_a_cancel_past_the_pivot_comes_too_late(records: Records, services: Services) -> None:
    refused: list[str] = []

    def too_late() -> None:
        with pytest.raises(TooLate) as late:
            ask_to_cancel(records)
        refused.append(str(late.value))

    services.at["parcels/p1:parcel"] = too_late
    sell(selling(bill), records, services)
    assert refused == ["p1 is past the point of no return and will be sold."]
    assert services.made == [RESERVED, SENT, "PUT bills/p1:bill"]
    known = on_record(records)
    assert (known.progress.status, known.cancel_requested_at) == ("sold", None)
    assert [event.event for event in trail(known, "purchase")][-1] == "ended"


def ask_to_cancel(records: Records) -> None:
    asyncio.run(records.request_cancel("p1", NOW))


def test_a_pivot_that_is_refused_after_it_had_failed_is_none() -> None:
    down = [Fault("down")] * UNDO_TRIES
    engine, kept = run(selling(bill), {"send": [*down, NO]}, waiting=[("resume", None)])
    assert (kept.status, kept.irrevocable) == ("rejected", False)
    assert undone(engine) == ["p1:item"]


def test_past_the_pivot_a_saga_cannot_refuse() -> None:
    with pytest.raises(AssertionError, match="past the pivot"):
        run(forward_and_hear, {}, waiting=[("paid", {"amount": 4})])
