"""Pages of cases, newest first, by owner and by status.

A page is read in batches: first as many cases as it may show, then a constant number however few
are still wanted, so a rare status costs few reads. Its cursor says after which case the next page
begins: in logs, which only grow, by the place; among the open cases, of which some end meanwhile,
by the case's age.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from base.errors import ProjectError
from sagas.core.progress import OPEN, Halt, Progress
from sagas.records import index
from sagas.records.index import AgeKey, BadPosition, Item, Position, Reader
from sagas.records.record import Record
from sagas.records.records import Records, UnreadableRecord

_LOOKED_AT_MOST = 500
_BATCH = 100
_LONGEST_CURSOR = 400


class BadCursor(ProjectError):
    """The cursor is none of ours, or belongs to another question."""


@dataclass(frozen=True)
class Unreadable:
    """What is known of a case whose record cannot be read: it stands in lists as needing help."""

    case_id: str
    owner: str
    created_at: datetime
    progress: Progress
    request: None = None
    ended_at: None = None


Listed = Record | Unreadable


@dataclass(frozen=True)
class Page:
    """A page of cases, and the cursor of the next where there may be one."""

    records: list[Listed]
    cursor: str | None


class Found(NamedTuple):
    """A case in an index, and where to read on after it; None after the last."""

    item: Item
    after: object


class _Source(Protocol):
    async def take(self, count: int) -> list[Found]:
        """Return the next ``count`` cases, newest first; fewer only at the end."""


class Listing:
    """Reads pages of cases. A question for a rare status looks at 500 cases a page at the most, so
    its pages can be short. Methods raise Unavailable and BadCursor."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def page(
        self, owner: str | None, status: str | None, limit: int, cursor: str | None
    ) -> Page:
        """Return up to ``limit`` cases after those before the cursor."""
        source = await self._source(owner, status, cursor)
        records: list[Listed] = []
        size, looked, after = limit, 0, None
        while looked < _LOOKED_AT_MOST and (batch := await source.take(size)):
            size, looked = _BATCH, looked + len(batch)
            for record, after in await self._read(batch):
                if record is not None and status in (None, record.progress.status):
                    records.append(record)
                if len(records) == limit:
                    return Page(records, _encoded(after))
        return Page(records, _encoded(after))

    async def _source(self, owner: str | None, status: str | None, cursor: str | None) -> _Source:
        if owner is None and status in OPEN:
            return _Open(await self._records.open(), _age_key(cursor) if cursor else None)
        logs = index.logs_of(owner) if owner else index.logs_of_all()
        positions = _positions(cursor) if cursor else None
        try:
            return _Logs(self._records, Reader(await self._records.heads(logs), positions))
        except BadPosition as fault:
            raise BadCursor(cursor) from fault

    async def _read(self, batch: Sequence[Found]) -> list[tuple[Listed | None, object]]:
        records = await self._records.all([item.case_id for item, _ in batch])
        return [
            (_unreadable(record, item) if isinstance(record, UnreadableRecord) else record, after)
            for record, (item, after) in zip(records, batch, strict=True)
        ]


class _Logs:
    """The cases of logs."""

    def __init__(self, records: Records, reader: Reader) -> None:
        self._records = records
        self._reader = reader

    async def take(self, count: int) -> list[Found]:
        reader, taken = self._reader, list[Found]()
        while len(taken) < count:
            if missing := reader.missing(count - len(taken)):
                for page, value in (await self._records.pages(missing)).items():
                    reader.supply(page, value)
            item = reader.newest()
            if item is None:
                break
            taken.append(Found(item, None if reader.ended else list(reader.positions)))
        return taken


class _Open:
    """The open cases, which are few, so that their index is read whole."""

    def __init__(self, newest_first: list[Item], after: AgeKey | None) -> None:
        self._left = [item for item in newest_first if after is None or item.age_key < after]

    async def take(self, count: int) -> list[Found]:
        taken, self._left = self._left[:count], self._left[count:]
        last = None if self._left or not taken else taken[-1]
        return [Found(item, None if item is last else _place(item)) for item in taken]


def _unreadable(why: UnreadableRecord, item: Item) -> Unreadable:
    halt = Halt(step="keep record", reason="unreadable_record", detail=str(why))
    progress = Progress(status="needs_attention", halt=halt)
    return Unreadable(item.case_id, why.owner, item.created_at, progress)


def _place(item: Item) -> list[str]:
    return [item.created_at.isoformat(), item.case_id]


def _encoded(after: object) -> str | None:
    if after is None:
        return None
    return urlsafe_b64encode(json.dumps(after, separators=(",", ":")).encode()).decode()


def _decoded(cursor: str) -> object:
    if len(cursor) > _LONGEST_CURSOR:
        raise BadCursor(cursor)
    try:
        value: object = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as fault:
        raise BadCursor(cursor) from fault
    return value


def _age_key(cursor: str) -> AgeKey:
    match _decoded(cursor):
        case [str(told), str(case_id)]:
            return _time(told, cursor), case_id
    raise BadCursor(cursor)


def _time(told: str, cursor: str) -> datetime:
    try:
        at = datetime.fromisoformat(told)
        if at.tzinfo is None:
            raise BadCursor(cursor)
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise BadCursor(cursor) from fault


def _positions(cursor: str) -> list[Position]:
    value = _decoded(cursor)
    if not isinstance(value, list):
        raise BadCursor(cursor)
    return [_position(pair, cursor) for pair in value]


def _position(pair: object, cursor: str) -> Position:
    match pair:
        case [int(page), int(left)]:
            return page, left
    raise BadCursor(cursor)
