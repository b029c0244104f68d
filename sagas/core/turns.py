"""What a saga does at its turns: durable calls, the pauses between their tries, and waits.

Steps that run together are one activity, which settles all their calls (`sagas.core.calls`). Tries
are made again here and not by the engine's retry policy: so every try is on record, only what
failed is tried again, and a cancel ends the pauses between tries.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from dapr.ext.workflow import DaprWorkflowContext, TaskFailedError, when_any
from pydantic import BaseModel, ValidationError

from sagas.core.calls import (
    CIRCUIT_OPEN,
    DETAIL_LENGTH,
    UNAVAILABLE,
    Answer,
    Call,
    Failure,
    Outcome,
    Outcomes,
)
from sagas.core.policies import Retry
from sagas.core.progress import Entry, Fault, Result
from sagas.core.seals import known_as, sealed
from sagas.core.steps import Step

T = TypeVar("T")
Durable = Generator[Any, Any, T]
"""What a workflow function is: it yields tasks to the engine and is resumed with their results."""

_FAULTS_KEPT = 20
_AT_ONCE = timedelta(0)


@dataclass
class Due:
    """A step that is to be called: by which activity, under which id, how often; and its line.

    One that is ``guarded`` is called only if the workflow that asks is the one that counts.
    ``says`` is what it is called with, as that is then, if not the step's own body. ``value`` is
    what its service answered, once it is done.
    """

    step: Step[Any]
    entry: Entry
    activity: str
    id: str
    retry: Retry
    guarded: bool = False
    says: BaseModel | None = None
    value: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return self.entry.result == "done"

    @property
    def body(self) -> dict[str, Any]:
        if self.says is None:
            return self.step.body
        return self.says.model_dump(mode="json", exclude_none=True)


@dataclass
class Turns:
    """The turns of one workflow. ``report`` is called whenever it waits.

    ``cancel`` names the event that cancels it; None while nothing does.
    """

    ctx: DaprWorkflowContext
    report: Callable[[], None]
    cancel: str | None = None
    _events: dict[str, Any] = field(default_factory=dict)
    _listening: Any = None
    _heard: bool = False

    @property
    def now(self) -> datetime:
        """The time of this turn, in UTC; the same at each replay."""
        return self.ctx.current_utc_datetime.replace(tzinfo=UTC)

    @property
    def cancelled(self) -> bool:
        """Whether it has been told to cancel, and may be."""
        if self.cancel is None:
            return False
        if not self._heard:
            # A look at what has come costs nothing; listening makes the engine a timer.
            look = self._listening or self._await(self.cancel, timeout=_AT_ONCE)
            self._heard = bool(look.is_complete and not look.is_failed)
        return self._heard

    def event(self, name: str) -> Any:
        """Return the task that waits for an event: the same one until what it heard is taken, for
        it would hear the event first."""
        if name not in self._events:
            self._events[name] = self._await(name)
        return self._events[name]

    def take(self, name: str) -> Any:
        """Return what came with an event that has come; the next one is another."""
        return self._events.pop(name).get_result()

    def first_of(self, *tasks: Any, stoppable: bool = True) -> Durable[None]:
        """Wait for one of ``tasks``, or until told to cancel."""
        if not (stoppable and self.cancelled):
            yield from self._first_of(*tasks, *self._cancel_to_come(stoppable))

    def settle(
        self, dues: Sequence[Due], stoppable: bool = True, last: Due | None = None
    ) -> Durable[None]:
        """Call all steps, those that fail again by their policies, until every line has a result,
        or the saga is cancelled.

        ``last`` is called once the others are done; if they cannot be, it has no result. It goes
        with their first try and not with those after it: what it says may be long, and all that is
        sent stays in the workflow's history.
        """
        due, waiting = [*dues, *([last] if last else [])], list[Due]()
        while due:
            task = self._call(due, last)
            yield from self._first_of(task)
            failed, not_made = self._take(due, task)
            if failed and not (stoppable and self.cancelled):
                yield from self._pause(failed, stoppable)
            if stoppable and self.cancelled:
                for each in failed:
                    _fail(each.entry, self.now)
                return
            waiting += not_made
            due = failed
            if not due and all(each.done for each in dues):
                due, waiting = waiting, []

    def close(self, entry: Entry, result: Result, reason: str | None, detail: str | None) -> None:
        """End a line."""
        entry.result, entry.ended_at = result, self.now
        entry.reason, entry.detail = reason, detail[:DETAIL_LENGTH] if detail else detail

    def _await(self, event: str, **how: Any) -> Any:
        return self.ctx.wait_for_external_event(known_as(event, self.ctx.instance_id), **how)

    def _first_of(self, *tasks: Any) -> Durable[None]:
        self.report()
        yield when_any(list(tasks))

    def _call(self, due: Sequence[Due], last: Due | None) -> Any:
        calls = [
            Call(
                step=each.step.name,
                id=each.id,
                body=each.body,
                last=each is last,
                by=self.ctx.instance_id if each.guarded else None,
            )
            for each in due
        ]
        return self.ctx.call_activity(due[0].activity, input=sealed(calls))

    def _take(self, due: Sequence[Due], task: Any) -> tuple[list[Due], list[Due]]:
        """Note what the calls came to; return what is to be tried again, and what was not made."""
        failed, not_made = [], []
        for each, outcome in zip(due, self._outcomes(due, task), strict=True):
            if outcome.failure:
                self._note(each.entry, outcome.failure, outcome.at)
                if _may_try_again(each):
                    failed.append(each)
                else:
                    _fail(each.entry, self.now)
            elif outcome.answer is None:
                not_made.append(each)
            else:
                self._answer(each, outcome.answer, outcome.at)
        return failed, not_made

    def _outcomes(self, due: Sequence[Due], task: Any) -> list[Outcome]:
        """Return what the activity returned; of one that broke, all calls failed."""
        try:
            return Outcomes.model_validate(task.get_result()).outcomes
        except TaskFailedError as error:
            failure = Failure(reason=UNAVAILABLE, detail=error.details.message)
        except ValidationError as error:
            failure = Failure(reason="no_answer", detail=str(error))
        return [Outcome(failure=failure, at=self.now)] * len(due)

    def _pause(self, failed: Sequence[Due], stoppable: bool) -> Durable[None]:
        """Wait before the next try of what failed, or until the saga is cancelled."""
        who = self.ctx.instance_id
        pauses = [each.retry.pause(each.entry.tries, f"{who} {each.step.name}") for each in failed]
        timer = self.ctx.create_timer(max(pauses))
        yield from self._first_of(timer, *self._cancel_to_come(stoppable))
        if timer.is_complete:
            for each in failed:
                each.entry.tries += 1
                each.entry.tried_at = self.now

    def _cancel_to_come(self, stoppable: bool) -> list[Any]:
        if not stoppable or self.cancel is None:
            return []
        self._listening = self._listening or self._await(self.cancel)
        return [self._listening]

    def _answer(self, due: Due, answer: Answer, at: datetime) -> None:
        entry = due.entry
        if answer.refusal:
            entry.result, entry.reason = "refused", answer.refusal.reason
            entry.detail = answer.refusal.detail[:DETAIL_LENGTH]
        else:
            entry.result, entry.reason, entry.detail = "done", None, None
            due.value = answer.value
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


def _may_try_again(due: Due) -> bool:
    hopeless = due.entry.faults[-1].reason == CIRCUIT_OPEN and not due.retry.waits_for_breaker
    return due.retry.allows(due.entry.tries) and not hopeless


def _fail(entry: Entry, at: datetime) -> None:
    last = entry.faults[-1]
    entry.result, entry.reason, entry.detail, entry.ended_at = (
        "failed",
        last.reason,
        last.detail,
        at,
    )
