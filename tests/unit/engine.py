"""A fake workflow engine: runs a workflow function in memory, activities answered by a script."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails
from dapr.ext.workflow._durabletask.task import CompletableTask

from sagas.core.calls import Answer, Call, Calls, Refused, settle
from sagas.core.progress import Progress

Settle = Callable[[], None]

_ENDLESS = 5_000
"""As many happenings no trip has, not even in an outage of weeks."""


class Fault(Exception):
    """One try of a call that fails."""


class Broken(BaseException):
    """One try of a call at which the whole activity ends without a result."""


def _task() -> CompletableTask[Any]:
    return CompletableTask()  # type: ignore[no-untyped-call]


class FakeEngine:
    """Offers a workflow what DaprWorkflowContext does, and records what it asked for.

    ``replies`` answers the calls of steps by name: a value, a Refused, a fault, or a list of these,
    one a try; the last of a list stands for all that follow. ``events`` are raised while the step
    of the same name is called, one a try; ``waiting`` events when all has been answered and
    somebody listens.
    ``calls`` are the steps in the order in which they were called, ``inputs`` what each was last
    called with, ``kept`` what was put on record, ``together`` the steps of each activity,
    ``pauses`` the seconds of the timers, ``sentinels`` the waits without an end, ``history`` the
    bytes that all inputs and results take.
    """

    instance_id = "t1"
    is_replaying = False

    def __init__(
        self,
        replies: dict[str, Any],
        events: dict[str, list[str]] | None = None,
        waiting: list[tuple[str, Any]] | None = None,
    ) -> None:
        self.replies = replies
        self.events = deepcopy(events or {})
        self.waiting = list(waiting or [])
        self.calls: list[str] = []
        self.together: list[list[str]] = []
        self.inputs: dict[str, Call] = {}
        self.kept = Progress()
        self.history = 0
        self.sentinels: list[str] = []
        self.pauses: list[float] = []
        self.statuses: list[str] = []
        self._happened = 0
        self._now = datetime(2024, 12, 1, tzinfo=UTC)
        self._pending: list[Settle] = []
        self._timers: list[tuple[datetime, Settle]] = []
        self._listening: defaultdict[str, list[CompletableTask[Any]]] = defaultdict(list)
        self._heard: defaultdict[str, list[Any]] = defaultdict(list)

    @property
    def current_utc_datetime(self) -> datetime:
        return self._now.replace(tzinfo=None)

    def set_custom_status(self, status: str) -> None:
        self.statuses.append(status)

    def call_activity(self, activity: Any, *, input: Calls) -> CompletableTask[Any]:  # noqa: ARG002
        task = _task()
        self.together.append([call.step for call in input.calls])
        self._pending.append(lambda: self._reply(input, task))
        return task

    def create_timer(self, fire_at: timedelta) -> CompletableTask[Any]:
        self.pauses.append(fire_at.total_seconds())
        task = _task()
        self._timers.append((self._now + fire_at, lambda: task.complete(None)))
        return task

    def wait_for_external_event(
        self, name: str, *, timeout: timedelta | None = None
    ) -> CompletableTask[Any]:
        task = _task()
        if self._heard[name]:
            task.complete(self._heard[name].pop(0))
        elif timeout is None:
            self.sentinels.append(name)
            self._listening[name].append(task)
        else:
            task.cancel(TimeoutError(name))
        return task

    def tell(self, event: str, data: Any) -> None:
        self.calls.append(f"told to {event}")
        if self._listening[event]:
            self._listening[event].pop(0).complete(data)
        else:
            self._heard[event].append(data)

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
        self._happened += 1
        assert self._happened < _ENDLESS, "the workflow goes on for ever"
        self._now += timedelta(milliseconds=10)
        if self._pending:
            self._pending.pop(0)()
        elif heard := next((w for w in self.waiting if self._listening.get(w[0])), None):
            self.waiting.remove(heard)
            self.tell(*heard)
        else:
            assert self._timers, "the workflow waits for what never comes"
            self._timers.sort(key=lambda timer: timer[0])
            self._now, fire = self._timers.pop(0)
            fire()

    def _reply(self, calls: Calls, task: CompletableTask[Any]) -> None:
        try:
            outcomes = asyncio.run(settle(calls, self._call))
        except Broken as end:
            task.fail(str(end), TaskFailureDetails(errorMessage=str(end), errorType="Broken"))
        else:
            for call, outcome in zip(calls.calls, outcomes.outcomes, strict=True):
                if outcome.answer or outcome.failure:
                    self._raise_event(call.step)
            self.history += len(calls.model_dump_json()) + len(outcomes.model_dump_json())
            task.complete(outcomes.model_dump(mode="json"))

    def _raise_event(self, step: str) -> None:
        if events := self.events.get(step):
            self.tell(events.pop(0), None)

    async def _call(self, call: Call) -> Answer:
        self.calls.append(call.step)
        self.inputs[call.step] = call
        if call.step == "keep record":
            self.kept = Progress.model_validate(deepcopy(call.body)).onto(self.kept)
        reply = self.replies.get(call.step, {})
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if isinstance(reply, BaseException):
            raise reply
        return Answer(refusal=reply) if isinstance(reply, Refused) else Answer(value=reply)
