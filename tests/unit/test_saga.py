"""The saga's three rules, with a fake engine and steps that have nothing to do with trips."""

from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator.policies import STEP, UNDO
from orchestrator.saga import Refused, Saga, Step, Stopped
from tests.unit.engine import FakeEngine, Fault

NO = Refused(reason="no", detail="It will not be.")


class Nothing(BaseModel):
    pass


def step(name: str, undo: str | None = None) -> Step:
    undoing = Step(undo, _activity(undo), Nothing(), UNDO) if undo else None
    return Step(name, _activity(name), Nothing(), STEP, undoing)


def _activity(name: str) -> Any:
    def activity() -> None: ...

    activity.__name__ = name
    return activity


def run(engine: FakeEngine, body: Any) -> tuple[Saga, Any]:
    saga = Saga(engine, report=lambda: None)  # type: ignore[arg-type]
    return saga, engine.run(body(saga))


def test_parallel_steps_are_all_scheduled_before_the_first_is_waited_for() -> None:
    engine = FakeEngine({"a": {"n": 1}, "b": {"n": 2}})
    _, values = run(engine, lambda saga: saga.run(step("a"), step("b")))
    assert engine.calls == ["a", "b"]
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
    assert engine.settled == ["a", "b"]


def test_a_fault_counts_before_a_refusal() -> None:
    engine = FakeEngine({"a": NO, "b": Fault("down")})

    def body(saga: Saga) -> Any:
        with pytest.raises(Stopped) as stopped:
            yield from saga.run(step("a"), step("b"))
        assert stopped.value.step == "b"

    run(engine, body)


def test_what_failed_is_undone_too_in_reverse_order() -> None:
    engine = FakeEngine({"c": Fault("answer lost")})

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"), step("b", "undo b"))
        with pytest.raises(Stopped):
            yield from saga.run(step("c", "undo c"))
        yield from saga.compensate()

    run(engine, body)
    assert engine.calls == ["a", "b", "c", "undo c", "undo a", "undo b"]


def test_an_undo_that_fails_does_not_stop_the_others_and_is_tried_again() -> None:
    engine = FakeEngine({"undo b": [Fault("down"), {}]})
    failures = []

    def body(saga: Saga) -> Any:
        yield from saga.run(step("a", "undo a"))
        yield from saga.run(step("b", "undo b"))
        failures.append((yield from saga.compensate()))
        failures.append((yield from saga.compensate()))

    run(engine, body)
    assert engine.calls == ["a", "b", "undo b", "undo a", "undo b"]
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
        done = yield from saga.insist(step("a"))
        refused = yield from saga.insist(step("b"))
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
