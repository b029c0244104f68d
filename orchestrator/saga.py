"""A saga: durable steps, each with what undoes it. It knows nothing of trips.

Three rules make it safe. The undo of a step is on the stack before the step is called, for a call
may have worked and its answer been lost. Parallel steps are settled all before anything is undone,
so no undo races the call that it undoes. An undo that fails does not stop the others, and stays on
the stack.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from dapr.ext.workflow import DaprWorkflowContext, RetryPolicy, TaskFailedError
from pydantic import BaseModel, ValidationError

T = TypeVar("T")
Durable = Generator[Any, Any, T]
"""What a workflow function is: it yields tasks to the engine and is resumed with their results."""

Result = Literal["running", "done", "refused", "failed"]


class Refused(BaseModel):
    """A participant's no. It is an answer, not a fault: it is never retried."""

    reason: str
    detail: str


class Answer(BaseModel):
    """What an activity returns: a value, or a refusal."""

    value: dict[str, Any] = {}
    refusal: Refused | None = None


@dataclass(frozen=True)
class Step:
    """One durable call on a ``resource``, and what undoes it whether or not it had an effect."""

    name: str
    activity: Callable[..., Any]
    input: BaseModel
    retry: RetryPolicy
    undo: "Step | None" = None
    resource: str = ""


class Entry(BaseModel):
    """One line of what the saga did."""

    step: str
    resource: str
    compensation: bool
    result: Result
    reason: str | None = None
    detail: str | None = None
    started_at: datetime
    ended_at: datetime | None = None


class Stopped(Exception):
    """A step was refused or failed: what was done so far has to be undone."""

    def __init__(self, step: str, reason: str, detail: str, refused: bool) -> None:
        super().__init__(detail)
        self.step = step
        self.reason = reason
        self.detail = detail
        self.refused = refused


@dataclass
class Saga:
    """The steps done so far, and the undos they left. ``report`` is called at each turn.

    ``entries`` is what happened, in order; ``values`` what each step done answered, by its name.
    """

    ctx: DaprWorkflowContext
    report: Callable[[], None]
    entries: list[Entry] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _undos: list[list[Step]] = field(default_factory=list)

    def run(self, *steps: Step) -> Durable[list[dict[str, Any]]]:
        """Run ``steps`` in parallel and return their values. Raises Stopped when all are settled
        and one was refused or failed; a fault counts before a refusal."""
        self._undos.append([step.undo for step in steps if step.undo])
        entries = yield from self._settle(steps)
        stopping = [entry for entry in entries if entry.result != "done"]
        if stopping:
            first = min(stopping, key=lambda entry: entry.result == "refused")
            refused = first.result == "refused"
            raise Stopped(first.step, first.reason or "", first.detail or "", refused)
        return [self.values[step.name] for step in steps]

    def insist(self, step: Step) -> Durable[Entry]:
        """Run ``step`` until it is done or refused, however long its faults last."""
        while True:
            [entry] = yield from self._settle([step])
            if entry.result != "failed":
                return entry

    def compensate(self) -> Durable[list[Entry]]:
        """Undo in reverse order, parallel steps together. Return what could not be undone; calling
        this again tries just that."""
        left: list[list[Step]] = []
        failed: list[Entry] = []
        for undos in reversed(self._undos):
            entries = yield from self._settle(undos, compensation=True)
            undone = {entry.step for entry in entries if entry.result == "done"}
            left.insert(0, [undo for undo in undos if undo.name not in undone])
            failed += [entry for entry in entries if entry.result != "done"]
        self._undos = [undos for undos in left if undos]
        return failed

    def _settle(self, steps: Sequence[Step], compensation: bool = False) -> Durable[list[Entry]]:
        entries = [
            Entry(
                step=step.name,
                resource=step.resource,
                compensation=compensation,
                result="running",
                started_at=self._now(),
            )
            for step in steps
        ]
        self.entries += entries
        self.report()
        tasks = [
            self.ctx.call_activity(step.activity, input=step.input, retry_policy=step.retry)
            for step in steps
        ]
        for entry, task in zip(entries, tasks, strict=True):
            yield from self._answer(entry, task)
        return entries

    def _answer(self, entry: Entry, task: Any) -> Durable[None]:
        try:
            answer = Answer.model_validate((yield task))
        except TaskFailedError as fault:
            entry.result, entry.reason = "failed", "unavailable"
            entry.detail = fault.details.message[:300]
        except ValidationError as fault:
            entry.result, entry.reason, entry.detail = "failed", "no_answer", str(fault)[:300]
        else:
            if answer.refusal:
                entry.result = "refused"
                entry.reason, entry.detail = answer.refusal.reason, answer.refusal.detail[:300]
            else:
                entry.result = "done"
                self.values[entry.step] = answer.value
        entry.ended_at = self._now()
        self.report()

    def _now(self) -> datetime:
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)
