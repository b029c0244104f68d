"""A fake workflow engine: runs a workflow function in memory, activities answered by a script."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dapr.ext.workflow import TaskFailedError
from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails

from orchestrator.saga import Answer, Refused

Reply = Callable[[Any], Any]


class Fault(Exception):
    """An activity's fault, retries and all."""


class Task:
    """What the workflow yields; whether it works out is decided when it is waited for."""

    def __init__(self, name: str, settle: Callable[[], Any]) -> None:
        self.name = name
        self.settle = settle


class FakeEngine:
    """Offers a workflow what DaprWorkflowContext does, and records what it asked for.

    ``replies`` answers activities by name: a value, a Refused, a Fault, or a list of these, one a
    call. ``calls`` are the activities in the order in which they were scheduled.
    """

    def __init__(self, replies: dict[str, Any]) -> None:
        self.replies = replies
        self.calls: list[str] = []
        self.inputs: dict[str, Any] = {}
        self.settled: list[str] = []
        self.statuses: list[str] = []
        self.is_replaying = False
        self._now = datetime(2024, 12, 1, tzinfo=UTC)

    @property
    def current_utc_datetime(self) -> datetime:
        self._now += timedelta(milliseconds=10)
        return self._now.replace(tzinfo=None)

    def set_custom_status(self, status: str) -> None:
        self.statuses.append(status)

    def call_activity(self, activity: Any, *, input: Any, retry_policy: Any) -> Task:
        assert retry_policy is not None, "every call has a retry policy"
        name = activity.__name__
        self.calls.append(name)
        self.inputs[name] = input
        return Task(name, lambda: self._reply(name))

    def wait_for_external_event(self, name: str) -> Task:
        self.calls.append(f"wait for {name}")
        return Task(name, lambda: None)

    def run(self, workflow: Any) -> Any:
        """Drive the workflow to its end and return its result."""
        step: Callable[[], Any] = lambda: next(workflow)  # noqa: E731
        while True:
            try:
                task = step()
            except StopIteration as end:
                return end.value
            step = self._settle(workflow, task)

    def _settle(self, workflow: Any, task: Task) -> Callable[[], Any]:
        self.settled.append(task.name)
        try:
            result = task.settle()
        except Fault as fault:
            failure = TaskFailedError(str(fault), TaskFailureDetails(errorMessage=str(fault)))
            return lambda: workflow.throw(failure)
        return lambda: workflow.send(result)

    def _reply(self, name: str) -> Any:
        reply = self.replies.get(name, {})
        if isinstance(reply, list):
            reply = reply.pop(0)
        if isinstance(reply, Fault):
            raise reply
        if isinstance(reply, Refused):
            return Answer(refusal=reply).model_dump(mode="json")
        return Answer(value=reply).model_dump(mode="json")
