"""Workflows that go on from where their last turn left them: when, and that it changes nothing."""

from typing import Any

import pytest
from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow._durabletask.internal import helpers
from dapr.ext.workflow._durabletask.internal import protos as pb
from google.protobuf.timestamp_pb2 import Timestamp

from sagas.core.turns import Durable
from sagas.engine.workflows import Workflows

STEPS = ("pick", "label", "ship")


class Order:
    """A workflow of three steps, which counts how often its code was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.steps: tuple[str, ...] = STEPS

        def order(ctx: Any, what: str) -> Durable[list[str]]:
            self.begun += 1
            answers = []
            for step in self.steps:
                ctx.set_custom_status(step)
                answers.append((yield ctx.call_activity(step, input=what)))
            return answers

        runtime = WorkflowRuntime()
        runtime.register_workflow(order, name="order")
        self.registry: Any = runtime._WorkflowRuntime__worker._registry  # type: ignore[attr-defined]


class History:
    """The history of one order, as its sidecar keeps it and hands it out."""

    def __init__(self, second: int = 0) -> None:
        self.past: list[Any] = []
        self.second = second
        started = helpers.new_execution_started_event("order", "o1", encoded_input='"a cup"')
        self.new: list[Any] = [self._began(), started]

    def take(self, done: Any) -> None:
        """Keep what a turn scheduled, and learn that it was done."""
        # The sidecar notes which version has answered.
        self.new[0].workflowStarted.version.name = "1"
        [action] = done.actions
        name = action.scheduleTask.name
        scheduled = helpers.new_task_scheduled_event(action.id, name)
        self.past += [*self.new, scheduled]
        answer = helpers.new_task_completed_event(action.id, f'"{name} done"')
        self.new = [self._began(), answer]

    def _began(self) -> Any:
        self.second += 1
        at = Timestamp(seconds=self.second)
        return pb.HistoryEvent(eventId=-1, timestamp=at, workflowStarted=pb.WorkflowStartedEvent())


def turn(workflows: Workflows, history: History) -> Any:
    return workflows.turn("o1", history.past, history.new)


def scheduled(done: Any) -> str:
    [action] = done.actions
    return str(action.scheduleTask.name)


def test_a_workflow_is_begun_once_for_all_its_turns() -> None:
    order, history = Order(), History()
    workflows = Workflows(order.registry)
    for step in STEPS:
        done = turn(workflows, history)
        assert scheduled(done) == step
        assert done.encoded_custom_status == step
        history.take(done)
    [end] = turn(workflows, history).actions
    assert end.completeWorkflow.result.value == '["pick done", "label done", "ship done"]'
    assert order.begun == 1


def test_a_turn_whose_answer_was_lost_is_replayed() -> None:
    order, history = Order(), History()
    workflows = Workflows(order.registry)
    history.take(turn(workflows, history))
    assert scheduled(turn(workflows, history)) == "label"
    assert scheduled(turn(workflows, history)) == "label"
    assert order.begun == 2


def test_a_history_that_went_on_elsewhere_is_replayed_from_what_is_not_known() -> None:
    order, history = Order(), History()
    here, elsewhere = Workflows(order.registry), Workflows(order.registry)
    history.take(turn(here, history))
    history.take(turn(elsewhere, history))
    assert scheduled(turn(here, history)) == "ship"
    assert order.begun == 2, "once here, once elsewhere"


def test_another_history_of_the_same_id_is_replayed() -> None:
    order, given_up, history = Order(), History(), History(second=100)
    workflows, elsewhere = Workflows(order.registry), Workflows(order.registry)
    given_up.take(turn(workflows, given_up))
    history.take(turn(elsewhere, history))
    history.take(turn(elsewhere, history))
    assert scheduled(turn(workflows, history)) == "ship"
    assert order.begun == 3


def test_a_turn_that_breaks_is_replayed_and_says_why() -> None:
    order, history = Order(), History()
    workflows = Workflows(order.registry)
    history.take(turn(workflows, history))
    history.past[-1].taskScheduled.name = "wrap"
    [end] = turn(workflows, history).actions
    assert end.completeWorkflow.workflowStatus == pb.ORCHESTRATION_STATUS_FAILED
    assert "wrap" in end.completeWorkflow.failureDetails.errorMessage
    assert order.begun == 2


def test_only_the_latest_are_kept() -> None:
    order, first, second = Order(), History(), History(second=100)
    workflows = Workflows(order.registry, most_kept=1)
    first.take(workflows.turn("o1", first.past, first.new))
    second.take(workflows.turn("o2", second.past, second.new))
    workflows.turn("o2", second.past, second.new)
    assert order.begun == 2
    assert scheduled(workflows.turn("o1", first.past, first.new)) == "label"
    assert order.begun == 3


@pytest.mark.parametrize("steps", [(), STEPS[:1]])
def test_what_has_ended_is_not_kept(steps: tuple[str, ...]) -> None:
    order, history = Order(), History()
    order.steps = steps
    workflows = Workflows(order.registry)
    for _ in steps:
        history.take(turn(workflows, history))
    assert turn(workflows, history).actions[0].HasField("completeWorkflow")
    assert not workflows._kept
