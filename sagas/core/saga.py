"""A saga: durable steps, each with what undoes it. It knows no domain.

Four rules make it safe. The undo of a step is on the stack before the step is called, for a call
may have worked and its answer been lost. Parallel steps are settled all before anything is undone,
so no undo races the call that it undoes. An undo that fails does not stop the others, and stays on
the stack. Once told to cancel, the saga calls nothing new but waits for what it has called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn, TypeVar, overload

from dapr.ext.workflow import DaprWorkflowContext
from pydantic import BaseModel, ValidationError

from sagas.core.calls import Refused
from sagas.core.listening import Ear
from sagas.core.policies import Policies, Retry
from sagas.core.progress import Attention, Blocked, Entry, Milestone, Progress, Result, Wait
from sagas.core.signals import Signal
from sagas.core.steps import KEEP, LOOK, OWN, Looked, Placed, Step
from sagas.core.turns import Due, Durable, Turns

A = TypeVar("A", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
S = TypeVar("S", bound=BaseModel)
M = TypeVar("M", bound=BaseModel)

CANCEL, RESUME = "cancel", "resume"


class Stopped(Exception):
    """The saga goes no further: what was done so far has to be undone. ``status`` is how the case
    ends then."""

    def __init__(self, step: str, reason: str, detail: str, status: str) -> None:
        super().__init__(detail)
        self.step = step
        self.reason = reason
        self.detail = detail
        self.status = status


@dataclass
class Saga:
    """One case on its way: what was done so far, and the undos that it left.

    ``progress`` is what is told of it. ``placed`` says which activity calls a step. ``cancelled``
    is the refusal that a cancel amounts to; None for a saga that cannot be cancelled. ``heard`` are
    signals that an earlier run of the same case heard.
    """

    ctx: DaprWorkflowContext
    id: str
    placed: Mapping[str, Placed]
    policies: Policies
    progress: Progress
    cancelled: Refused | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    heard: Sequence[Wait] = ()
    _words: list[Wait] = field(default_factory=list)
    _ears: list[Ear[Any]] = field(default_factory=list)
    _undos: list[list[Step[Any]]] = field(default_factory=list)
    _left_something: bool = False

    def __post_init__(self) -> None:
        listens = self.cancelled is not None and not self.progress.irrevocable
        self._words = list(self.heard)
        self.turns = Turns(self.ctx, self.report, CANCEL if listens else None)

    @property
    def now(self) -> datetime:
        """The time of this turn, in UTC; the same at each replay."""
        return self.turns.now

    def terms(self, model: type[M]) -> M:
        """Return the terms that the case was started under."""
        return model.model_validate(self.given)

    def run(self, step: Step[A]) -> Durable[A]:
        """Run one step and return its answer.

        Raises Stopped when it was refused or failed, or the saga was cancelled. Past the pivot it
        is not given up: a person is asked for help.
        """
        [answer] = yield from self._run([step])
        return step.answer.model_validate(answer)

    @overload
    def together(self, a: Step[A], b: Step[B], /) -> Durable[tuple[A, B]]: ...
    @overload
    def together(self, a: Step[A], b: Step[B], c: Step[C], /) -> Durable[tuple[A, B, C]]: ...
    @overload
    def together(self, *steps: Step[A]) -> Durable[tuple[A, ...]]: ...
    def together(self, *steps: Step[Any]) -> Durable[tuple[Any, ...]]:
        """Run steps of one row side by side and return their answers, once all are settled. Raises
        Stopped as `run` does: a fault counts before a refusal."""
        answers = yield from self._run(steps)
        pairs = zip(steps, answers, strict=True)
        return tuple(step.answer.model_validate(answer) for step, answer in pairs)

    def attempt(self, step: Step[A]) -> Durable[A | Refused]:
        """Run one step and return its answer, or the refusal: that stops nothing, but what undoes
        the step is owed. Raises Stopped when it failed, or the saga was cancelled. A pivot is run,
        not attempted."""
        assert not step.pivot, f"{step.name} is a pivot"
        dues = self._begin([step])
        yield from self._settle(dues)
        [due] = yield from self._insisted(dues, "failed")
        self._stop_if_cancelled(step.name)
        if due.entry.result == "refused":
            return Refused(reason=due.entry.reason or "", detail=due.entry.detail or "")
        self._stop_unless_done([due])
        return step.answer.model_validate(due.value)

    def hear(
        self, signal: Signal[S], within: timedelta, attempt: str = "", late: S | None = None
    ) -> Durable[S]:
        """Wait for a signal and return what it says; see `listen`."""
        said: S = yield from self.first_of(signal, within=within, attempt=attempt, late=late)
        return said

    def first_of(
        self,
        *signals: Signal[Any],
        within: timedelta,
        attempt: str = "",
        late: BaseModel | None = None,
    ) -> Durable[Any]:
        """Wait durably for one of several signals, and return what it says; see `listen`."""
        ear = self.listen(*signals, within=within, attempt=attempt, late=late)
        said = yield from self.first(ear)
        return said

    def listen(
        self,
        *signals: Signal[S],
        within: timedelta,
        attempt: str = "",
        late: S | None = None,
    ) -> Ear[S]:
        """Begin to listen for one of several signals; `first` waits for what is said.

        Only a word about ``attempt`` is heard, if that is given. When none comes ``within`` the
        time, ``late`` counts as said; without it, the saga stops, refused. A signal that is `asked`
        for is asked about ``attempt``. Raises Stopped when a run before this one was told what
        amounts to a refusal.
        """
        for signal in signals:
            if known := self._known(signal, attempt):
                self.progress.waits.append(known)
                told = signal.read(known.word)
                if signal.check and (no := signal.check(told)):
                    self.refuse(signal.name, no.reason, no.detail)
                return Ear(signals, attempt, within, late, said=told)
        ear = Ear(signals, attempt, within, late)
        ear.waits = [self._wait(signal, attempt, within) for signal in signals]
        self.progress.waits += ear.waits
        ear.entry = self._note(" or ".join(signal.name for signal in signals), attempt)
        ear.too_late = self.ctx.create_timer(within)
        for signal in signals:
            self.turns.event(signal.event(attempt))
        self._ears.append(ear)
        return ear

    def first(self, *ears: Ear[Any], within: timedelta | None = None) -> Durable[Any]:
        """Wait durably for the first word that an ear hears, and return it; None when nothing was
        said ``within`` the time. The other ears stay open: what they hear meanwhile is kept.

        Raises Stopped when the word, or that none came in time, amounts to a refusal, or the saga
        is cancelled.
        """
        pause = None if within is None else self.ctx.create_timer(within)
        if any(ear.is_new for ear in ears if ear in self._ears):
            yield from self.put_on_record()
        for ear in ears:
            ear.is_new = False
        while True:
            for ear in ears:
                if ear.said is not None and not ear.is_told:
                    ear.is_told = True
                    return ear.said
            if pause and pause.is_complete:
                return None
            yield from self._listen_on([ear for ear in ears if ear in self._ears], pause)

    def close(self, ear: Ear[Any]) -> None:
        """Listen no more: a person's word is not waited for, a participant's is kept for an ear
        that listens later."""
        if ear in self._ears:
            self._over(ear)
            waits = self.progress.waits
            waits[:] = [wait for wait in waits if not any(wait is each for each in ear.waits)]
            self.turns.close(ear.line, "done", None, None)

    def refuse(self, step: str, reason: str, detail: str) -> NoReturn:
        """Stop here: what was done is undone, and the case ends rejected. That cannot be past the
        pivot: there it is an error of the saga, which a person has to look at."""
        if self.progress.irrevocable:
            raise AssertionError(f"{step} refuses past the pivot: {reason}: {detail}")
        raise Stopped(step, reason, detail, "rejected")

    def show(self, **results: BaseModel) -> None:
        """Show what the saga itself found out beside what services told."""
        for name, value in results.items():
            self.progress.results[name] = value.model_dump(mode="json", by_alias=True)

    def owe(self, *undos: Step[Any]) -> None:
        """Put undos on the stack that are to run together, but those that are there already."""
        owed = {undo.key for together in self._undos for undo in together}
        if new := [undo for undo in undos if undo.key not in owed]:
            self._undos.append(new)

    def compensate(self) -> Durable[list[Entry]]:
        """Undo in reverse order, parallel steps together. Return what could not be undone; calling
        this again tries just that, and what is to come after it."""
        self.turns.cancel = None
        if halt := self.progress.halt:
            self._stop_listening(halt.reason, halt.detail)
        left: list[list[Step[Any]]] = []
        failed: list[Entry] = []
        for undos in reversed(self._undos):
            open_ = {undo.name for together in left for undo in together}
            held = [undo for undo in undos if open_.intersection(undo.after)]
            called = [undo for undo in undos if undo not in held]
            dues = [self._due(undo, self.policies.undo, compensates=True) for undo in called]
            yield from self._settle(dues)
            left.insert(0, [*held, *(due.step for due in dues if not due.done)])
            failed += [due.entry for due in dues if not due.done]
        self._undos = [undos for undos in left if undos]
        return failed

    def conclude(
        self, closing: Step[Any], patience: Retry, ended: Progress
    ) -> Durable[tuple[Entry, Entry]]:
        """Run the step that tells of the end and, once it is done, put ``ended`` on record; return
        what both came to. Raises Stopped when the saga is cancelled before both are done."""
        told = self._due(closing, patience)
        kept = replace(self._own(KEEP, self.policies.record, ended), activity=told.activity)
        yield from self.turns.settle([told], last=kept)
        if not kept.done:
            self._stop_if_cancelled(closing.name)
        return told.entry, kept.entry

    def put_on_record(self, ended: Progress | None = None) -> Durable[Entry]:
        """Put the case's progress, or its end, on record, and forget the lines that will not
        change: so what is sent does not grow with the times that somebody is asked for help."""
        due = self._own(KEEP, self.policies.record, ended or self.progress)
        yield from self.turns.settle([due], stoppable=False)
        if ended is None and due.done:
            running = [entry for entry in self.progress.entries if entry.result == "running"]
            self.progress.entries[:] = running
            self.progress.milestones.clear()
        return due.entry

    def look(self) -> Durable[Looked | None]:
        """Look at the record. None: the case has ended, or is in the hands of another workflow."""
        due = self._own(LOOK, self.policies.look)
        yield from self.turns.settle([due], stoppable=False)
        return Looked.model_validate(due.value) if due.done else None

    def ask_for_help(self, left: Sequence[Entry]) -> Durable[None]:
        """Wait durably until somebody says that what blocks these steps is mended."""
        progress, resumed = self.progress, self.turns.event(RESUME)
        blocked = [
            Blocked(step=e.step, resource=e.resource, reason=e.reason or "", detail=e.detail or "")
            for e in left
        ]
        names = ", ".join(each.step for each in blocked)
        progress.status = "needs_attention"
        progress.attention = Attention(since=self.now, blocked=blocked)
        progress.milestones.append(Milestone(event="needs_attention", at=self.now, detail=names))
        yield from self.put_on_record()
        yield from self.turns.first_of(resumed)
        if resumed.is_complete:
            self.turns.take(RESUME)
        progress.status, progress.attention = "running", None
        self._stop_if_cancelled(names)
        progress.milestones.append(Milestone(event="resumed", at=self.now))
        yield from self.put_on_record()

    def report(self) -> None:
        """Say how far the case has come, in a line for people and in JSON for the live view.

        Also in a replay: a turn that wakes nobody, as of a cancel while calls are under way, has
        nothing else to tell.
        """
        p = self.progress
        p.step = ", ".join(e.step for e in p.entries if e.result == "running") or None
        told = p.model_dump_json(exclude_none=True, exclude_defaults=True)
        self.ctx.set_custom_status(f"{p.step or p.status}\t{told}")

    def _run(self, steps: Sequence[Step[Any]]) -> Durable[list[dict[str, Any]]]:
        pivots = any(step.pivot for step in steps) and not self.progress.irrevocable
        if pivots:
            yield from self._pass_the_pivot(steps)
        dues = self._begin(steps)
        yield from self._settle(dues)
        settled = yield from self._insisted(dues, "failed", "refused", pivots=pivots)
        if pivots and _all_refused(settled):
            self.progress.irrevocable = False
            yield from self.put_on_record()
        self._stop_if_cancelled(steps[0].name if steps else "")
        self._stop_unless_done(settled)
        values = {due.step.key: due.value for due in settled}
        return [values[step.key] for step in steps]

    def _insisted(
        self, dues: Sequence[Due], *results: Result, pivots: bool = False
    ) -> Durable[list[Due]]:
        """Return what came of the steps. Past the pivot, those with one of these results are tried
        again whenever a person says that what blocks them is mended; but a pivot that is refused
        was not passed."""
        settled = list(dues)
        while self.progress.irrevocable and not (pivots and _all_refused(settled)):
            left = [due for due in settled if due.entry.result in results]
            if not left:
                break
            yield from self.ask_for_help([due.entry for due in left])
            again = self._begin([due.step for due in left])
            yield from self._settle(again)
            settled = [due for due in settled if due not in left] + again
        return settled

    def _begin(self, steps: Sequence[Step[Any]]) -> list[Due]:
        """Enter lines for steps, their undos owed. The first call that leaves something to undo is
        guarded: a workflow that starts too late, or runs again, gets no further."""
        undos = [step.undo for step in steps if step.undo]
        retry = self.policies.undo if self.progress.irrevocable else self.policies.step
        first = bool(undos) and not self._left_something
        self._left_something = self._left_something or first
        if not self.progress.irrevocable:
            self.owe(*undos)
        return [replace(self._due(s, retry), guarded=first and s.undo is not None) for s in steps]

    def _settle(self, dues: Sequence[Due]) -> Durable[None]:
        if dues:
            yield from self.turns.settle(dues)
        for due in dues:
            if due.done and due.value and due.step.resource:
                self.progress.results[due.step.resource] = due.value

    def _pass_the_pivot(self, steps: Sequence[Step[Any]]) -> Durable[None]:
        """Put it on record that the saga only goes forward. Raises Stopped if a cancel is there:
        which of the two came first, the record decides."""
        name = steps[0].name
        self._stop_if_cancelled(name)
        self.progress.irrevocable = True
        kept = yield from self.put_on_record()
        if kept.result == "refused":
            self.progress.irrevocable = False
            raise Stopped(name, kept.reason or "", kept.detail or "", "cancelled")
        self.turns.cancel = None

    def _stop_unless_done(self, dues: Sequence[Due]) -> None:
        stopping = [due for due in dues if not due.done]
        if stopping:
            first = min(stopping, key=lambda due: due.entry.result == "refused")
            entry = first.entry
            refused = entry.result == "refused" and not first.step.promised
            status = "rejected" if refused else "failed"
            raise Stopped(entry.step, entry.reason or "", entry.detail or "", status)

    def _stop_if_cancelled(self, step: str) -> None:
        if self.cancelled and self.turns.cancelled:
            raise Stopped(step, self.cancelled.reason, self.cancelled.detail, "cancelled")

    def _listen_on(self, ears: Sequence[Ear[Any]], pause: Any) -> Durable[None]:
        """Wait until something happens to these ears: a word before a cancel, a cancel before it
        is too late, that before a word is asked for."""
        for ear in ears:
            if ear.asked and not ear.again:
                ear.again = self.ctx.create_timer(ear.asked.every)
        tasks = [task for ear in ears for task in self._tasks(ear)]
        yield from self.turns.first_of(*tasks, *([pause] if pause else []))
        for ear in ears:
            if self._has_heard(ear):
                return
        self._stop_if_cancelled_listening(ears)
        for ear in ears:
            if ear.too_late.is_complete:
                yield from self._not_in_time(ear)
                return
        for ear in ears:
            if ear.asked and ear.again.is_complete:
                ear.again = None
                yield from self._ask(ear, ear.asked)
                return

    def _tasks(self, ear: Ear[Any]) -> list[Any]:
        events = [self.turns.event(signal.event(ear.attempt)) for signal in ear.signals]
        return [*events, ear.too_late, *([ear.again] if ear.again else [])]

    def _stop_if_cancelled_listening(self, ears: Sequence[Ear[Any]]) -> None:
        try:
            self._stop_if_cancelled(", ".join(ear.line.step for ear in ears))
        except Stopped as stop:
            self._stop_listening(stop.reason, stop.detail)
            raise

    def _stop_listening(self, reason: str, detail: str) -> None:
        for ear in list(self._ears):
            self._over(ear)
            self.turns.close(ear.line, "refused", reason, detail)

    def _known(self, signal: Signal[Any], attempt: str) -> Wait | None:
        """Take the first wait not taken yet in which an earlier run of the case was told."""
        about = (signal.name, attempt)
        known = next((w for w in self._words if (w.signal, w.attempt) == about), None)
        if known:
            self._words.remove(known)
        return known

    def _wait(self, signal: Signal[Any], attempt: str, within: timedelta) -> Wait:
        until = self.now + within
        return Wait(signal=signal.name, attempt=attempt, since=self.now, until=until)

    def _has_heard(self, ear: Ear[Any]) -> bool:
        """Take what an ear hears, but for what makes no sense. Raises Stopped if it amounts to a
        refusal."""
        for signal, wait in zip(ear.signals, ear.waits, strict=True):
            event = signal.event(ear.attempt)
            if not self.turns.event(event).is_complete:
                continue
            try:
                said = signal.read(self.turns.take(event))
            except ValidationError:
                continue
            self._say(ear, signal, wait, said, signal.told(said) if signal.told else None)
            return True
        return False

    def _say(
        self, ear: Ear[Any], signal: Signal[S], wait: Wait, said: S, detail: str | None
    ) -> None:
        wait.word = said.model_dump(mode="json", by_alias=True)
        self._over(ear)
        if signal.check and (no := signal.check(said)):
            self.turns.close(ear.line, "refused", no.reason, no.detail)
            self.refuse(ear.line.step, no.reason, no.detail)
        self.turns.close(ear.line, "done", None, detail)
        ear.said = said

    def _not_in_time(self, ear: Ear[Any]) -> Durable[None]:
        [first, *_] = ear.waits
        reason, detail = f"{first.signal}_timed_out", f"Nobody decided by {first.until}."
        if ear.late is None and self.progress.irrevocable:
            ear.line.reason, ear.line.detail = reason, detail
            yield from self.ask_for_help([ear.line])
            ear.too_late = self.ctx.create_timer(ear.within)
            for wait in ear.waits:
                wait.until = self.now + ear.within
            return
        self._over(ear)
        self.turns.close(ear.line, "refused" if ear.late is None else "done", reason, detail)
        if ear.late is None:
            self.refuse(ear.line.step, reason, detail)
        ear.said = ear.late

    def _ask(self, ear: Ear[Any], signal: Signal[Any]) -> Durable[None]:
        """Ask for a word that may have got lost; it may not have been said yet."""
        assert signal.ask
        ask = signal.ask.about(ear.attempt) if ear.attempt else signal.ask
        due = self._due(ask, self.policies.step, quiet=True)
        yield from self.turns.settle([due])
        if due.done:
            answer: BaseModel = ask.answer.model_validate(due.value)
            wait = ear.waits[ear.signals.index(signal)]
            self._say(ear, signal, wait, answer, "It was asked for.")

    def _over(self, ear: Ear[Any]) -> None:
        self._ears.remove(ear)
        for wait in ear.waits:
            wait.over = True
        ear.line.ended_at = self.now

    def _note(self, step: str, resource: str = "") -> Entry:
        entry = Entry(step=step, resource=resource, started_at=self.now, tried_at=self.now)
        self.progress.entries.append(entry)
        return entry

    def _due(
        self, step: Step[Any], retry: Retry, compensates: bool = False, quiet: bool = False
    ) -> Due:
        """Return a step that is due; but for one that is ``quiet``, its line is entered."""
        step = step.given(step.says(self.progress), **step.body) if step.says else step
        resource = f"{self.id}:{step.resource}" if step.resource else ""
        entry = Entry(
            step=step.name,
            resource=resource,
            compensation=compensates,
            started_at=self.now,
            tried_at=self.now,
        )
        if not quiet:
            self.progress.entries.append(entry)
        return Due(step, entry, self._activity(step), resource, retry, guarded=compensates)

    def _activity(self, step: Step[Any]) -> str:
        try:
            return self.placed[step.name].activity
        except KeyError:
            words = f"The step {step.name} stands in no row of the kind: add it to rows."
            raise LookupError(words) from None

    def _own(self, step: Step[Any], retry: Retry, says: Progress | None = None) -> Due:
        """Return a step about the case's own record: it has no line."""
        entry = Entry(step=step.name, resource=self.id, started_at=self.now, tried_at=self.now)
        return Due(step, entry, OWN, self.id, retry, guarded=True, says=says)


def _all_refused(dues: Sequence[Due]) -> bool:
    return all(due.entry.result == "refused" for due in dues)
