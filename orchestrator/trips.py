"""Booking, looking at and changing trips: the record first, then the workflow, then the wait."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from orchestrator import meters
from orchestrator.admission import Admission, Busy
from orchestrator.approval import APPROVAL
from orchestrator.endings import Ending, Endings
from orchestrator.engine import Engine, Unreadable
from orchestrator.models import (
    LOST,
    UNREADABLE,
    Decision,
    Halt,
    Progress,
    Terms,
    TripRecord,
    TripRequest,
)
from orchestrator.records import TripRecords
from orchestrator.workflow import CANCEL, RESUME
from telemetry.tracing import trace_id

_log = logging.getLogger("orchestrator")
_LONGEST_LOOK_SECONDS = 2.0
_UNSTARTED_AFTER = timedelta(seconds=5)


class OtherRequest(Exception):
    """The trip id belongs to a booking with another request."""


class NotNow(Exception):
    """The trip is not in a state in which this can be asked of it."""


class Trips:
    """The orchestrator's use cases. Methods raise Unavailable for what may pass by itself."""

    def __init__(
        self,
        records: TripRecords,
        engine: Engine,
        endings: Endings,
        admission: Admission,
        terms: Terms,
        first_look_seconds: float = _LONGEST_LOOK_SECONDS,
        unreadable_looks: int = 5,
    ) -> None:
        self._records = records
        self._engine = engine
        self._endings = endings
        self._admission = admission
        self._terms = terms
        self._first_look = first_look_seconds
        self._unreadable_looks = unreadable_looks
        self._unreadable: dict[str, int] = {}

    async def book(self, trip_id: str, request: TripRequest, wait_seconds: float = 0) -> TripRecord:
        """Accept a trip, start it, and return it when it has ended or the wait is over.

        Of a known id, return its trip. Raises OtherRequest, and Busy when there are too many.
        """
        with self._endings.waiting_for(trip_id) as ending:
            record = await self._admit(trip_id, request)
            return await self._wait(record, ending, wait_seconds)

    async def get(self, trip_id: str) -> TripRecord | None:
        """Return the trip as it is now, or None."""
        record = await self._records.get(trip_id)
        return record if record is None or record.ended else await self._live(record)

    async def cancel(self, trip_id: str) -> TripRecord | None:
        """Cancel a trip at whatever point it is; return it, or None. Of a trip that ended in
        another way than confirmed there is nothing to cancel: it is returned as it is."""
        now = datetime.now(UTC)
        record = await self._records.request_cancel(trip_id, now)
        if record is None or record.ended:
            return record
        if record.reopened and record.cancel_requested_at == now:
            await self._engine.start(record)
        elif not record.reopened:
            await self._engine.tell(record.workflow_id, CANCEL)
        return await self._live(record)

    async def decide(self, trip_id: str, decision: Decision) -> TripRecord | None:
        """Approve a trip, or refuse to. Raises NotNow when it does not wait for that."""
        record = await self.get(trip_id)
        if record is None:
            return None
        waits = record.progress.status == "running" and record.progress.step == APPROVAL
        if not (waits and await self._engine.tell(record.workflow_id, APPROVAL, decision)):
            raise NotNow(_why_no_approval(record))
        return record

    async def resume(self, trip_id: str) -> TripRecord | None:
        """Let a trip that needs attention go on with what it could not undo. Raises NotNow."""
        record = await self._records.get(trip_id)
        if record is None:
            return None
        shown = record if record.ended else await self._live(record)
        if shown.progress.status != "needs_attention":
            raise NotNow(f"The trip is {shown.progress.status}: there is nothing to resume.")
        is_parked = shown.progress.attention is not None
        if not (is_parked and await self._engine.tell(record.workflow_id, RESUME)):
            await self._start_over(record, shown.progress)
        return shown

    async def look_after(self, record: TripRecord) -> None:
        """See to it that an open trip is in the hands of a workflow that knows its cancellation,
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

    def only_these_are_open(self, trip_ids: set[str], older_than: float) -> None:
        """Give back the places of bookings, older than so many seconds, whose trips ended in
        another replica, and forget what was seen of trips that have ended."""
        self._admission.leave_all_but(trip_ids, older_than)
        seen = self._unreadable.items()
        self._unreadable = {id_: n for id_, n in seen if id_.partition(".")[0] in trip_ids}

    async def _note_broken(self, record: TripRecord, progress: Progress) -> None:
        if not _broke(record.progress):
            await self._records.note(record, progress.needing_attention(datetime.now(UTC)))

    async def _note_unreadable(self, record: TripRecord, torn: Unreadable) -> None:
        """Record that a trip needs a person, once its workflow could not be read for so many looks
        in a row."""
        looks = self._unreadable[record.workflow_id] = (
            self._unreadable.get(record.workflow_id, 0) + 1
        )
        if looks >= self._unreadable_looks:
            why = Halt(step=record.progress.step or "workflow", reason=UNREADABLE, detail=str(torn))
            lost = {"status": "needs_attention", "attention": None, "halt": why}
            await self._note_broken(record, record.progress.model_copy(update=lost))

    async def _admit(self, trip_id: str, request: TripRequest) -> TripRecord:
        """Accept a trip that has a place; one that ends gives its place back by itself. A trip
        that is on record needs none."""
        try:
            is_new = self._admission.enter(trip_id)
        except Busy:
            if known := await self._records.get(trip_id):
                return _of_same_request(known, request)
            meters.BUSY.inc()
            raise
        record = None
        try:
            record = await self._accept(trip_id, request)
        finally:
            if is_new and (record is None or record.ended):
                self._admission.leave(trip_id)
        return record

    async def _accept(self, trip_id: str, request: TripRequest) -> TripRecord:
        fresh = TripRecord(
            trip_id=trip_id,
            digest=request.digest(),
            request=request,
            terms=self._terms,
            created_at=datetime.now(UTC),
            trace_id=trace_id(),
        )
        record = _of_same_request(await self._records.accept(fresh), request)
        if record is fresh:
            meters.ACCEPTED.inc()
            _log.info("trip accepted", extra={"case_id": trip_id})
            await self._engine.start(record)
        return record

    async def _wait(self, record: TripRecord, ending: Ending, seconds: float) -> TripRecord:
        deadline, look = _monotonic() + seconds, self._first_look
        while not record.ended and (left := deadline - _monotonic()) > 0:
            # The end may be recorded by another replica, so look now and then.
            await asyncio.wait([ending], timeout=min(left, look))
            at_end = ending.result() if ending.done() else await self._records.get(record.trip_id)
            record, look = at_end or record, min(2 * look, _LONGEST_LOOK_SECONDS)
        if record.ended:
            self._admission.leave(record.trip_id)
        return record if record.ended or not seconds else await self._live(record)

    async def _live(self, record: TripRecord) -> TripRecord:
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

    async def _start_if_forgotten(self, record: TripRecord) -> None:
        """Start a trip whose orchestrator died between accepting and starting it."""
        if not record.is_younger_than(_UNSTARTED_AFTER, datetime.now(UTC)):
            await self._start_unless_parked(record)

    async def _start_unless_parked(self, record: TripRecord) -> None:
        """Start a trip that has no workflow, but not one that waits for a person: of a workflow
        that broke, the engine forgets in time."""
        if record.progress.status != "needs_attention":
            with suppress(NotNow):
                await self._start_over(record, record.progress)

    async def _start_over(self, record: TripRecord, known: Progress) -> None:
        """Start the workflow of a trip that may have been started before. It is on record first:
        so the run that comes, also one that somebody else starts, undoes what the last may have
        done. Raises NotNow when the trip has gone on since ``record`` was read."""
        lost = known.halt is not None and known.halt.reason in LOST
        taken = await self._records.take_up(record, known, datetime.now(UTC), lost)
        if taken is None:
            raise NotNow("The trip has gone on meanwhile; look at it again.")
        with suppress(Unreadable):
            if lost:
                await self._engine.drop(record.workflow_id)
        await self._engine.start(taken)


def _broke(progress: Progress) -> bool:
    return progress.status == "needs_attention" and progress.attention is None


def _told(progress: Progress, kept: Progress) -> Progress:
    """Return what is known of a trip: a workflow that broke may tell no more than that."""
    if not _broke(progress) or progress.entries:
        return progress.onto(kept)
    broke = {"status": progress.status, "halt": progress.halt, "attention": None}
    return kept.model_copy(update=broke)


def _of_same_request(record: TripRecord, request: TripRequest) -> TripRecord:
    if not record.is_of(request):
        raise OtherRequest(record.trip_id)
    return record


def _why_no_approval(record: TripRecord) -> str:
    approval = record.progress.approval
    if approval and approval.approved is not None:
        said = "approved" if approval.approved else "refused"
        return f"The trip was {said} by {approval.by}."
    return f"The trip is {record.progress.status} and does not wait for approval."


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
