"""Two things side by side in one saga: several ears, of which the first that hears something
counts, and undos that say why they are made. The shop is that of the tests of signals."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from sagas.core.calls import Refused
from sagas.core.frame import forward
from sagas.core.progress import Order, Progress
from sagas.core.saga import Saga
from sagas.core.steps import Shown, Step
from sagas.core.turns import Durable
from tests.unit import test_signals_and_pivot as shop
from tests.unit.engine import Fault
from tests.unit.test_signals_and_pivot import (
    HOUR,
    LOST,
    NO,
    PAID,
    PENDING,
    Body,
    Engine,
    Paid,
    bill,
    line,
    look_up,
    release,
    reserve,
    run,
    thank,
    undone,
    why,
)

MINUTE = timedelta(minutes=1)


def hearing_both(saga: Saga) -> Durable[None]:
    """Listen for a payment and a loss of their own attempts, until both were heard."""
    paid = saga.listen(PAID, within=HOUR, attempt="1")
    lost = saga.listen(LOST, within=HOUR, attempt="2")
    first = yield from saga.first(paid, lost)
    second = yield from saga.first(paid, lost)
    saga.show(first=first, second=second)


A, B = ("paid:1", {"amount": 5}), ("lost:2", {"where": "at sea"})


@pytest.mark.parametrize("words", [[A, B], [B, A]])
def test_of_two_ears_each_is_heard_in_the_order_in_which_the_words_come(
    words: list[tuple[str, Any]],
) -> None:
    engine, kept = run(hearing_both, waiting=words)
    assert (kept.results["first"], kept.results["second"]) == (words[0][1], words[1][1])
    assert engine.pauses == [HOUR.total_seconds()] * 2
    assert [(wait.word is not None, wait.over) for wait in kept.waits] == [(True, True)] * 2
    assert {entry.result for entry in kept.entries} == {"done"}


def test_of_two_words_that_are_there_the_ear_named_first_counts() -> None:
    _, kept = run(hearing_both, early=(B, A))
    assert kept.results["first"] == A[1]


def test_an_ear_that_was_not_the_first_stays_open_on_record() -> None:
    seen: list[bool] = []

    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR, attempt="1")
        lost = saga.listen(LOST, within=HOUR, attempt="2")
        yield from saga.first(paid, lost)
        yield from saga.run(reserve)
        seen.extend(wait.over for wait in saga.progress.waits)
        saga.show(said=(yield from saga.first(lost)))

    _, kept = run(body, waiting=[A], word=B[1], events={"reserve": ["lost:2"]})
    assert seen == [True, False]
    assert (kept.status, kept.results["said"]) == ("sold", B[1])


def test_each_ear_has_its_own_time() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR, attempt="1")
        lost = saga.listen(PAID, within=MINUTE, attempt="2", late=Paid(amount=0))
        saga.show(said=(yield from saga.first(paid, lost)))
        yield from saga.first(paid, lost)

    _, kept = run(body)
    assert kept.results["said"] == {"amount": 0}
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")


def test_each_ear_asks_for_itself() -> None:
    def body(saga: Saga) -> Durable[None]:
        lost = saga.listen(LOST, within=HOUR)
        paid = saga.listen(PAID.asked(look_up, MINUTE), within=HOUR)
        saga.show(said=(yield from saga.first(lost, paid)))
        saga.close(lost)

    engine, kept = run(body, {"look up payment": [PENDING, {"amount": 6}]})
    assert kept.results["said"] == {"amount": 6}
    assert engine.pauses == [HOUR.total_seconds()] * 2 + [MINUTE.total_seconds()] * 2


def test_a_look_at_the_ears_lasts_so_long_and_no_longer() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR)
        began = saga.now
        assert (yield from saga.first(paid, within=MINUTE)) is None
        assert saga.now - began < 2 * MINUTE
        saga.show(said=(yield from saga.first(paid, within=2 * HOUR)))

    _, kept = run(body)
    assert (kept.status, why(kept)) == ("rejected", "paid_timed_out")


def test_an_ear_that_is_closed_hears_nothing_and_leaves_no_line_open() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR)
        lost = saga.listen(LOST, within=HOUR)
        yield from saga.first(paid, lost)
        saga.close(lost)
        saga.close(lost)

    _, kept = run(body, waiting=[("paid", {"amount": 5})])
    assert kept.status == "sold"
    assert (line(kept, "lost").result, line(kept, "lost").reason) == ("done", None)
    assert [(wait.signal, wait.over) for wait in kept.waits] == [("paid", True)]


def test_what_is_said_after_an_ear_is_closed_is_kept_for_the_next() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR)
        assert (yield from saga.first(paid, within=MINUTE)) is None
        saga.close(paid)
        yield from saga.run(reserve)
        saga.show(said=(yield from saga.hear(PAID, within=HOUR)))

    _, kept = run(body, word={"amount": 7}, events={"reserve": ["paid"]})
    assert kept.results["said"] == {"amount": 7}


@pytest.mark.parametrize("how", ["cancel", "refused", "word"])
def test_when_the_saga_stops_no_ear_stays_open(how: str) -> None:
    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(reserve)
        paid = saga.listen(PAID, within=HOUR)
        lost = saga.listen(LOST, within=2 * HOUR)
        if how == "refused":
            saga.refuse("weigh", "too_heavy", "It weighs a ton.")
        yield from saga.first(paid, lost)

    told: Any = {"cancel": [("cancel", None)], "word": [("paid", {"amount": 1})]}
    engine, kept = run(body, waiting=told.get(how, []))
    assert kept.status == ("cancelled" if how == "cancel" else "rejected")
    assert undone(engine) == ["p1:item"]
    assert [wait.over for wait in kept.waits] == [True, True]
    assert [line(kept, name).result for name in ("paid", "lost")] == ["refused"] * 2
    assert line(kept, "lost").reason == why(kept)


def test_a_run_that_takes_over_hears_what_is_known_first() -> None:
    def body(saga: Saga) -> Durable[None]:
        paid = saga.listen(PAID, within=HOUR)
        lost = saga.listen(LOST, within=HOUR)
        first = yield from saga.first(lost, paid)
        second = yield from saga.first(lost, paid)
        saga.show(first=first, second=second)

    _, kept = run(body, order=shop.heard(), waiting=[("lost", B[1])])
    assert (kept.results["first"], kept.results["second"]) == ({"amount": 5}, B[1])


class Because(BaseModel):
    reason: str
    amount: int


def _because(progress: Progress) -> Because:
    assert progress.halt is not None
    return Because(reason=progress.halt.reason, amount=progress.results["item"].get("n", 0))


def saying() -> Body:
    why_back = replace(release, says=_because)

    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(replace(reserve, undo=why_back))
        saga.refuse("weigh", "too_heavy", "It weighs a ton.")

    return body


def test_an_undo_can_say_why_it_is_made_and_what_is_known_by_then() -> None:
    engine, kept = run(saying(), {"reserve": {"n": 3}})
    assert kept.status == "rejected"
    assert engine.inputs["release"].body == {"reason": "too_heavy", "amount": 3}


def test_an_undo_that_is_tried_again_says_it_again() -> None:
    no = Refused(reason="no", detail="Not now.")
    engine, kept = run(
        saying(),
        {"reserve": {"n": 3}, "release": [Fault("lost"), no, {}]},
        waiting=[("resume", None)],
    )
    assert (kept.status, len(undone(engine))) == ("rejected", 3)
    assert engine.inputs["release"].body == {"reason": "too_heavy", "amount": 3}


def test_an_undo_that_says_what_another_told_is_called_after_that_is_done() -> None:
    refund = Step("refund", "bank", "POST bills/{id}/refund", "bill", Shown, says=_because)
    free = Step("free", "post", "POST letters/{id}/free", "letter", Shown)

    def body(saga: Saga) -> Durable[None]:
        yield from saga.run(replace(thank, undo=free))
        yield from saga.run(replace(bill, undo=replace(refund, after=("release",))))
        yield from saga.run(reserve)
        saga.refuse("weigh", "too_heavy", "It weighs a ton.")

    engine = Engine({"release": [NO, {"n": 9}]}, waiting=[("resume", None)])
    kind = shop.shop(body)
    kind = replace(kind, rows={**kind.rows, "more": [replace(bill, name="b", undo=refund)]})
    kind = replace(kind, rows={**kind.rows, "most": [replace(thank, name="t", undo=free)]})
    engine.run(forward(kind, 1)(engine, Order(case_id="p1", request={})))  # type: ignore[arg-type]
    assert engine.kept.status == "rejected"
    undos = [step for step, _ in engine.made if step in ("release", "refund", "free")]
    assert undos == ["release", "free", "release", "refund"]
    assert engine.inputs["refund"].body == {"reason": "too_heavy", "amount": 9}
