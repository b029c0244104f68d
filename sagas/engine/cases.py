"""Starting, looking at and changing cases: the record first, then the workflow, then the wait."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from base.errors import ProjectError, Unavailable
from sagas.core.kind import Kind
from sagas.core.policies import Policies
from sagas.core.progress import Halt, Milestone, Progress
from sagas.core.saga import CANCEL, RESUME
from sagas.core.signals import Signal
from sagas.engine.admission import Admission, Busy
from sagas.engine.endings import Ending, Endings
from sagas.engine.engine import Engine, Unreadable
from sagas.records import meters
from sagas.records.record import LOST, UNREADABLE, Record, digest
from sagas.records.records import Records
from telemetry.tracing import trace_id

_log = logging.getLogger("sagas")
_LONGEST_LOOK_SECONDS = 2.0
_UNSTARTED_AFTER = timedelta(seconds=5)


class OtherRequest(ProjectError):
    """The case id belongs to another request."""


class NotNow(ProjectError):
    """The case is not in a state in which this can be asked of it."""


class Forbidden(ProjectError):
    """This person may not say this of this case; ``reason`` is a code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Cases:
    """The orchestrator's use cases. Methods raise Unavailable for what may pass by itself."""

    def __init__(
        self,
        kind: Kind[Any],
        records: Records,
        engine: Engine,
        endings: Endings,
        admission: Admission,
        terms: BaseModel | None = None,
        first_look_seconds: float = _LONGEST_LOOK_SECONDS,
        unreadable_looks: int = 5,
        policies: Policies = Policies(),  # noqa: B008 it is never changed
    ) -> None:
        self._kind = kind
        self._records = records
        self._engine = engine
        self._endings = endings
        self._admission = admission
        self._terms = {} if terms is None else terms.model_dump(mode="json")
        self._policies = policies
        self._first_look = first_look_seconds
        self._unreadable_looks = unreadable_looks
        self._unreadable: dict[str, int] = {}

    async def begin(
        self, case_id: str, request: BaseModel, wait_seconds: float = 0, by: str | None = None
    ) -> Record:
        """Accept a case, start it, and return it when it has ended or the wait is over. ``by``,
        here and below, is who asks for it, and goes on record.

        Of a known id, return its case. Raises OtherRequest, Busy when there are too many at once,
        and TooManyOpen when their owner has too many.
        """
        with self._endings.waiting_for(case_id) as ending:
            record = await self._admit(case_id, request, by)
            return await self._wait(record, ending, wait_seconds)

    async def get(self, case_id: str) -> Record | None:
        """Return the case as it is now, or None."""
        record = await self._records.get(case_id)
        return record if record is None or record.ended else await self._live(record)

    async def cancel(self, case_id: str, by: str | None = None) -> Record | None:
        """Cancel a case at whatever point it is; return it, or None. Of a case that was not done
        there is nothing to cancel: it is returned as it is. Raises TooLate past its pivot."""
        now = datetime.now(UTC)
        record = await self._records.request_cancel(case_id, now, by)
        if record is None or record.ended:
            return record
        if record.reopened and record.cancel_requested_at == now:
            await self._engine.start(record)
        elif not record.reopened:
            await self._engine.tell(record.workflow_id, CANCEL)
        return await self._live(record)

    async def signal(
        self,
        case_id: str,
        signal: Signal[Any],
        attempt: str,
        word: BaseModel,
        by: str | None = None,
    ) -> Record | None:
        """Tell a case what was said about an attempt of it; return it, or None.

        A person's word is taken only while it is waited for. Raises NotNow, and Forbidden for what
        this person may not say. A participant's may come early, and is kept; one that comes late is
        put in the audit, and changes nothing.
        """
        record = await self.get(case_id)
        if record is None:
            return None
        self._check_allowed(record, signal, word)
        wait = record.progress.wait_for(signal.name, attempt)
        late = record.ended or (wait is not None and wait.over and wait.word is None)
        waited_for = record.progress.status == "running" and wait is not None and not wait.over
        event = signal.event(attempt)
        if signal.by == "person":
            if waited_for and by:
                await self._remember(case_id, "signal_sent", by, event)
            if not (waited_for and await self._engine.tell(record.workflow_id, event, word)):
                raise NotNow(self._why_not(record, signal, attempt))
        elif late:
            told = Milestone(event="late_signal", at=datetime.now(UTC), detail=event, by=by)
            await self._records.remark(case_id, told)
        elif not await self._engine.tell(record.workflow_id, event, word):
            raise Unavailable(f"No workflow of {case_id} hears {event} now.")
        return record

    async def resume(self, case_id: str, by: str | None = None) -> Record | None:
        """Let a case that needs attention go on with what it could not undo. Raises NotNow."""
        record = await self._records.get(case_id)
        if record is None:
            return None
        shown = record if record.ended else await self._live(record)
        if by and shown.progress.status == "needs_attention":
            await self._remember(case_id, "resume_requested", by)
            return await self.resume(case_id)
        if shown.progress.status != "needs_attention":
            raise NotNow(
                f"The {self._kind.noun} is {shown.progress.status}: there is nothing to resume."
            )
        is_parked = shown.progress.attention is not None
        if not (is_parked and await self._engine.tell(record.workflow_id, RESUME)):
            await self._start_over(record, shown.progress)
        return shown

    async def look_after(self, record: Record) -> None:
        """See to it that an open case is in the hands of a workflow that knows its cancellation,
        and that a workflow which broke is on record as such."""
        try:
            progress = await self._engine.progress(record.workflow_id)
        except Unreadable as torn:
            await self._note_unreadable(record, torn)
            return
        self._unreadable.pop(record.workflow_id, None)
        if progress is None:
            await self._start_unless_parked(record)
        elif _broke(progress):
            await self._note_broken(record, _told(progress, record.progress))
            return
        elif _broke(record.progress) and progress != Progress():  # it goes on after all
            await self._records.note(record, progress.onto(record.progress))
        if record.cancel_requested_at and not record.reopened and not (progress and progress.halt):
            await self._engine.tell(record.workflow_id, CANCEL)

    def only_these_are_open(self, case_ids: set[str], older_than: float) -> None:
        """Give back the places of cases, older than so many seconds, that ended in another
        replica, and forget what was seen of cases that have ended."""
        self._admission.leave_all_but(case_ids, older_than)
        seen = self._unreadable.items()
        self._unreadable = {id_: n for id_, n in seen if id_.partition(".")[0] in case_ids}

    async def _note_broken(self, record: Record, progress: Progress) -> None:
        if not _broke(record.progress):
            await self._records.note(record, progress.needing_attention(datetime.now(UTC)))

    async def _note_unreadable(self, record: Record, torn: Unreadable) -> None:
        """Record that a case needs a person, once its workflow could not be read for so many looks
        in a row."""
        looks = self._unreadable[record.workflow_id] = (
            self._unreadable.get(record.workflow_id, 0) + 1
        )
        if looks >= self._unreadable_looks:
            why = Halt(step=record.progress.step or "workflow", reason=UNREADABLE, detail=str(torn))
            lost = {"status": "needs_attention", "attention": None, "halt": why}
            await self._note_broken(record, record.progress.model_copy(update=lost))

    async def _admit(self, case_id: str, request: BaseModel, by: str | None) -> Record:
        """Accept a case that has a place; one that ends gives its place back by itself. A case
        that is on record needs none."""
        try:
            is_new = self._admission.enter(case_id)
        except Busy:
            if known := await self._records.get(case_id):
                return self._of_same_request(known, request)
            meters.BUSY.inc()
            raise
        record = None
        try:
            record = await self._accept(case_id, request, by)
        finally:
            if is_new and (record is None or record.ended):
                self._admission.leave(case_id)
        return record

    async def _accept(self, case_id: str, request: BaseModel, by: str | None) -> Record:
        fresh = Record(
            case_id=case_id,
            digest=digest(request),
            request=request.model_dump(mode="json", by_alias=True),
            owner=self._kind.owner(request),
            terms=self._terms,
            policies=self._policies,
            created_at=datetime.now(UTC),
            begun_by=by,
            trace_id=trace_id(),
        )
        record = self._of_same_request(await self._records.accept(fresh), request)
        if record is fresh:
            meters.ACCEPTED.inc()
            _log.info("%s accepted", self._kind.noun, extra={"case_id": case_id})
            await self._engine.start(record)
        return record

    async def _wait(self, record: Record, ending: Ending, seconds: float) -> Record:
        deadline, look = _monotonic() + seconds, self._first_look
        while not record.ended and (left := deadline - _monotonic()) > 0:
            # The end may be recorded by another replica, so look now and then.
            await asyncio.wait([ending], timeout=min(left, look))
            at_end = ending.result() if ending.done() else await self._records.get(record.case_id)
            record, look = at_end or record, min(2 * look, _LONGEST_LOOK_SECONDS)
        if record.ended:
            self._admission.leave(record.case_id)
        return record if record.ended or not seconds else await self._live(record)

    async def _live(self, record: Record) -> Record:
        try:
            progress = await self._engine.progress(record.workflow_id)
        except Unreadable:
            return record
        if progress is None:
            await self._start_if_forgotten(record)
            return record
        if progress == Progress():  # it has been started and did not yet say anything
            return record
        return record.model_copy(update={"progress": _told(progress, record.progress)})

    async def _start_if_forgotten(self, record: Record) -> None:
        """Start a case whose orchestrator died between accepting and starting it."""
        if not record.is_younger_than(_UNSTARTED_AFTER, datetime.now(UTC)):
            await self._start_unless_parked(record)

    async def _start_unless_parked(self, record: Record) -> None:
        """Start a case that has no workflow, but not one that waits for a person: of a workflow
        that broke, the engine forgets in time."""
        if record.progress.status != "needs_attention":
            with suppress(NotNow):
                await self._start_over(record, record.progress)

    async def _start_over(self, record: Record, known: Progress) -> None:
        """Start the workflow of a case that may have been started before. It is on record first:
        so the run that comes, also one that somebody else starts, undoes what the last may have
        done. Raises NotNow when the case has gone on since ``record`` was read."""
        lost = known.halt is not None and known.halt.reason in LOST
        taken = await self._records.take_up(record, known, datetime.now(UTC), lost)
        if taken is None:
            raise NotNow(f"The {self._kind.noun} has gone on meanwhile; look at it again.")
        with suppress(Unreadable):
            if lost:
                await self._engine.drop(record.workflow_id)
        await self._engine.start(taken)

    async def _remember(self, case_id: str, event: str, by: str, what: str | None = None) -> None:
        """Put it on record that somebody asked for it, before it is done."""
        told = Milestone(event=event, at=datetime.now(UTC), detail=what, by=by)
        await self._records.remark(case_id, told)

    def _of_same_request(self, record: Record, request: BaseModel) -> Record:
        """Return the record if this was asked for; another release may have made its digest in
        another way. Raises OtherRequest."""
        asked = digest(request)
        if asked != record.digest and asked != digest(self._kind.read(record.request)):
            raise OtherRequest(record.case_id)
        return record

    def _check_allowed(self, record: Record, signal: Signal[Any], word: BaseModel) -> None:
        if signal.forbids and (no := signal.forbids(self._kind.read(record.request), word)):
            raise Forbidden(no.reason, no.detail)

    def _why_not(self, record: Record, signal: Signal[Any], attempt: str) -> str:
        wait = record.progress.wait_for(signal.name, attempt)
        if wait and wait.word is not None and signal.told:
            return f"It has been said already: {signal.told(signal.read(wait.word))}"
        noun, status = self._kind.noun, record.progress.status
        return f"The {noun} is {status} and does not wait for {signal.name}."


def _broke(progress: Progress) -> bool:
    return progress.status == "needs_attention" and progress.attention is None


def _told(progress: Progress, kept: Progress) -> Progress:
    """Return what is known of a case: a workflow that broke may tell no more than that."""
    if not _broke(progress) or progress.entries:
        return progress.onto(kept)
    broke = {"status": progress.status, "halt": progress.halt, "attention": None}
    return kept.model_copy(update=broke)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
