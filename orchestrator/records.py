"""The records of trips in the orchestrator's state store."""

from orchestrator.models import Progress, TripRecord
from orchestrator.saga import Entry
from orchestrator.sidecar import Sidecar, StateChanged

_STORE = "trip-store"


class TripRecords:
    """One record a trip id, written once when it is accepted and once when it has ended."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def get(self, trip_id: str) -> TripRecord | None:
        """Return the record. Raises CallFailed."""
        return (await self._load(trip_id))[0]

    async def accept(self, record: TripRecord) -> TripRecord:
        """Keep the record, unless the id has one: then return that. Raises CallFailed."""
        try:
            await self._save(record, None)
        except StateChanged:
            known = await self.get(record.trip_id)
            assert known is not None, "records are never deleted"
            return known
        return record

    async def conclude(self, trip_id: str, progress: Progress) -> TripRecord:
        """Record how a trip ended; the first word stands. Raises CallFailed, StateChanged."""
        record, etag = await self._load(trip_id)
        assert record is not None, "a workflow is started only for a trip on record"
        if record.ended:
            return record
        ended = record.model_copy(
            update={"progress": progress, "ended_at": _last_moment(progress.entries)}
        )
        await self._save(ended, etag)
        return ended

    async def _load(self, trip_id: str) -> tuple[TripRecord | None, str | None]:
        value, etag = await self._sidecar.load(_STORE, _key(trip_id))
        return (None if value is None else TripRecord.model_validate(value)), etag

    async def _save(self, record: TripRecord, etag: str | None) -> None:
        value = record.model_dump(mode="json", exclude_none=True)
        await self._sidecar.save(_STORE, _key(record.trip_id), value, etag)


def _last_moment(entries: list[Entry]) -> object:
    return max((entry.ended_at for entry in entries if entry.ended_at), default=None)


def _key(trip_id: str) -> str:
    return f"trip:{trip_id}"
