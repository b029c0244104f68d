"""The saga's rules, with a fake engine and steps that have nothing to do with trips."""

from typing import Any

import pytest

from orchestrator.calls import CIRCUIT_OPEN, CircuitOpen, Refused
from orchestrator.policies import Policies, Retry
from orchestrator.saga import CANCELLED, Saga, Step, Stopped
from tests.unit.engine import Broken, FakeEngine, Fault

STEP, UNDO, INSIST = Policies().step, Policies().undo, Policies().record
STEP_TRIES, UNDO_TRIES = STEP.tries or 0, UNDO.tries or 0
OPEN = CircuitOpen("kept back")
NO = Refused(reason="no", detail="It will not be.")


def step(name: str, undo: str | None = None, retry: Retry = STEP) -> Step:
    undoing = Step(undo, "row", UNDO) if undo else None
    return Step(name, "row", retry, undo=undoing)


def run(engine: FakeEngine, body: Any) -> tuple[Saga, Any]:
    saga = Saga(engine, report=lambda: None, cancel="cancel")  # type: ignore[arg-type]
    return saga, engine.run(body(saga))


def test_parallel_steps_are_called_together() -> None:
    engine = FakeEngine({"a": {"n": 1}, "b": {"n": 2}})
    _, values = run(engine, lambda saga: saga.run(step("a"), step("b")))
    assert engine.together == [["a", "b"]]
    assert values == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("reply", [Fault("down"), NO])
def test_siblings_are_settled_before_a_failure_stops_the_saga(reply: Any) -> None:
    engine = FakeEngine({"a": reply})

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.run(step("a"), step("b"))
        assert stopped.value.step == "a"
        assert stopped.value.refused == (reply is NO)

    run(engine, body)
    assert set(engine.calls) == {"a", "b"}


def test_a_fault_counts_before_a_refusal() -> None:
    engine = FakeEngine({"a": NO, "b": Fault("down")})

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.run(step("a"), step("b"))
        assert stopped.value.step == "b"

    run(engine, body)


def test_what_failed_is_undone_too_in_reverse_order() -> None:
    engine = FakeEngine({"c": [Fault("answer lost")] * STEP_TRIES})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"), step("b", "undo b"))
        with pytest.raises(Stopped):
            yield from saga.run(step("c", "undo c"))
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
    engine = FakeEngine({"undo a": NO})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        return (yield from saga.compensate())

    _, failed = run(engine, body)
    assert [entry.reason for entry in failed] == ["no"]


def test_insisting_outlasts_faults_and_ends_at_a_refusal() -> None:
    engine = FakeEngine({"a": [Fault("down"), Fault("down"), {}], "b": NO})

    def body(saga: Saga) -> Any:
        done = yield from saga.insist(step("a", retry=INSIST))
        refused = yield from saga.insist(step("b", retry=INSIST))
        return done.result, refused.result

    _, results = run(engine, body)
    assert results == ("done", "refused")
    assert engine.calls == ["a", "a", "a", "b"]


def test_entries_tell_what_happened_in_order_with_times() -> None:
    engine = FakeEngine({"b": NO})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        with pytest.raises(Stopped):
            yield from saga.run(step("b"))
        yield from saga.compensate()

    saga, _ = run(engine, body)
    told = [(e.step, e.compensation, e.result, e.reason) for e in saga.entries]
    assert told == [
        ("a", False, "done", None),
        ("b", False, "refused", "no"),
        ("undo a", True, "done", None),
    ]
    assert all(e.ended_at and e.ended_at > e.started_at for e in saga.entries)


def test_every_try_is_on_record_with_its_fault_and_the_pauses_double() -> None:
    engine = FakeEngine({"a": [Fault("one"), Fault("two"), {}]})
    saga, _ = run(engine, lambda saga: saga.run(step("a")))
    [entry] = saga.entries
    assert (entry.result, entry.tries) == ("done", 3)
    assert [(fault.number, fault.detail) for fault in entry.faults] == [(1, "one"), (2, "two")]
    assert all(fault.ended_at > fault.started_at for fault in entry.faults)
    assert engine.pauses == pytest.approx([0.25, 0.5], rel=0.2)


def test_only_what_failed_is_tried_again() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}], "b": {}, "c": [Fault("down"), {}]})
    run(engine, lambda saga: saga.run(step("a"), step("b"), step("c")))
    assert engine.together == [["a", "b", "c"], ["a", "c"]]


