"""A fake workflow engine: runs a workflow function in memory, activities answered by a script."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails
from dapr.ext.workflow._durabletask.task import CompletableTask

from orchestrator.saga import Answer, Refused

Settle = Callable[[], None]


class Fault(Exception):
    """One try of an activity that fails; ``kind`` is the type of the exception that was raised."""

    def __init__(self, message: str, kind: str = "CallFailed") -> None:
        super().__init__(message)
        self.kind = kind


def _task() -> CompletableTask[Any]:
    return CompletableTask()  # type: ignore[no-untyped-call]


class FakeEngine:
    """Offers a workflow what DaprWorkflowContext does, and records what it asked for.

    ``replies`` answers activities by name: a value, a Refused, a Fault, or a list of these, one a
    try; the last of a list stands for all that follow. ``events`` are raised once the activity of
    the same name was called, ``waiting`` events when all has been answered and somebody listens.
    ``calls`` are the activities in the order in which they were scheduled, ``pauses`` the seconds
    of the timers.
    """

    instance_id = "t1"
    is_replaying = False

    def __init__(
        self,
        replies: dict[str, Any],
        events: dict[str, str] | None = None,
        waiting: list[tuple[str, Any]] | None = None,
    ) -> None:
        self.replies = replies
        self.events = dict(events or {})
        self.waiting = list(waiting or [])
        self.calls: list[str] = []
        self.inputs: dict[str, Any] = {}
        self.settled: list[str] = []
        self.pauses: list[float] = []
        self.statuses: list[str] = []
        self._now = datetime(2024, 12, 1, tzinfo=UTC)
        self._pending: list[Settle] = []
        self._timers: list[tuple[datetime, Settle]] = []
        self._listening: dict[str, list[CompletableTask[Any]]] = {}

    @property
    def current_utc_datetime(self) -> datetime:
        return self._now.replace(tzinfo=None)

    def set_custom_status(self, status: str) -> None:
        self.statuses.append(status)

    def call_activity(self, activity: Any, *, input: Any) -> CompletableTask[Any]:
        name = activity.__name__
        self.calls.append(name)
        self.inputs[name] = input
        task = _task()
        self._pending.append(lambda: self._reply(name, task))
        if name in self.events:
            event = self.events.pop(name)
            self._pending.append(lambda: self.tell(event, None))
        return task

    def create_timer(self, fire_at: timedelta) -> CompletableTask[Any]:
        self.pauses.append(fire_at.total_seconds())
        task = _task()
        self._timers.append((self._now + fire_at, lambda: task.complete(None)))
        return task

    def wait_for_external_event(self, name: str) -> CompletableTask[Any]:
        task = _task()
        self._listening.setdefault(name, []).append(task)
        return task

    def tell(self, event: str, data: Any) -> None:
        self.calls.append(f"told to {event}")
        self._listening[event].pop(0).complete(data)

    def run(self, workflow: Any) -> Any:
        """Drive the workflow to its end and return its result."""
        try:
            task = next(workflow)
            while True:
                while not task.is_complete:
                    self._happen()
                task = (
                    workflow.throw(task.get_exception())
                    if task.is_failed
                    else workflow.send(task.get_result())
                )
        except StopIteration as end:
            return end.value

    def _happen(self) -> None:
        """Let the next thing happen: an answer, else an event, else the earliest timer."""
        self._now += timedelta(milliseconds=10)
        if self._pending:
            self._pending.pop(0)()
        elif self.waiting and self._listening.get(self.waiting[0][0]):
            self.tell(*self.waiting.pop(0))
        else:
            assert self._timers, "the workflow waits for what never comes"
            self._timers.sort(key=lambda timer: timer[0])
            self._now, fire = self._timers.pop(0)
            fire()

    def _reply(self, name: str, task: CompletableTask[Any]) -> None:
        self.settled.append(name)
        reply = self.replies.get(name, {})
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if isinstance(reply, Fault):
            details = TaskFailureDetails(errorMessage=str(reply), errorType=reply.kind)
            task.fail(str(reply), details)
        elif isinstance(reply, Refused):
            task.complete(Answer(refusal=reply).model_dump(mode="json"))
        else:
            task.complete(Answer(value=reply).model_dump(mode="json"))
