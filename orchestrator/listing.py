"""Pages of trips, newest first, by customer and by status."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from orchestrator import trip_index
from orchestrator.models import TERMINAL, TripRecord, TripStatus
from orchestrator.records import TripRecords
from orchestrator.trip_index import BadPosition, Item, Position

_LOOKED_AT_MOST = 500


class BadCursor(Exception):
    """The cursor is none of ours, or belongs to another question."""


@dataclass(frozen=True)
class Page:
    """A page of trips, and the cursor of the next where there may be one."""

    records: list[TripRecord]
    cursor: str | None


class Listing:
    """Reads pages of trips. A question for a rare status looks at 500 trips a page at the most, so
    its pages can be short. Methods raise CallFailed and BadCursor."""

    def __init__(self, records: TripRecords) -> None:
        self._records = records

    async def page(
        self, customer_id: str | None, status: TripStatus | None, limit: int, cursor: str | None
    ) -> Page:
        """Return up to ``limit`` trips after those before the cursor."""
        if customer_id is None and status is not None and status not in TERMINAL:
            return await self._open(status, limit, cursor)
        logs = trip_index.logs_of(customer_id) if customer_id else trip_index.logs_of_all()
        positions = _positions(cursor, len(logs)) if cursor else None
        found: list[TripRecord] = []
        looked = 0
        while len(found) < limit and looked < _LOOKED_AT_MOST:
            try:
                items, positions = await self._records.newest(logs, positions, limit - len(found))
            except BadPosition as fault:
                raise BadCursor(str(cursor)) from fault
            found += [r for r in await self._read(items) if status in (None, r.progress.status)]
            looked += len(items)
            if not items:
                break
        more = positions is not None and any(page or left for page, left in positions)
        return Page(found, _encoded(positions) if more else None)

    async def _open(self, status: TripStatus, limit: int, cursor: str | None) -> Page:
        """The open trips are few, so all of them are read."""
        skip = _skip(cursor) if cursor else 0
        records = await self._read(await self._records.open())
        fitting = [record for record in records if record.progress.status == status]
        more = len(fitting) > skip + limit
        return Page(fitting[skip : skip + limit], _encoded(skip + limit) if more else None)

    async def _read(self, items: list[Item]) -> list[TripRecord]:
        if not items:
            return []
        records = await self._records.all([item.trip_id for item in items])
        return [record for record in records if record is not None]


def _encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _decoded(cursor: str) -> object:
    try:
        value: object = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as fault:
        raise BadCursor(cursor) from fault
    return value


def _skip(cursor: str) -> int:
    value = _decoded(cursor)
    if not isinstance(value, int) or value < 0:
        raise BadCursor(cursor)
    return value


def _positions(cursor: str, logs: int) -> list[Position]:
    value = _decoded(cursor)
    if not isinstance(value, list) or len(value) != logs:
        raise BadCursor(cursor)
    return [_position(pair, cursor) for pair in value]


def _position(pair: object, cursor: str) -> Position:
    match pair:
        case [int(page), int(left)] if page >= 0 and 0 <= left <= trip_index.PAGE:
            return page, left
    raise BadCursor(cursor)
