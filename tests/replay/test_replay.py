"""Trips that run go on after a deploy: recorded histories of every version replay on the SDK's own
executor. `record_histories` records them, on the real system."""

import json
import logging
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dapr.ext.workflow import WorkflowRuntime, when_any
from dapr.ext.workflow._durabletask import worker
from dapr.ext.workflow._durabletask.internal import protos as pb
from google.protobuf.json_format import ParseDict

from orchestrator.trip import TRIP
from sagas.core.saga import Saga
from sagas.core.steps import Step
from sagas.core.turns import Turns
from sagas.engine.engine import register
from sagas.engine.workflows import Workflows

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.jsonl"))
VERSIONS = {str(number) for number in range(1, len(TRIP.workflows) + 1)}


@pytest.fixture(scope="module")
def registry() -> Any:
    """The workflows as the orchestrator registers them."""
    runtime = WorkflowRuntime()
    register(runtime, TRIP)
    return runtime._WorkflowRuntime__worker._registry  # type: ignore[attr-defined]


class Diverged(Exception):
    """A workflow does otherwise than it did."""


def events_of(history: Path) -> list[Any]:
    lines = history.read_text().splitlines()
    return [ParseDict(json.loads(line), pb.HistoryEvent()) for line in lines]


def turns(events: list[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Give what was past and what was new at each turn, what the turn itself scheduled apart."""
    begins = [n for n, event in enumerate(events) if event.HasField("workflowStarted")]
    for begin, end in zip(begins, [*begins[1:], len(events)], strict=True):
        new = [e for e in events[begin:end] if not _is_scheduled(e)]
        yield events[:begin], new


def replay(registry: Any, history: Path) -> str:
    """Replay a history turn by turn and return what the workflow ended with. Raises Diverged."""
    events = events_of(history)
    for past, new in turns(events):
        executor = worker._OrchestrationExecutor(registry, logging.getLogger("replay"))
        done = executor.execute("t1", past, new)
        recorded = [_planned(e) for e in events[len(past) + len(new) :] if _is_scheduled(e)]
        for action in done.actions:
            if action.HasField("completeWorkflow"):
                end = action.completeWorkflow
                if end.workflowStatus != pb.ORCHESTRATION_STATUS_COMPLETED:
                    raise Diverged(end.failureDetails.errorMessage)
                return str(json.loads(end.result.value))
            if _planned(action) not in recorded:
                raise Diverged(f"it did not do this: {action}")
    raise Diverged("it did not end")


def _of_both(registry: Any, history: Path) -> Iterator[tuple[Any, Any]]:
    """Give what a workflow does at each turn, when it goes on from the last one and when all of its
    history is replayed."""
    workflows = Workflows(registry)
    for past, new in turns(events_of(history)):
        replayed = worker._OrchestrationExecutor(registry, logging.getLogger("replay"))
        yield workflows.turn("t1", past, new), replayed.execute("t1", past, new)


def _is_scheduled(event: Any) -> bool:
    return bool(event.HasField("taskScheduled") or event.HasField("timerCreated"))


def _planned(it: Any) -> tuple[int, str]:
    """Return the number and name of an activity, or the number of a timer, that was planned."""
    if isinstance(it, pb.HistoryEvent):
        return it.eventId, it.taskScheduled.name
    return it.id, it.scheduleTask.name


def test_there_are_histories_of_every_version() -> None:
    assert {history.parent.name for history in HISTORIES} == VERSIONS


@pytest.mark.parametrize("history", HISTORIES, ids=lambda it: f"{it.parent.name} {it.stem}")
def test_a_recorded_history_replays_to_its_end(registry: Any, history: Path) -> None:
    kept = [e.taskScheduled.input.value for e in events_of(history) if _is_scheduled(e)]
    assert f'"status": "{replay(registry, history)}"' in kept[-1]


def _waits_first(turns: Turns, *tasks: Any) -> Generator[Any, Any, None]:
    yield turns.ctx.create_timer(timedelta(seconds=1))
    yield when_any(list(tasks))


def _calls_one_by_one(saga: Saga, *steps: Step[Any]) -> Generator[Any, Any, tuple[Any, ...]]:
    answers = []
    for step in steps:
        answers.append((yield from saga.run(step)))
    return tuple(answers)


@pytest.mark.parametrize(
    ("part", "name", "moved"),
    [(Turns, "_first_of", _waits_first), (Saga, "together", _calls_one_by_one)],
)
def test_a_saga_that_yields_elsewhere_does_not_replay(
    registry: Any, monkeypatch: pytest.MonkeyPatch, part: type, name: str, moved: Any
) -> None:
    monkeypatch.setattr(part, name, moved)
    booked = [history for history in HISTORIES if "cancellation" not in history.name]
    for history in booked:
        with pytest.raises(Diverged):
            replay(registry, history)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda it: f"{it.parent.name} {it.stem}")
def test_going_on_does_what_a_replay_does(registry: Any, history: Path) -> None:
    for gone_on, replayed in _of_both(registry, history):
        assert gone_on.actions == replayed.actions
        assert gone_on.encoded_custom_status == replayed.encoded_custom_status
        assert gone_on.version_name == replayed.version_name
