"""Booking and looking at trips: the record first, then the workflow, then the wait."""

import asyncio
from datetime import UTC, datetime, timedelta

from orchestrator.endings import Endings
from orchestrator.engine import Engine
from orchestrator.models import TripOrder, TripRecord, TripRequest
from orchestrator.records import TripRecords

_POLL_SECONDS = 1.0
_UNSTARTED_AFTER = timedelta(seconds=5)


class OtherRequest(Exception):
    """The trip id belongs to a booking with another request."""


class Trips:
    """The orchestrator's use cases. Methods raise CallFailed for what may pass by itself."""

    def __init__(self, records: TripRecords, engine: Engine, endings: Endings) -> None:
        self._records = records
        self._engine = engine
        self._endings = endings

    async def book(self, trip_id: str, request: TripRequest, wait_seconds: float = 0) -> TripRecord:
        """Accept a trip, start it, and return it when it has ended or the wait is over.

        Of a known id, return its trip. Raises OtherRequest.
        """
        with self._endings.waiting_for(trip_id) as ended:
            record = await self._accept(trip_id, request)
            return await self._wait(record, ended, wait_seconds)

    async def get(self, trip_id: str) -> TripRecord | None:
        """Return the trip as it is now, or None."""
        record = await self._records.get(trip_id)
        return record if record is None or record.ended else await self._live(record)

    async def resume(self, trip_id: str) -> None:
        """Let a trip that needs attention go on with what it could not undo."""
        await self._engine.resume(trip_id)

    async def _accept(self, trip_id: str, request: TripRequest) -> TripRecord:
        fresh = TripRecord(
            trip_id=trip_id,
            digest=request.digest(),
            request=request,
            created_at=datetime.now(UTC),
        )
        record = await self._records.accept(fresh)
        if record.digest != fresh.digest:
            raise OtherRequest(trip_id)
        if record is fresh:
            await self._engine.start(TripOrder(trip_id=trip_id, request=request))
        return record

    async def _wait(self, record: TripRecord, ended: asyncio.Event, seconds: float) -> TripRecord:
        deadline = _monotonic() + seconds
        while not record.ended and (left := deadline - _monotonic()) > 0:
            # The end may be recorded by another replica, so look now and then.
            await _set_within(ended, min(left, _POLL_SECONDS))
            record = await self.get(record.trip_id) or record
        return record

    async def _live(self, record: TripRecord) -> TripRecord:
        progress = await self._engine.progress(record.trip_id)
        if progress is None:
            await self._start_if_forgotten(record)
            return record
        return record.model_copy(update={"progress": progress})

    async def _start_if_forgotten(self, record: TripRecord) -> None:
        """Start a trip whose orchestrator died between accepting and starting it."""
        if datetime.now(UTC) - record.created_at > _UNSTARTED_AFTER:
            await self._engine.start(TripOrder(trip_id=record.trip_id, request=record.request))


def _monotonic() -> float:
    return asyncio.get_running_loop().time()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
