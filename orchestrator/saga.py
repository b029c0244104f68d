"""A saga: durable steps, each with what undoes it. It knows nothing of trips.

Four rules make it safe. The undo of a step is on the stack before the step is called, for a call
may have worked and its answer been lost. Parallel steps are settled all before anything is undone,
so no undo races the call that it undoes. An undo that fails does not stop the others, and stays on
the stack. Once told to cancel, the saga calls nothing new but waits for what it has called.

The saga tries again by itself and not by the engine's retry policy: so every try is on record, and
a cancel ends the pauses between tries.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from dapr.ext.workflow import DaprWorkflowContext, TaskFailedError, when_any
from pydantic import BaseModel, ValidationError

from orchestrator.policies import Retry

T = TypeVar("T")
Durable = Generator[Any, Any, T]
"""What a workflow function is: it yields tasks to the engine and is resumed with their results."""

Result = Literal["running", "done", "refused", "failed"]

CANCELLED = "cancelled_by_customer"
CIRCUIT_OPEN = "circuit_open"
_FAULTS_KEPT = 20
_DETAIL_LENGTH = 300


class CircuitOpen(Exception):
    """A circuit breaker kept the call back: trying again at once is no use."""


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
    retry: Retry
    undo: "Step | None" = None
    resource: str = ""


class Fault(BaseModel):
    """A try that failed; the first try has number 1."""

    number: int
    reason: str
    detail: str
    started_at: datetime
    ended_at: datetime


class Entry(BaseModel):
    """One line of what the saga did: a step, its tries, its result. The latest faults are kept."""

    step: str
    resource: str
    compensation: bool = False
    result: Result = "running"
    reason: str | None = None
    detail: str | None = None
    tries: int = 1
    faults: list[Fault] = []
    started_at: datetime
    tried_at: datetime
    ended_at: datetime | None = None


class Stopped(Exception):
    """The saga goes no further: what was done so far has to be undone."""

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
    ``cancel`` is the event that cancels it, until it undoes.
    """

    ctx: DaprWorkflowContext
    report: Callable[[], None]
    cancel: Any = None
    entries: list[Entry] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _undos: list[list[Step]] = field(default_factory=list)
    _undoing: bool = False

    @property
    def now(self) -> datetime:
        """The time of this turn, in UTC; the same at each replay."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def cancelled(self) -> bool:
        """Whether the saga was cancelled before it began to undo."""
        return not self._undoing and self.cancel is not None and bool(self.cancel.is_complete)

    def run(self, *steps: Step) -> Durable[list[dict[str, Any]]]:
        """Run ``steps`` in parallel and return their values. Raises Stopped when all are settled
        and one was refused or failed (a fault counts before a refusal), or the saga cancelled."""
        self.owe(*(step.undo for step in steps if step.undo))
        entries = [self._enter(step) for step in steps]
        yield from self._settle(steps, entries)
        self._stop_if_cancelled(entries[0].step if entries else "")
        stopping = [entry for entry in entries if entry.result != "done"]
        if stopping:
            first = min(stopping, key=lambda entry: entry.result == "refused")
            refused = first.result == "refused"
            raise Stopped(first.step, first.reason or "", first.detail or "", refused)
        return [self.values[step.name] for step in steps]

    def insist(self, step: Step) -> Durable[Entry]:
        """Run ``step`` and return what it came to, which stops nothing. Raises Stopped when the
        saga is cancelled before that."""
        entry = self._enter(step)
        yield from self._settle([step], [entry])
        self._stop_if_cancelled(step.name)
        return entry

    def record(self, step: Step) -> Durable[Entry]:
        """Run ``step`` without a line about it, whether or not the saga is cancelled."""
        entry = self._entry(step)
        yield from self._settle([step], [entry], stoppable=False)
        return entry

    def owe(self, *undos: Step) -> None:
        """Put undos on the stack that are to run together."""
        self._undos.append(list(undos))

    def compensate(self) -> Durable[list[Entry]]:
        """Undo in reverse order, parallel steps together. Return what could not be undone; calling
        this again tries just that."""
        self._undoing = True
        left: list[list[Step]] = []
        failed: list[Entry] = []
        for undos in reversed(self._undos):
            entries = [self._enter(undo, compensation=True) for undo in undos]
            yield from self._settle(undos, entries)
            undone = {entry.step for entry in entries if entry.result == "done"}
            left.insert(0, [undo for undo in undos if undo.name not in undone])
            failed += [entry for entry in entries if entry.result != "done"]
        self._undos = [undos for undos in left if undos]
        return failed

    def wait(self, step: str, *tasks: Any) -> Durable[None]:
        """Wait for one of ``tasks``. Raises Stopped when the saga is cancelled first."""
        yield when_any([*tasks, *self._cancel_to_come(stoppable=True)])
        self._stop_if_cancelled(step)

    def note(self, step: str) -> Entry:
        """Enter a line for what is no call, and return it; `close` ends it."""
        entry = Entry(step=step, resource="", started_at=self.now, tried_at=self.now)
        self.entries.append(entry)
        self.report()
        return entry

    def close(self, entry: Entry, result: Result, reason: str = "", detail: str = "") -> None:
        """End a line."""
        entry.result, entry.ended_at = result, self.now
        entry.reason, entry.detail = reason or None, detail[:_DETAIL_LENGTH] or None
        self.report()

    def _enter(self, step: Step, compensation: bool = False) -> Entry:
        entry = self._entry(step, compensation)
        self.entries.append(entry)
        return entry

    def _entry(self, step: Step, compensation: bool = False) -> Entry:
        return Entry(
            step=step.name,
            resource=step.resource,
            compensation=compensation,
            started_at=self.now,
            tried_at=self.now,
        )

    def _settle(
        self, steps: Sequence[Step], entries: Sequence[Entry], stoppable: bool = True
    ) -> Durable[None]:
        """Call all steps, each again by its policy, until every entry has a result."""
        self.report()
        calls = {self._call(step): (step, e) for step, e in zip(steps, entries, strict=True)}
        pauses: dict[Any, tuple[Step, Entry]] = {}
        while calls or pauses:
            task = yield when_any([*calls, *pauses, *self._cancel_to_come(stoppable)])
            if task in pauses:
                step, entry = pauses.pop(task)
                calls[self._call_again(step, entry)] = (step, entry)
            elif task in calls:
                step, entry = calls.pop(task)
                if fault := self._answer(entry, task):
                    if self._may_try_again(step, fault):
                        pauses[self._pause(step, entry)] = (step, entry)
                    else:
                        self._fail(entry)
            if stoppable and self.cancelled:
                for _, entry in pauses.values():
                    self._fail(entry)
                pauses.clear()
            self.report()

    def _cancel_to_come(self, stoppable: bool) -> list[Any]:
        waits = stoppable and not self._undoing and not self.cancelled
        return [self.cancel] if waits and self.cancel is not None else []

    def _call(self, step: Step) -> Any:
        return self.ctx.call_activity(step.activity, input=step.input)

    def _call_again(self, step: Step, entry: Entry) -> Any:
        entry.tries += 1
        entry.tried_at = self.now
        return self._call(step)

    def _pause(self, step: Step, entry: Entry) -> Any:
        who = f"{self.ctx.instance_id} {step.name}"
        return self.ctx.create_timer(step.retry.pause(entry.tries, who))

    def _answer(self, entry: Entry, task: Any) -> Fault | None:
        """Note the answer in the entry; return the fault if it is none."""
        try:
            answer = Answer.model_validate(task.get_result())
        except (TaskFailedError, ValidationError) as error:
            fault = self._fault(entry, error)
            entry.faults = [*entry.faults, fault][-_FAULTS_KEPT:]
            return fault
        if answer.refusal:
            entry.result, entry.reason = "refused", answer.refusal.reason
            entry.detail = answer.refusal.detail[:_DETAIL_LENGTH]
        else:
            entry.result, entry.reason, entry.detail = "done", None, None
            self.values[entry.step] = answer.value
        entry.ended_at = self.now
        return None

    def _fault(self, entry: Entry, error: TaskFailedError | ValidationError) -> Fault:
        if isinstance(error, ValidationError):
            reason, detail = "no_answer", str(error)
        else:
            kept_back = error.details.error_type.endswith(CircuitOpen.__name__)
            reason = CIRCUIT_OPEN if kept_back else "unavailable"
            detail = error.details.message
        return Fault(
            number=entry.tries,
            reason=reason,
            detail=detail[:_DETAIL_LENGTH],
            started_at=entry.tried_at,
            ended_at=self.now,
        )

    def _may_try_again(self, step: Step, fault: Fault) -> bool:
        hopeless = fault.reason == CIRCUIT_OPEN and not step.retry.waits_for_breaker
        return step.retry.allows(fault.number) and not hopeless

    def _fail(self, entry: Entry) -> None:
        last = entry.faults[-1]
        entry.result, entry.reason, entry.detail = "failed", last.reason, last.detail
        entry.ended_at = self.now

    def _stop_if_cancelled(self, step: str) -> None:
        if self.cancelled:
            raise Stopped(step, CANCELLED, "The customer cancelled the trip.", refused=True)
