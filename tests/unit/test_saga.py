"""The saga's rules, with a fake engine and steps of no service."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from sagas.core import calls
from sagas.core.calls import CIRCUIT_OPEN, DETAIL_LENGTH, CircuitOpen, Refused
from sagas.core.policies import Policies, Retry
from sagas.core.progress import Entry, Halt, Progress
from sagas.core.saga import Saga, Stopped
from sagas.core.signals import Signal
from sagas.core.steps import Placed, Shown, Step
from sagas.core.turns import Durable
from tests.unit.engine import Broken, FakeEngine, Fault

STEP, UNDO, INSIST = Policies().step, Policies().undo, Policies().record
STEP_TRIES, UNDO_TRIES = STEP.tries or 0, UNDO.tries or 0
OPEN = CircuitOpen("kept back")
NO = Refused(reason="no", detail="It will not be.")
CANCELLED = Refused(reason="cancelled_by_owner", detail="The owner cancelled the case.")
RECORD = "keep record"


def step(name: str, undo: str | None = None) -> Step[Shown]:
    undoing = step(undo) if undo else None
    return Step(name, "service", f"PUT {name}/{{id}}", "", Shown, undoing)


def run(engine: FakeEngine, body: Any, cancelled: Refused | None = CANCELLED) -> tuple[Saga, Any]:
    one_row: defaultdict[str, Placed] = defaultdict(lambda: Placed("row", step("any")))
    saga = Saga(engine, "t1", one_row, Policies(), Progress(), cancelled)  # type: ignore[arg-type]
    return saga, engine.run(body(saga))


def insist(saga: Saga, name: str, retry: Retry = INSIST) -> Durable[Entry]:
    """Take a step as often as its policy says, and return what it came to."""
    told, _ = yield from saga.conclude(step(name), retry, Progress(status="done"))
    return told


def concluded(saga: Saga) -> Durable[tuple[Entry, Entry]]:
    """Take the step a, which tells of the end, and put the end on record."""
    return saga.conclude(step("a"), STEP, Progress(status="done"))


def stopped(steps: Durable[Any]) -> Durable[Stopped]:
    """Take steps at which the saga stops, and return why."""
    with pytest.raises(Stopped) as stop:
        yield from steps
    return stop.value


def test_a_step_that_stands_in_no_row_is_named() -> None:
    saga = Saga(FakeEngine({}), "t1", {}, Policies(), Progress(), CANCELLED)  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="The step a stands in no row of the kind: add it"):
        list(saga.run(step("a")))


def test_parallel_steps_are_called_together() -> None:
    engine = FakeEngine({"a": {"n": 1}, "b": {"n": 2}})
    _, values = run(engine, lambda saga: saga.together(step("a"), step("b")))
    assert engine.together == [["a", "b"]]
    assert values == (Shown.model_validate({"n": 1}), Shown.model_validate({"n": 2}))


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Fault("down"), ("a", "unavailable", "down", "failed")),
        (NO, ("a", "no", "It will not be.", "rejected")),
        (Refused(reason="", detail=""), ("a", "", "", "rejected")),
    ],
)
def test_siblings_are_settled_before_a_failure_stops_the_saga(reply: Any, why: Any) -> None:
    engine = FakeEngine({"a": reply})
    _, stop = run(engine, lambda saga: stopped(saga.together(step("a"), step("b"))))
    assert set(engine.calls) == {"a", "b"}
    assert (stop.step, stop.reason, stop.detail, stop.status) == why
    assert str(stop) == stop.detail


def test_a_fault_counts_before_a_refusal() -> None:
    engine = FakeEngine({"a": NO, "b": Fault("down")})
    _, stop = run(engine, lambda saga: stopped(saga.together(step("a"), step("b"))))
    assert stop.step == "b"


def test_what_failed_is_undone_too_in_reverse_order() -> None:
    engine = FakeEngine({"c": [Fault("answer lost")] * STEP_TRIES})

    def body(saga: Saga) -> Any:
        yield from saga.together(step("a", "undo a"), step("b", "undo b"))
        yield from stopped(saga.run(step("c", "undo c")))
        yield from saga.compensate()

    run(engine, body)
    assert engine.calls == ["a", "b", *["c"] * STEP_TRIES, "undo c", "undo a", "undo b"]


def test_an_undo_that_fails_does_not_stop_the_others_and_is_tried_again() -> None:
    engine = FakeEngine({"undo b": [*[Fault("down")] * UNDO_TRIES, {}]})
    failures = []

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        yield from saga.run(step("b", "undo b"))
        failures.append((yield from saga.compensate()))
        failures.append((yield from saga.compensate()))

    run(engine, body)
    assert engine.calls == ["a", "b", *["undo b"] * UNDO_TRIES, "undo a", "undo b"]
    assert [[entry.step for entry in each] for each in failures] == [["undo b"], []]


def test_a_refused_undo_counts_as_not_undone() -> None:
    engine = FakeEngine({"undo a": [NO, {}]})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        first = yield from saga.compensate()
        return first, (yield from saga.compensate())

    _, (first, second) = run(engine, body)
    assert [entry.reason for entry in first] == ["no"]
    assert second == []
    assert engine.calls == ["a", "undo a", "undo a"]


def test_what_could_not_be_undone_is_undone_in_reverse_order_the_second_time_too() -> None:
    engine = FakeEngine({f"undo {name}": [NO, {}] for name in "abc"})

    def body(saga: Saga) -> Any:
        for name in "abc":
            yield from saga.run(step(name, f"undo {name}"))
        yield from saga.compensate()
        yield from saga.compensate()

    run(engine, body)
    assert engine.calls == ["a", "b", "c", *["undo c", "undo b", "undo a"] * 2]


def test_insisting_outlasts_faults_and_ends_at_a_refusal() -> None:
    engine = FakeEngine({"a": [Fault("down"), Fault("down"), {}], "b": NO})

    def body(saga: Saga) -> Any:
        done = yield from insist(saga, "a")
        refused = yield from insist(saga, "b")
        return done.result, refused.result

    _, results = run(engine, body)
    assert results == ("done", "refused")
    assert engine.calls == ["a", "a", "a", RECORD, "b"]


def test_entries_tell_what_happened_in_order_with_times() -> None:
    engine = FakeEngine({"b": NO})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        yield from stopped(saga.run(step("b")))
        yield from saga.compensate()

    saga, _ = run(engine, body)
    told = [(e.step, e.compensation, e.result, e.reason, e.detail) for e in saga.progress.entries]
    assert told == [
        ("a", False, "done", None, None),
        ("b", False, "refused", "no", "It will not be."),
        ("undo a", True, "done", None, None),
    ]
    assert all(e.ended_at and e.ended_at > e.started_at for e in saga.progress.entries)


def test_an_event_is_waited_for_once_until_it_is_taken() -> None:
    engine = FakeEngine({})
    saga, _ = run(engine, lambda saga: saga.together())
    first = saga.turns.event("resume")
    assert saga.turns.event("resume") is first
    engine.tell("resume", None)
    assert first.is_complete
    assert saga.turns.event("resume") is first
    saga.turns.take("resume")
    assert not saga.turns.event("resume").is_complete


def test_a_line_about_no_call_says_what_it_came_to() -> None:
    no = Refused(reason="too_late", detail="x" * 1000)
    approval = Signal("approval", Shown, check=lambda _: no)
    engine = FakeEngine({}, waiting=[("approval", {})])
    began = engine.current_utc_datetime.replace(tzinfo=UTC)
    hours = timedelta(hours=1)
    saga, stop = run(engine, lambda saga: stopped(saga.hear(approval, within=hours)))
    [line] = saga.progress.entries
    assert (line.step, line.resource, line.result) == ("approval", "", "refused")
    assert (line.reason, line.detail) == ("too_late", "x" * DETAIL_LENGTH)
    assert (line.started_at, line.ended_at) == (began, saga.now)
    assert (stop.step, stop.reason) == ("approval", "too_late")


def test_what_a_line_says_is_not_longer_than_it_may_be() -> None:
    long = Refused(reason="no", detail="x" * 1000)
    saga, _ = run(FakeEngine({"a": long}), lambda saga: insist(saga, "a", STEP))
    assert saga.progress.entries[0].detail == "x" * DETAIL_LENGTH


def test_every_try_is_on_record_with_its_fault_and_the_pauses_double() -> None:
    engine = FakeEngine({"a": [Fault("one"), Fault("two"), {}]})
    saga, _ = run(engine, lambda saga: saga.run(step("a")))
    [entry] = saga.progress.entries
    assert (entry.result, entry.tries) == ("done", 3)
    assert [(fault.number, fault.detail) for fault in entry.faults] == [(1, "one"), (2, "two")]
    assert all(fault.ended_at > fault.started_at for fault in entry.faults)
    assert engine.pauses == pytest.approx([0.25, 0.5], rel=0.2)


def test_steps_that_failed_together_wait_for_the_longest_of_their_pauses() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}], "b": [Fault("down"), {}]})
    run(engine, lambda saga: saga.together(step("a"), step("b")))
    pauses = STEP.pause(1, "t1 a"), STEP.pause(1, "t1 b")
    assert engine.pauses == [max(pauses).total_seconds()] != [min(pauses).total_seconds()]


@pytest.mark.parametrize(
    ("clock", "ended"),
    [(-3600, 0), (0, 0), (0.005, 0.005), (0.01, 0.01), (3600, 0.01)],
    ids=["behind", "at the call", "between", "at the answer", "ahead"],
)
@pytest.mark.parametrize("fails", [False, True], ids=["answer", "fault"])
def test_what_another_clock_tells_is_kept_between_call_and_answer(
    monkeypatch: pytest.MonkeyPatch, clock: float, ended: float, fails: bool
) -> None:
    start = datetime(2024, 12, 1, tzinfo=UTC)
    monkeypatch.setattr(calls, "_now", lambda: start + timedelta(seconds=clock))
    engine = FakeEngine({"a": [Fault("down"), {}] if fails else {}})
    saga, _ = run(engine, lambda saga: saga.run(step("a")))
    [line] = saga.progress.entries
    told = line.faults[0] if fails else line
    assert (told.started_at, told.ended_at) == (start, start + timedelta(seconds=ended))


def test_only_what_failed_is_tried_again() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}], "b": {}, "c": [Fault("down"), {}]})
    run(engine, lambda saga: saga.together(step("a"), step("b"), step("c")))
    assert engine.together == [["a", "b", "c"], ["a", "c"]]


def test_an_activity_that_breaks_is_a_fault_of_all_its_calls() -> None:
    engine = FakeEngine({"a": [Broken("out of memory" * 100), {}]})
    saga, _ = run(engine, lambda saga: saga.together(step("a"), step("b")))
    assert engine.together == [["a", "b"], ["a", "b"]]
    told = ("out of memory" * 100)[:DETAIL_LENGTH]
    assert [fault.detail for line in saga.progress.entries for fault in line.faults] == [told, told]


class Garbled(FakeEngine):
    """An engine in which the first activity returns something else."""

    def __init__(self, replies: dict[str, Any], returns: Any) -> None:
        super().__init__(replies)
        self.returns = [returns]

    def call_activity(self, activity: Any, *, input: calls.Calls) -> Any:
        task = super().call_activity(activity, input=input)
        if self.returns:
            self._pending[-1] = lambda: task.complete(self.returns.pop())
        return task


def test_an_activity_that_returns_what_cannot_be_read_is_a_fault_of_all_its_calls() -> None:
    engine = Garbled({}, {"results": []})
    saga, _ = run(engine, lambda saga: saga.together(step("a"), step("b")))
    assert engine.together == [["a", "b"], ["a", "b"]]
    faults = [fault for line in saga.progress.entries for fault in line.faults]
    assert [fault.reason for fault in faults] == ["no_answer", "no_answer"]
    assert all("outcomes" in fault.detail for fault in faults)


def test_a_call_of_which_its_activity_tells_nothing_is_not_taken_for_done() -> None:
    with pytest.raises(ValueError, match="zip"):
        run(Garbled({}, {"outcomes": []}), lambda saga: saga.run(step("a")))


def test_a_body_is_sent_as_json() -> None:
    class Body(BaseModel):
        at: datetime

    engine = FakeEngine({})
    body = Body(at=datetime(2024, 12, 1, tzinfo=UTC))
    run(engine, lambda saga: saga.run(step("a").given(body)))
    assert engine.inputs["a"].body == {"at": "2024-12-01T00:00:00Z"}


def test_the_record_is_kept_with_the_step_it_concludes_and_has_no_line() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}]})
    saga, (done, kept) = run(engine, concluded)
    assert engine.calls == ["a", "a", RECORD]
    assert engine.together == [["a", RECORD], ["a"], [RECORD]]
    assert (done.result, kept.result) == ("done", "done")
    assert [entry.step for entry in saga.progress.entries] == ["a"]


def test_a_record_that_cannot_be_kept_is_tried_again_alone() -> None:
    engine = FakeEngine({RECORD: [Fault("store down"), {}]})
    _, (_, kept) = run(engine, concluded)
    assert engine.calls == ["a", RECORD, RECORD]
    assert kept.result == "done"


@pytest.mark.parametrize(("reply", "result"), [(Fault("down"), "failed"), (NO, "refused")])
def test_no_record_is_kept_of_a_step_that_is_not_done(reply: Any, result: str) -> None:
    engine = FakeEngine({"a": reply})
    _, (ended, kept) = run(engine, concluded)
    assert RECORD not in engine.calls
    assert (ended.result, kept.result) == (result, "running")


def test_a_cancel_that_comes_before_the_record_is_kept_stops_the_saga() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}]}, events={"a": ["cancel"]})
    _, stop = run(engine, lambda saga: stopped(concluded(saga)))
    assert (stop.step, stop.reason) == ("a", CANCELLED.reason)
    assert RECORD not in engine.calls


def test_a_cancel_that_comes_after_the_record_was_kept_comes_too_late() -> None:
    engine = FakeEngine({}, events={RECORD: ["cancel"]})
    _, (done, kept) = run(engine, concluded)
    assert (done.result, kept.result) == ("done", "done")


@pytest.mark.parametrize("when", ["before", "at its first try"])
def test_to_keep_the_record_is_tried_until_it_works_although_the_saga_is_cancelled(
    when: str,
) -> None:
    step_then = {"before": "a", "at its first try": RECORD}[when]
    replies = {RECORD: [Fault("store down"), {}]}
    engine = FakeEngine(replies, events={step_then: ["cancel"]})

    def body(saga: Saga) -> Any:
        if when == "before":
            yield from stopped(saga.run(step("a")))
        return (yield from saga.put_on_record())

    saga, kept = run(engine, body)
    assert kept.result == "done"
    assert saga.turns.cancelled


def test_nobody_listens_for_a_cancel_while_all_goes_well() -> None:
    engine = FakeEngine({"b": Fault("down")})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a"))
        assert engine.sentinels == []
        yield from insist(saga, "b", STEP)

    run(engine, body)
    assert engine.sentinels == ["cancel"]


def test_a_saga_that_cannot_be_cancelled_listens_for_nothing() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}]})
    run(engine, lambda saga: saga.run(step("a")), cancelled=None)
    assert engine.sentinels == []


def test_an_open_circuit_breaker_ends_a_step_at_once_but_not_an_undo() -> None:
    engine = FakeEngine({"b": OPEN, "undo a": [OPEN, OPEN, {}]})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        stop = yield from stopped(saga.run(step("b")))
        assert stop.reason == CIRCUIT_OPEN
        assert (yield from saga.compensate()) == []

    run(engine, body)
    assert engine.calls == ["a", "b", "undo a", "undo a", "undo a"]


def test_a_cancel_waits_for_what_was_called_and_calls_nothing_new() -> None:
    engine = FakeEngine({}, events={"a": ["cancel"]})

    def body(saga: Saga) -> Any:
        stop = yield from stopped(saga.together(step("a", "undo a"), step("b", "undo b")))
        yield from saga.compensate()
        return stop

    _, stop = run(engine, body)
    assert engine.calls == ["a", "b", "told to cancel", "undo a", "undo b"]
    assert (stop.step, stop.reason, stop.status) == ("a", CANCELLED.reason, "cancelled")
    assert stop.detail == CANCELLED.detail


def test_a_cancel_stops_the_saga_also_where_there_is_nothing_to_call() -> None:
    engine = FakeEngine({})
    engine.tell("cancel", None)
    _, stop = run(engine, lambda saga: stopped(saga.together()))
    assert (stop.step, stop.reason) == ("", CANCELLED.reason)


def test_a_cancel_ends_the_pause_before_another_try() -> None:
    engine = FakeEngine({"a": Fault("down")}, waiting=[("cancel", None)])
    saga, stop = run(engine, lambda saga: stopped(insist(saga, "a")))
    assert (stop.step, stop.reason) == ("a", CANCELLED.reason)
    assert engine.calls == ["a", "told to cancel"]
    [line] = saga.progress.entries
    assert (line.result, line.tries, line.ended_at) == ("failed", 1, saga.now)


def test_a_cancel_while_a_call_fails_leaves_no_pause() -> None:
    engine = FakeEngine({"a": Fault("down")}, events={"a": ["cancel"]})
    _, stop = run(engine, lambda saga: stopped(insist(saga, "a")))
    assert stop.reason == CANCELLED.reason
    assert engine.pauses == []


def test_what_undoes_is_not_stopped_by_a_cancel() -> None:
    engine = FakeEngine({"undo a": [Fault("down"), {}]}, events={"undo a": ["cancel"]})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        return (yield from saga.compensate())

    _, failed = run(engine, body)
    assert failed == []
    assert engine.calls.count("undo a") == 2


def test_only_the_latest_faults_are_kept_but_all_tries_are_counted() -> None:
    engine = FakeEngine({"a": [*[Fault("down")] * 50, {}]})
    saga, _ = run(engine, lambda saga: insist(saga, "a"))
    assert saga.progress.entries[0].tries == 51
    assert [fault.number for fault in saga.progress.entries[0].faults] == list(range(31, 51))


class Why(BaseModel):
    reason: str


def _why(progress: Progress) -> Why:
    return Why(reason=progress.halt.reason if progress.halt else "unknown")


def test_an_undo_says_what_is_known_when_it_is_made() -> None:
    curious = replace(step("undo a"), says=_why, body={"kept": 1})

    def body(saga: Saga) -> Durable[list[Entry]]:
        saga.owe(curious, step("undo b"))
        saga.progress.halt = Halt(step="b", reason="no", detail="It will not be.")
        return saga.compensate()

    engine = FakeEngine({})
    run(engine, body)
    assert engine.inputs["undo a"].body == {"kept": 1, "reason": "no"}
    assert engine.inputs["undo b"].body == {}
