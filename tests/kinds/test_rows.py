"""Every kind over its rows, on a fake engine: whatever fails, whenever, it is whole or nothing."""

from dataclasses import dataclass
from typing import Any

import pytest

from sagas.core.calls import Refused
from sagas.core.frame import forward
from sagas.core.policies import Policies
from sagas.core.progress import Order, Progress
from tests.kinds.examples import EXAMPLES, Example
from tests.unit.engine import FakeEngine, Fault

NO = Refused(reason="no", detail="It does not like it.")
OWN = ("keep record", "look at record")


@dataclass(frozen=True)
class Run:
    engine: FakeEngine
    kept: Progress

    @property
    def called(self) -> list[str]:
        """The calls of participants, in order, each once."""
        calls = [c for c in self.engine.calls if c not in OWN and not c.startswith("told to")]
        return list(dict.fromkeys(calls))


def run(example: Example, replies: dict[str, Any], **engine_does: Any) -> Run:
    known = {"look at record": {"again": False}} | example.answers
    told = [*engine_does.pop("waiting", []), *example.told]
    engine = FakeEngine(known | replies, waiting=told, **engine_does)
    order = Order(case_id="c1", request=example.request)
    engine.run(forward(example.kind, len(example.kind.workflows))(engine, order))  # type: ignore[arg-type]
    return Run(engine, engine.kept)


def steps_of(example: Example) -> list[str]:
    """Return the steps of a case that goes well."""
    return run(example, {}).called


def undone_by(example: Example, begun: list[str]) -> list[str]:
    """Return the undos of the steps that were begun, in the order in which they are called."""
    rows = [[s for s in row if s.undo and s.name in begun] for row in example.kind.rows.values()]
    return [n for row in reversed(rows) for n in dict.fromkeys(s.undo.name for s in row if s.undo)]


def pivot_of(example: Example) -> str | None:
    """Return the pivot that the example passes; a kind may have one at each of several places."""
    placed = example.kind.placed
    return next((name for name in steps_of(example) if placed[name].step.pivot), None)


def closing_of(example: Example) -> str | None:
    """Return the step that tells of a case that went well."""
    kind = example.kind
    told = kind.closing("c1", kind.read(example.request), run(example, {}).kept)
    return told.name if told else None


def _named(example: Example) -> str:
    return example.kind.noun


def _before_pivot(example: Example, including: bool) -> list[str]:
    steps, pivot = steps_of(example), pivot_of(example)
    closing = [s for s in steps if s in {n.name for n in example.kind.rows["send"]}]
    if pivot is None:
        return [step for step in steps if step not in closing]
    return steps[: steps.index(pivot) + including]


EVERY = [
    pytest.param(example, step, id=f"{example.kind.noun}, {step}")
    for example in EXAMPLES
    for step in _before_pivot(example, including=True)
]
FORWARD = [
    pytest.param(example, step, id=f"{example.kind.noun}, {step}")
    for example in EXAMPLES
    if (pivot := pivot_of(example))
    for step in steps_of(example)[steps_of(example).index(pivot) :]
]


@pytest.mark.parametrize("example", EXAMPLES, ids=_named)
def test_a_case_that_goes_well_is_done_and_undoes_nothing(example: Example) -> None:
    gone = run(example, {})
    assert gone.kept.status == example.kind.done
    assert not [entry for entry in gone.kept.entries if entry.compensation]


@pytest.mark.parametrize(("example", "step"), EVERY)
def test_a_refused_step_undoes_all_that_was_begun(example: Example, step: str) -> None:
    gone = run(example, {step: NO})
    promised = example.kind.placed[step].step.promised
    assert gone.kept.status == ("failed" if promised else "rejected")
    _nothing_is_left(example, gone, step)


@pytest.mark.parametrize(
    ("example", "step"),
    [case for case in EVERY if case.values[1] != pivot_of(case.values[0])],  # type: ignore[arg-type]
)
def test_a_step_that_fails_for_good_undoes_all_that_was_begun(example: Example, step: str) -> None:
    gone = run(example, {step: Fault("down")})
    assert gone.kept.status == "failed"
    _nothing_is_left(example, gone, step)


@pytest.mark.parametrize(("example", "step"), EVERY)
def test_a_step_whose_answer_is_lost_is_done_by_the_next_try(example: Example, step: str) -> None:
    gone = run(example, {step: [Fault("lost"), example.answers.get(step, {})]})
    assert gone.kept.status == example.kind.done
    assert gone.engine.calls.count(step) > 1


@pytest.mark.parametrize(
    ("example", "step"),
    [case for case in EVERY if case.values[1] != pivot_of(case.values[0])],  # type: ignore[arg-type]
)
def test_a_cancel_at_a_step_undoes_all_that_was_begun(example: Example, step: str) -> None:
    gone = run(example, {}, events={step: ["cancel"]})
    assert gone.kept.status == "cancelled"
    _nothing_is_left(example, gone, step)


@pytest.mark.parametrize(("example", "step"), FORWARD)
def test_past_the_pivot_what_fails_waits_for_help_and_goes_on(example: Example, step: str) -> None:
    policies = Policies()
    patience = policies.mail if step == closing_of(example) else policies.undo
    tries = patience.tries or 0
    down = [Fault("down")] * tries * 2  # for two parcels, side by side or one after the other
    helped = [("resume", None), ("resume", None)]
    gone = run(example, {step: [*down, example.answers.get(step, {})]}, waiting=helped)
    assert gone.kept.status == example.kind.done
    assert "needs_attention" in [m.event for m in gone.kept.milestones]
    assert not [entry for entry in gone.kept.entries if entry.compensation]


@pytest.mark.parametrize(("example", "step"), FORWARD)
def test_past_the_pivot_a_cancel_changes_nothing(example: Example, step: str) -> None:
    gone = run(example, {}, events={step: ["cancel"]})
    assert gone.kept.status == example.kind.done
    assert not [entry for entry in gone.kept.entries if entry.compensation]


def _nothing_is_left(example: Example, gone: Run, step: str) -> None:
    begun = gone.called[: gone.called.index(step) + 1]
    row = next(r for r in example.kind.rows.values() if step in [s.name for s in r])
    begun += [s.name for s in row if s.name in gone.called]
    undone = [name for name in gone.called if name in undone_by(example, gone.called)]
    assert undone == undone_by(example, begun)
    assert all(entry.result == "done" for entry in gone.kept.entries if entry.compensation), (
        "every undo was done"
    )
