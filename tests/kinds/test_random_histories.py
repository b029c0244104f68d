"""Every kind over random histories: a workflow that goes on from its last turn does what a replay
of all of its history does, whatever fails, comes late, is lost, or is done by another replica.

``HISTORIES=80`` are played of each kind, in place of a few.
"""

import json
import logging
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow._durabletask import worker as sdk
from dapr.ext.workflow._durabletask.internal import helpers
from dapr.ext.workflow._durabletask.internal import protos as pb
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import ValidationError

from sagas.core.calls import Answer, Call, Calls, Failure, Outcome, Outcomes, Refused
from sagas.core.progress import Order
from sagas.core.saga import CANCEL, RESUME
from sagas.engine.engine import register
from sagas.engine.workflows import Workflows
from tests.kinds.examples import EXAMPLES, Example

HISTORIES = int(os.environ.get("HISTORIES", "5"))
MOST_TURNS = 120
OWN = ("keep record", "look at record")


@dataclass
class Sidecar:
    """Plays the engine of one workflow, by a seed: what it schedules is done, fails, or waits."""

    example: Example
    luck: random.Random
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    past: list[Any] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    open: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        order = Order(case_id="c1", request=self.example.request)
        started = helpers.new_execution_started_event(
            self.example.kind.noun, "c1", encoded_input=order.model_dump_json()
        )
        self.words = list(self.example.told)
        self.new = [self._begin(), started]

    def take(self, actions: Sequence[Any]) -> bool:
        """Keep a turn and what it scheduled; return whether the workflow goes on."""
        self.new[0].workflowStarted.version.name = "1"
        self.past += self.new
        for action in actions:
            if action.HasField("completeWorkflow"):
                return False
            self.open[action.id] = action
            self.past.append(_noted(action))
        happened = list(self._happenings())
        self.new = [self._begin(), *happened]
        return bool(happened)

    def _begin(self) -> Any:
        self.now += timedelta(milliseconds=self.luck.randrange(1, 5_000))
        at = Timestamp()
        at.FromDatetime(self.now)
        return pb.HistoryEvent(eventId=-1, timestamp=at, workflowStarted=pb.WorkflowStartedEvent())

    def _happenings(self) -> Iterator[Any]:
        """Give what has happened by the next turn: a thing or two, in any order."""
        for _ in range(self.luck.choice((1, 1, 1, 2, 3))):
            tasks = [n for n, it in self.open.items() if it.HasField("scheduleTask")]
            said = self._said(is_busy=bool(tasks))
            if said:
                yield said
            elif tasks:
                yield self._ended(self.open.pop(self.luck.choice(tasks)))
            elif timers := [n for n, it in self.open.items() if _ends(it)]:
                yield self._fired(self.open.pop(self.luck.choice(timers)))

    def _said(self, is_busy: bool) -> Any:
        """Return a word of the example, or somebody's cancel or help; mostly nothing."""
        lot = self.luck.random()
        if lot < 0.02:
            return helpers.new_event_raised_event(CANCEL)
        if self.words and lot < (0.1 if is_busy else 0.8):
            event, word = self.words.pop(0)
            return helpers.new_event_raised_event(event, _json(word))
        return helpers.new_event_raised_event(RESUME) if not is_busy and lot < 0.9 else None

    def _ended(self, action: Any) -> Any:
        """Return the end of an activity: what its calls came to, or that it broke."""
        if self.luck.random() < 0.03:
            return helpers.new_task_failed_event(action.id, RuntimeError("It broke."))
        calls = Calls.model_validate_json(action.scheduleTask.input.value).calls
        outcomes = [self._outcome(call) for call in calls if not call.last]
        for call in calls[len(outcomes) :]:
            done = all(outcome.done for outcome in outcomes)
            outcomes.append(self._outcome(call) if done else Outcome(at=self.now))
        answer = Outcomes(outcomes=outcomes).model_dump_json()
        return helpers.new_task_completed_event(action.id, answer)

    def _outcome(self, call: Call) -> Outcome:
        lot = self.luck.random()
        if lot < 0.08:
            return Outcome(failure=Failure(reason="unavailable", detail="Down."), at=self.now)
        if call.step in OWN:
            return Outcome(answer=Answer(value={"again": False}), at=self.now)
        if lot < 0.11:
            no = Refused(reason="no", detail="It does not like it.")
            return Outcome(answer=Answer(refusal=no), at=self.now)
        told = Answer(value=self.example.answers.get(call.step, {}))
        try:
            answer = self.example.kind.placed[call.step].step.read(told)
        except ValidationError as lacks:
            return Outcome(failure=Failure(reason="unavailable", detail=str(lacks)), at=self.now)
        return Outcome(answer=answer, at=self.now)

    def _fired(self, action: Any) -> Any:
        at = action.createTimer.fireAt
        self.now = max(self.now, at.ToDatetime(tzinfo=UTC))
        return pb.HistoryEvent(
            eventId=-1, timestamp=at, timerFired=pb.TimerFiredEvent(timerId=action.id, fireAt=at)
        )


def _noted(action: Any) -> Any:
    """Return the event that says that an action was scheduled."""
    if action.HasField("scheduleTask"):
        task = action.scheduleTask
        return helpers.new_task_scheduled_event(action.id, task.name, task.input.value)
    timer = action.createTimer
    created = pb.TimerCreatedEvent(fireAt=timer.fireAt)
    if origin := timer.WhichOneof("origin"):
        getattr(created, origin).CopyFrom(getattr(timer, origin))
    return pb.HistoryEvent(eventId=action.id, timestamp=Timestamp(), timerCreated=created)


def _ends(action: Any) -> bool:
    """Return whether it is a timer that is to fire; one stands for waiting without an end."""
    is_timer: bool = action.HasField("createTimer")
    return is_timer and action.createTimer.fireAt.ToDatetime().year < 9999


def _json(word: Any) -> str:
    return json.dumps(word)


class Counted(Workflows):
    """Counts the turns that went on, and those that were replayed."""

    gone_on = 0

    def _gone_on(self, *args: Any) -> Any:
        done = super()._gone_on(*args)
        self.gone_on += done is not None
        return done


def play(example: Example, seed: int) -> tuple[int, int]:
    """Play a history both ways; return how many turns it had, and how many of them went on."""
    runtime = WorkflowRuntime()
    register(runtime, example.kind)
    registry = runtime._WorkflowRuntime__worker._registry  # type: ignore[attr-defined]
    luck = random.Random(f"{example.kind.noun} {seed}")
    sidecar, workflows = Sidecar(example, luck), Counted(registry)
    for turn in range(1, MOST_TURNS):
        replayed = sdk._OrchestrationExecutor(registry, logging.getLogger("replay")).execute(
            "c1", sidecar.past, sidecar.new
        )
        for _ in range(luck.choices((1, 2, 0), (8, 1, 1))[0]):  # lost, or done by another replica
            done = workflows.turn("c1", sidecar.past, sidecar.new)
            assert list(done.actions) == list(replayed.actions)
            assert done.encoded_custom_status == replayed.encoded_custom_status
        if not sidecar.take(replayed.actions):
            return turn, workflows.gone_on
    return MOST_TURNS, workflows.gone_on


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.kind.noun for e in EXAMPLES])
def test_going_on_does_what_a_replay_does(example: Example) -> None:
    played = [play(example, seed) for seed in range(HISTORIES)]
    turns, gone_on = (sum(counts) for counts in zip(*played, strict=True))
    print(f"{HISTORIES} histories of {turns} turns, of which {gone_on} went on")
    assert gone_on > turns / 2