def test_an_activity_that_breaks_is_a_fault_of_all_its_calls() -> None:
    engine = FakeEngine({"a": [Broken("out of memory"), {}]})
    saga, _ = run(engine, lambda saga: saga.run(step("a"), step("b")))
    assert engine.together == [["a", "b"], ["a", "b"]]
    assert [fault.detail for entry in saga.entries for fault in entry.faults] == [
        "out of memory",
        "out of memory",
    ]


def test_the_record_is_kept_with_the_step_it_concludes_and_has_no_line() -> None:
    engine = FakeEngine({"a": [Fault("down"), {}]})
    saga, (done, kept) = run(engine, lambda saga: saga.conclude(step("a"), step("record")))
    assert engine.calls == ["a", "a", "record"]
    assert engine.together == [["a", "record"], ["a"], ["record"]]
    assert (done.result, kept.result) == ("done", "done")
    assert [entry.step for entry in saga.entries] == ["a"]


def test_a_record_that_cannot_be_kept_is_tried_again_alone() -> None:
    engine = FakeEngine({"record": [Fault("store down"), {}]})
    _, (_, kept) = run(engine, lambda saga: saga.conclude(step("a"), step("record")))
    assert engine.calls == ["a", "record", "record"]
    assert kept.result == "done"


def test_no_record_is_kept_of_a_step_that_failed_for_good() -> None:
    engine = FakeEngine({"a": Fault("down")})
    _, (failed, kept) = run(engine, lambda saga: saga.conclude(step("a"), step("record")))
    assert engine.calls == ["a"] * STEP_TRIES
    assert (failed.result, kept.result) == ("failed", "running")


def test_nobody_listens_for_a_cancel_while_all_goes_well() -> None:
    engine = FakeEngine({"b": Fault("down")})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a"))
        assert engine.sentinels == []
        yield from saga.insist(step("b"))

    run(engine, body)
    assert engine.sentinels == ["cancel"]


def test_an_open_circuit_breaker_ends_a_step_at_once_but_not_an_undo() -> None:
    engine = FakeEngine({"b": OPEN, "undo a": [OPEN, OPEN, {}]})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        with pytest.raises(Stopped) as stopped:
            yield from saga.run(step("b"))
        assert stopped.value.reason == CIRCUIT_OPEN
        assert (yield from saga.compensate()) == []

    run(engine, body)
    assert engine.calls == ["a", "b", "undo a", "undo a", "undo a"]


def test_a_cancel_waits_for_what_was_called_and_calls_nothing_new() -> None:
    engine = FakeEngine({}, events={"a": "cancel"})

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.run(step("a", "undo a"), step("b", "undo b"))
        assert stopped.value.reason == CANCELLED
        yield from saga.compensate()

    run(engine, body)
    assert engine.calls == ["a", "b", "told to cancel", "undo a", "undo b"]


def test_a_cancel_ends_the_pause_before_another_try() -> None:
    engine = FakeEngine({"a": Fault("down")}, waiting=[("cancel", None)])

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.insist(step("a", retry=INSIST))
        assert stopped.value.reason == CANCELLED

    saga, _ = run(engine, body)
    assert engine.calls == ["a", "told to cancel"]
    assert saga.entries[0].result == "failed"


def test_a_cancel_while_a_call_fails_leaves_no_pause() -> None:
    engine = FakeEngine({"a": Fault("down")}, events={"a": "cancel"})

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.insist(step("a", retry=INSIST))
        assert stopped.value.reason == CANCELLED

    run(engine, body)
    assert engine.pauses == []


def test_what_undoes_is_not_stopped_by_a_cancel() -> None:
    engine = FakeEngine({"undo a": [Fault("down"), {}]}, events={"undo a": "cancel"})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        return (yield from saga.compensate())

    _, failed = run(engine, body)
    assert failed == []
    assert engine.calls.count("undo a") == 2


def test_only_the_latest_faults_are_kept_but_all_tries_are_counted() -> None:
    engine = FakeEngine({"a": [*[Fault("down")] * 50, {}]})
    saga, _ = run(engine, lambda saga: saga.insist(step("a", retry=INSIST)))
    assert saga.entries[0].tries == 51
    assert [fault.number for fault in saga.entries[0].faults] == list(range(31, 51))
