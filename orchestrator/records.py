"""The records of trips in the orchestrator's state store, and their index."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from base.errors import Unavailable
from base.state import StateStore, Stored, Write, decided
from orchestrator import meters, trip_index
from orchestrator.models import Milestone, Progress, TripRecord
from orchestrator.trip_index import Item

_log = logging.getLogger("orchestrator")

_QUEUED_SECONDS = 15.0  # more than a call to the store may take, less than a booking waits
ACCEPTED_WITHIN_SECONDS = _QUEUED_SECONDS + 10


class CancelComesFirst(Exception):
    """The trip cannot be confirmed any more: its cancellation was asked for before."""


class UnreadableRecord(Exception):
    """A trip has a record, but this release cannot read it: it was damaged, or made by another.

    ``customer_id`` is empty where not even that can be made out.
    """

    def __init__(self, trip_id: str, customer_id: str, why: str) -> None:
        super().__init__(f"This release cannot read {_key(trip_id)}: {why}")
        self.trip_id = trip_id
        self.customer_id = customer_id


class TripRecords:
    """One record a trip id, made when it is accepted and never deleted.

    Methods raise Unavailable for what may pass by itself, and UnreadableRecord.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._accepting = asyncio.Lock()
        self._unreadable: set[str] = set()

    async def get(self, trip_id: str) -> TripRecord | None:
        """Return the record."""
        [found] = await self.all([trip_id])
        if isinstance(found, UnreadableRecord):
            raise found
        return found

    async def all(self, trip_ids: Sequence[str]) -> list[TripRecord | UnreadableRecord | None]:
        """Return the records, in the same order; in place of one that cannot be read, why."""
        stored = await self._read([_key(trip_id) for trip_id in trip_ids])
        return [self._record_or_why(trip_id, stored[_key(trip_id)]) for trip_id in trip_ids]

    async def accept(self, fresh: TripRecord) -> TripRecord:
        """Keep the record and index it, unless the id has one: then return that.

        Raises Unavailable also when its turn does not come in time, for the store hangs.
        """
        # All of them append to a log: queued, they race only those of other processes.
        try:
            async with asyncio.timeout(_QUEUED_SECONDS):
                await self._accepting.acquire()
        except TimeoutError as fault:
            raise Unavailable(f"{self._store.name} is slow: others wait to be recorded") from fault
        try:
            return await decided(lambda: self._accept(fresh))
        finally:
            self._accepting.release()

    async def keep(self, trip_id: str, progress: Progress, by: str | None = None) -> TripRecord:
        """Record how far a trip has come, beside the lines on record; of its end, the first word
        stands, and one ``by`` a workflow that does not count any more is not heard.

        Raises CancelComesFirst when it would be confirmed after it was cancelled.
        """
        return await decided(lambda: self._keep(trip_id, progress, by))

    async def note(self, record: TripRecord, progress: Progress) -> None:
        """Record what was seen of a trip from outside, unless its record has changed since it was
        read: then its workflow knows better."""
        seen = record.model_copy(update={"progress": progress})
        await decided(lambda: self._replace(record, seen))

    async def take_up(
        self, record: TripRecord, progress: Progress, at: datetime, lost: bool
    ) -> TripRecord | None:
        """Record that another run of the trip's workflow is to be started, before it is: whatever
        becomes of that start, what the last run did is not forgotten. ``progress`` is as much as is
        known of that run; one that is ``lost`` leaves the next another id. Return the record as it
        is then; None if it has changed since ``record`` was read."""
        facts = {"again": True, "lost": record.lost + lost, "progress": progress.taken_up(at)}
        taken = record.model_copy(update=facts)
        return await decided(lambda: self._replace(record, taken))

    async def request_cancel(self, trip_id: str, at: datetime) -> TripRecord | None:
        """Record that the customer cancelled, which opens a confirmed trip again."""
        return await decided(lambda: self._request_cancel(trip_id, at))

    async def open(self) -> list[Item]:
        """Return the trips that have not ended, newest first."""
        stored = await self._read(trip_index.open_keys())
        return trip_index.open_trips({key: found.value for key, found in stored.items()})

    async def heads(self, logs: Sequence[str]) -> trip_index.Documents:
        """Return the heads of logs; None where nothing was ever logged."""
        stored = await self._read(logs)
        return {log: stored[log].value for log in logs}

    async def pages(self, keys: Sequence[str]) -> trip_index.Documents:
        """Return full pages of logs."""
        stored = await self._read(keys)
        if lost := [key for key in keys if stored[key].value is None]:
            raise Unavailable(f"{self._store.name} has lost {', '.join(lost)}")
        return {key: stored[key].value for key in keys}

    def _record_or_why(self, trip_id: str, stored: Stored) -> TripRecord | UnreadableRecord | None:
        try:
            return _record(trip_id, stored)
        except UnreadableRecord as unreadable:
            if trip_id not in self._unreadable:
                self._unreadable.add(trip_id)
                meters.UNREADABLE.inc()
                _log.error(unreadable, extra={"case_id": trip_id})
            return unreadable

    async def _read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Read what is shown: what seems absent among others is read alone, which is sure."""
        stored = await self._store.read(keys)
        if len(keys) > 1:
            for key in [key for key in keys if stored[key].value is None]:
                stored |= await self._store.read([key])
        return stored

    async def _accept(self, fresh: TripRecord) -> TripRecord:
        key = _key(fresh.trip_id)
        index = trip_index.keys(fresh.trip_id, fresh.request.customer_id)
        stored = await self._store.read([key, *index])
        if known := _record(fresh.trip_id, stored[key]):
            return known
        documents = {k: stored[k].value for k in index}
        logged_at = trip_index.time_in_logs(documents, fresh.created_at)
        item = Item(trip_id=fresh.trip_id, created_at=logged_at)
        changed = trip_index.with_trip(documents, item)
        await self._write(stored, {key: _value(fresh)} | changed)
        return fresh

    async def _keep(self, trip_id: str, progress: Progress, by: str | None) -> TripRecord:
        key, index = _key(trip_id), trip_index.open_key(trip_id)
        stored = await self._store.read([key, index])
        record = _record(trip_id, stored[key])
        assert record is not None, "a workflow is started only for a trip on record"
        if record.ended or not record.is_by(by):
            return record
        if progress.status == "confirmed" and record.cancel_requested_at:
            raise CancelComesFirst("The customer cancelled the trip before it was confirmed.")
        kept = record.model_copy(update={"progress": progress.onto(record.progress)})
        changed = {}
        if kept.ended:
            kept.ended_at = datetime.now(UTC)
            changed = trip_index.closed(index, stored[index].value, trip_id)
        await self._write(stored, {key: _value(kept)} | changed)
        return kept

    async def _replace(self, known: TripRecord, new: TripRecord) -> TripRecord | None:
        key = _key(known.trip_id)
        stored = await self._store.read([key])
        if _record(known.trip_id, stored[key]) != known:
            return None
        await self._write(stored, {key: _value(new)})
        return new

    async def _request_cancel(self, trip_id: str, at: datetime) -> TripRecord | None:
        key, index = _key(trip_id), trip_index.open_key(trip_id)
        stored = await self._store.read([key, index])
        record = _record(trip_id, stored[key]) or await self.get(trip_id)
        confirmed = record is not None and record.progress.status == "confirmed"
        if record is None or record.cancel_requested_at or (record.ended and not confirmed):
            return record
        asked = record.model_copy(update={"cancel_requested_at": at})
        changed = {}
        if confirmed:
            done = Milestone(event="confirmed", at=record.ended_at or at)
            asked.progress.milestones.append(done)
            asked.reopened, asked.ended_at, asked.progress.status = True, None, "running"
            item = Item(trip_id=trip_id, created_at=record.created_at)
            changed = trip_index.opened(index, stored[index].value, item)
        await self._write(stored, {key: _value(asked)} | changed)
        return asked

    async def _write(self, stored: dict[str, Stored], values: trip_index.Documents) -> None:
        writes = [Write(k, v, stored.get(k, Stored()).etag) for k, v in values.items()]
        await self._store.write(writes)


def _record(trip_id: str, stored: Stored) -> TripRecord | None:
    try:
        return None if stored.value is None else TripRecord.model_validate(stored.value)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        why = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        raise UnreadableRecord(trip_id, _customer_id(stored.value), why) from invalid


def _customer_id(value: Any) -> str:
    match value:
        case {"request": {"customer_id": str(customer_id)}}:
            return customer_id
    return ""


def _value(record: TripRecord) -> object:
    return record.model_dump(mode="json", exclude_none=True)


def _key(trip_id: str) -> str:
    return f"trip:{trip_id}"
