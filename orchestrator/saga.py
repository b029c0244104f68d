"""A saga: durable steps, each with what undoes it. It knows nothing of trips.

Four rules make it safe. The undo of a step is on the stack before the step is called, for a call
may have worked and its answer been lost. Parallel steps are settled all before anything is undone,
so no undo races the call that it undoes. An undo that fails does not stop the others, and stays on
the stack. Once told to cancel, the saga calls nothing new but waits for what it has called.

Steps that run together are one activity, which settles all their calls (`orchestrator.calls`). The
saga tries again by itself and not by the engine's retry policy: so every try is on record, only
what failed is tried again, and a cancel ends the pauses between tries.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from dapr.ext.workflow import DaprWorkflowContext, TaskFailedError, when_any
from pydantic import BaseModel, ValidationError

from orchestrator.calls import (
    CIRCUIT_OPEN,
    DETAIL_LENGTH,
    UNAVAILABLE,
    Answer,
    Call,
    Calls,
    Failure,
    Outcome,
    Outcomes,
)
from orchestrator.policies import Retry

T = TypeVar("T")
Durable = Generator[Any, Any, T]
"""What a workflow function is: it yields tasks to the engine and is resumed with their results."""

Result = Literal["running", "done", "refused", "failed"]

CANCELLED = "cancelled_by_customer"
_FAULTS_KEPT = 20
_AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class Step:
    """One durable call on a ``resource``, and what undoes it whether or not it had an effect.

    Steps that run together have the same ``activity``, which tells their calls apart by ``name``.
    One that is ``guarded`` is made only by the workflow that counts, while its case is open.
    """

    name: str
    activity: str
    retry: Retry
    resource: str = ""
    body: dict[str, Any] | BaseModel = field(default_factory=dict)
    undo: "Step | None" = None
    guarded: bool = False


class Fault(BaseModel, extra="allow"):
    """A try that failed; the first try has number 1."""

    number: int
    reason: str
    detail: str
    started_at: datetime
    ended_at: datetime


class Entry(BaseModel, extra="allow"):
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

    @property
    def key(self) -> tuple[str, str, datetime]:
        """What tells the line from all others of the same saga, whichever run of it wrote them."""
        return self.step, self.resource, self.started_at

    def interrupted(self, at: datetime) -> "Entry":
        """Return the line as it stands once nobody goes on with it."""
        if self.result != "running":
            return self
        why = {"reason": "interrupted", "detail": "The workflow ended before it had an answer."}
        return self.model_copy(update={"result": "failed", "ended_at": at} | why)


_Due = list[tuple[Step, Entry]]


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
    """The steps done so far, and the undos they left. ``report`` is called whenever it waits.

    ``entries`` is what happened, in order; ``values`` what each step done answered, by its name.
    ``cancel`` names the event that cancels it, until it undoes. ``as_first``: as
    the first version did, a call that waits for the others is sent again with each try of theirs,
    and no call says whose it is.
    """

    ctx: DaprWorkflowContext
    report: Callable[[], None]
    cancel: str | None = None
    as_first: bool = False
    entries: list[Entry] = field(default_factory=list)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _undos: list[list[Step]] = field(default_factory=list)
    _events: dict[str, Any] = field(default_factory=dict)
    _undoing: bool = False
    _listening: Any = None
    _heard: bool = False

    @property
    def now(self) -> datetime:
        """The time of this turn, in UTC; the same at each replay."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def cancelled(self) -> bool:
        """Whether the saga was cancelled before it began to undo."""
        if self.cancel and not self._heard and not self._undoing:
            # A look at what has come costs nothing; listening makes the engine a timer.
            look = self._listening or self.ctx.wait_for_external_event(
                self.cancel, timeout=_AT_ONCE
            )
            self._heard = bool(look.is_complete and not look.is_failed)
        return self._heard and not self._undoing

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

    def conclude(self, step: Step, record: Step) -> Durable[tuple[Entry, Entry]]:
        """Run ``step`` and, once it is done, ``record``, which gets no line; return what both came
        to. Raises Stopped when the saga is cancelled before both are done."""
        entries = self._enter(step), self._entry(record)
        yield from self._settle([step, record], entries, last=record)
        if entries[1].result != "done":
            self._stop_if_cancelled(step.name)
        return entries

    def record(self, step: Step) -> Durable[Entry]:
        """Run ``step`` without a line about it, whether or not the saga is cancelled."""
        entry = self._entry(step)
        yield from self._settle([step], [entry], stoppable=False)
        return entry

    def owe(self, *undos: Step) -> None:
        """Put undos on the stack that are to run together, but those that are there already."""
        owed = {undo.name for together in self._undos for undo in together}
        if new := [undo for undo in undos if undo.name not in owed]:
            self._undos.append(new)

    def event(self, name: str) -> Any:
        """Return the task that waits for an event: of one that nobody waits for any more, the same,
        for it would hear the event first."""
        if name not in self._events or self._events[name].is_complete:
            self._events[name] = self.ctx.wait_for_external_event(name)
        return self._events[name]

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
        if not self.cancelled:
            yield from self._first_of(*tasks, *self._cancel_to_come(stoppable=True))
        self._stop_if_cancelled(step)

    def note(self, step: str) -> Entry:
        """Enter a line for what is no call, and return it; `close` ends it."""
        entry = Entry(step=step, resource="", started_at=self.now, tried_at=self.now)
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, result: Result, reason: str | None, detail: str) -> None:
        """End a line."""
        entry.result, entry.ended_at = result, self.now
        entry.reason, entry.detail = reason, detail[:DETAIL_LENGTH]

    def _enter(self, step: Step, compensation: bool = False) -> Entry:
        entry = self._entry(step)
        entry.compensation = compensation
        self.entries.append(entry)
        return entry

    def _entry(self, step: Step) -> Entry:
        return Entry(step=step.name, resource=step.resource, started_at=self.now, tried_at=self.now)

    def _settle(
        self,
        steps: Sequence[Step],
        entries: Sequence[Entry],
        stoppable: bool = True,
        last: Step | None = None,
    ) -> Durable[None]:
        """Call all steps, those that fail again by their policies, until every entry has a result.

        ``last`` is called once the others are done; if they cannot be, it has no result. It goes
        with their first try and not with those after it: what it says may be long, and all that is
        sent stays in the workflow's history.
        """
        due = list(zip(steps, entries, strict=True))
        waiting: _Due = []
        while due:
            task = self._call([step for step, _ in due], last)
            yield from self._first_of(task)
            failed, not_made = self._take(due, task)
            if failed and not (stoppable and self.cancelled):
                yield from self._pause(failed, stoppable)
            if stoppable and self.cancelled:
                for _, entry in failed:
                    self._fail(entry)
                return
            waiting += not_made
            due = failed
            if (self.as_first and due) or self._are_done(entries, but=waiting):
                due, waiting = [*due, *waiting], []

    def _are_done(self, entries: Sequence[Entry], but: _Due) -> bool:
        others = [entry for entry in entries if all(entry is not left for _, left in but)]
        return all(entry.result == "done" for entry in others)

    def _first_of(self, *tasks: Any) -> Durable[None]:
        self.report()
        yield when_any(list(tasks))

    def _call(self, steps: Sequence[Step], last: Step | None) -> Any:
        me = None if self.as_first else self.ctx.instance_id
        calls = [
            Call(
                step=step.name,
                id=step.resource,
                body=_plain(step.body),
                last=step is last,
                by=me if step.guarded else None,
            )
            for step in steps
        ]
        return self.ctx.call_activity(steps[0].activity, input=Calls(calls=calls))

    def _take(self, due: _Due, task: Any) -> tuple[_Due, _Due]:
        """Note what the calls came to; return what is to be tried again, and what was not made."""
        failed, not_made = [], []
        for (step, entry), outcome in zip(due, self._outcomes(due, task), strict=True):
            if outcome.failure:
                self._note(entry, outcome.failure, outcome.at)
                if self._may_try_again(step, entry):
                    failed.append((step, entry))
                else:
                    self._fail(entry)
            elif outcome.answer is None:
                not_made.append((step, entry))
            else:
                self._answer(entry, outcome.answer, outcome.at)
        return failed, not_made

    def _outcomes(self, due: _Due, task: Any) -> list[Outcome]:
        """Return what the activity returned; of one that broke, all calls failed."""
        try:
            return Outcomes.model_validate(task.get_result()).outcomes
        except TaskFailedError as error:
            failure = Failure(reason=UNAVAILABLE, detail=error.details.message)
        except ValidationError as error:
            failure = Failure(reason="no_answer", detail=str(error))
        return [Outcome(failure=failure, at=self.now)] * len(due)

    def _pause(self, failed: _Due, stoppable: bool) -> Durable[None]:
        """Wait before the next try of what failed, or until the saga is cancelled."""
        who = self.ctx.instance_id
        pauses = [step.retry.pause(e.tries, f"{who} {step.name}") for step, e in failed]
        timer = self.ctx.create_timer(max(pauses))
        yield from self._first_of(timer, *self._cancel_to_come(stoppable))
        if timer.is_complete:
            for _, entry in failed:
                entry.tries += 1
                entry.tried_at = self.now

    def _cancel_to_come(self, stoppable: bool) -> list[Any]:
        if not stoppable or self._undoing or self.cancel is None:
            return []
        self._listening = self._listening or self.ctx.wait_for_external_event(self.cancel)
        return [self._listening]

    def _answer(self, entry: Entry, answer: Answer, at: datetime) -> None:
        if answer.refusal:
            entry.result, entry.reason = "refused", answer.refusal.reason
            entry.detail = answer.refusal.detail[:DETAIL_LENGTH]
        else:
            entry.result, entry.reason, entry.detail = "done", None, None
            self.values[entry.step] = answer.value
        entry.ended_at = self._within(entry, at)

    def _note(self, entry: Entry, failure: Failure, at: datetime) -> None:
        fault = Fault(
            number=entry.tries,
            reason=failure.reason,
            detail=failure.detail[:DETAIL_LENGTH],
            started_at=entry.tried_at,
            ended_at=self._within(entry, at),
        )
        entry.faults = [*entry.faults, fault][-_FAULTS_KEPT:]

    def _within(self, entry: Entry, at: datetime) -> datetime:
        """Return a time that another machine's clock told, kept between call and answer."""
        return max(entry.tried_at, min(at, self.now))

    def _may_try_again(self, step: Step, entry: Entry) -> bool:
        hopeless = entry.faults[-1].reason == CIRCUIT_OPEN and not step.retry.waits_for_breaker
        return step.retry.allows(entry.tries) and not hopeless

    def _fail(self, entry: Entry) -> None:
        last = entry.faults[-1]
        entry.result, entry.reason, entry.detail = "failed", last.reason, last.detail
        entry.ended_at = self.now

    def _stop_if_cancelled(self, step: str) -> None:
        if self.cancelled:
            raise Stopped(step, CANCELLED, "The customer cancelled the trip.", refused=True)


def _plain(body: dict[str, Any] | BaseModel) -> dict[str, Any]:
    return body.model_dump(mode="json") if isinstance(body, BaseModel) else body
