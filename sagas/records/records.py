"""The records of cases in the orchestrator's state store, and their index."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from base.errors import ProjectError, Unavailable
from base.state import StateStore, Stored, Write, decided
from sagas.core.kind import Kind
from sagas.core.progress import Milestone, Progress
from sagas.records import index, meters
from sagas.records.index import Item
from sagas.records.record import Record

_log = logging.getLogger("sagas")

_QUEUED_SECONDS = 15.0  # more than a call to the store may take, less than a booking waits
ACCEPTED_WITHIN_SECONDS = _QUEUED_SECONDS + 10


class CancelComesFirst(ProjectError):
    """The case can neither be done nor pass its pivot any more: its cancellation was asked for
    before."""


class TooLate(ProjectError):
    """The case is past its pivot: it cannot be cancelled any more."""


class TooManyOpen(ProjectError):
    """The owner has as many cases that have not ended as one may have: ``most``."""

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} that have not ended.")
        self.most = most


class UnreadableRecord(ProjectError):
    """A case has a record, but this release cannot read it: it was damaged, or made by another.

    ``owner`` is empty where not even that can be made out.
    """

    def __init__(self, case_id: str, owner: str, why: str) -> None:
        super().__init__(f"This release cannot read {_key(case_id)}: {why}")
        self.case_id = case_id
        self.owner = owner


class Records:
    """One record a case id, made when it is accepted and never deleted.

    An owner has ``most_open`` cases that have not ended, at the most; 0: any number. Methods raise
    Unavailable for what may pass by itself, and UnreadableRecord.
    """

    def __init__(self, store: StateStore, kind: Kind[Any], most_open: int = 0) -> None:
        self._store = store
        self._most_open = most_open
        self._kind = kind
        self._accepting = asyncio.Lock()
        self._unreadable: set[str] = set()

    async def get(self, case_id: str) -> Record | None:
        """Return the record."""
        [found] = await self.all([case_id])
        if isinstance(found, UnreadableRecord):
            raise found
        return found

    async def all(self, case_ids: Sequence[str]) -> list[Record | UnreadableRecord | None]:
        """Return the records, in the same order; in place of one that cannot be read, why."""
        stored = await self._read([_key(case_id) for case_id in case_ids])
        return [self._record_or_why(case_id, stored[_key(case_id)]) for case_id in case_ids]

    async def accept(self, fresh: Record) -> Record:
        """Keep the record and index it, unless the id has one: then return that.

        Raises TooManyOpen, and Unavailable also when its turn does not come in time, for the store
        hangs.
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

    async def keep(self, case_id: str, progress: Progress, by: str | None = None) -> Record:
        """Record how far a case has come, beside the lines on record; of its end, the first word
        stands, and one ``by`` a workflow that does not count any more is not heard.

        Raises CancelComesFirst when it would be confirmed after it was cancelled.
        """
        return await decided(lambda: self._keep(case_id, progress, by))

    async def note(self, record: Record, progress: Progress) -> None:
        """Record what was seen of a case from outside, unless its record has changed since it was
        read: then its workflow knows better."""
        seen = record.model_copy(update={"progress": progress})
        await decided(lambda: self._replace(record, seen))

    async def remark(self, case_id: str, milestone: Milestone) -> None:
        """Put it on record that something happened to a case which changes nothing of it."""
        await decided(lambda: self._remark(case_id, milestone))

    async def take_up(
        self, record: Record, progress: Progress, at: datetime, lost: bool
    ) -> Record | None:
        """Record that another run of the case's workflow is to be started, before it is: whatever
        becomes of that start, what the last run did is not forgotten. ``progress`` is as much as is
        known of that run; one that is ``lost`` leaves the next another id. Return the record as it
        is then; None if it has changed since ``record`` was read."""
        facts = {"again": True, "lost": record.lost + lost, "progress": progress.taken_up(at)}
        taken = record.model_copy(update=facts)
        return await decided(lambda: self._replace(record, taken))

    async def request_cancel(
        self, case_id: str, at: datetime, by: str | None = None
    ) -> Record | None:
        """Record that it was cancelled, and by whom; which opens a case again that was done. Raises
        TooLate past the pivot, if nothing reverses it."""
        return await decided(lambda: self._request_cancel(case_id, at, by))

    async def open(self) -> list[Item]:
        """Return the cases that have not ended, newest first."""
        stored = await self._read(index.open_keys())
        return index.open_cases({key: found.value for key, found in stored.items()})

    async def heads(self, logs: Sequence[str]) -> index.Documents:
        """Return the heads of logs; None where nothing was ever logged."""
        stored = await self._read(logs)
        return {log: stored[log].value for log in logs}

    async def pages(self, keys: Sequence[str]) -> index.Documents:
        """Return full pages of logs."""
        stored = await self._read(keys)
        if lost := [key for key in keys if stored[key].value is None]:
            raise Unavailable(f"{self._store.name} has lost {', '.join(lost)}")
        return {key: stored[key].value for key in keys}

    def _record_or_why(self, case_id: str, stored: Stored) -> Record | UnreadableRecord | None:
        try:
            return self._record(case_id, stored)
        except UnreadableRecord as unreadable:
            if case_id not in self._unreadable:
                self._unreadable.add(case_id)
                meters.UNREADABLE.inc()
                _log.error(unreadable, extra={"case_id": case_id})
            return unreadable

    async def _read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Read what is shown: what seems absent among others is read alone, which is sure."""
        stored = await self._store.read(keys)
        if len(keys) > 1:
            for key in [key for key in keys if stored[key].value is None]:
                stored |= await self._store.read([key])
        return stored

    async def _accept(self, fresh: Record) -> Record:
        key = _key(fresh.case_id)
        places = index.keys(fresh.case_id, fresh.owner)
        stored = await self._store.read([key, *places])
        if known := self._record(fresh.case_id, stored[key]):
            return known
        documents = {k: stored[k].value for k in places}
        for log in index.logs_of(fresh.owner):
            documents[log] = await self._with_room(documents[log])
        logged_at = index.time_in_logs(documents, fresh.created_at)
        item = Item(case_id=fresh.case_id, created_at=logged_at)
        changed = index.with_case(documents, item)
        await self._write(stored, {key: _value(fresh)} | changed)
        return fresh

    async def _with_room(self, head: Any) -> Any:
        """Return the head of an owner's log as it is when one more case may be open. Raises
        TooManyOpen.

        Which cases have ended is looked up only when there seem to be too many: so it costs nothing
        to end one. The head is written at its ETag, so two that come at once are two.
        """
        if not self._most_open:
            return index.settled(head, ())
        if len(index.unsettled(head)) < self._most_open:
            return head
        head = index.settled(head, {item.case_id for item in await self.open()})
        if len(index.unsettled(head)) >= self._most_open:
            raise TooManyOpen(self._most_open)
        return head

    async def _keep(self, case_id: str, progress: Progress, by: str | None) -> Record:
        key, place = _key(case_id), index.open_key(case_id)
        stored = await self._store.read([key, place])
        record = self._record(case_id, stored[key])
        assert record is not None, "a workflow is started only for a case on record"
        if record.ended or not record.is_by(by):
            return record
        goes_on = record.progress.irrevocable and not record.reopened
        if _is_final(progress) and record.cancel_requested_at and not goes_on:
            raise CancelComesFirst("It was cancelled before.")
        kept = record.model_copy(update={"progress": progress.onto(record.progress)})
        changed = {}
        if kept.ended:
            kept.ended_at = datetime.now(UTC)
            changed = index.closed(place, stored[place].value, case_id)
        await self._write(stored, {key: _value(kept)} | changed)
        return kept

    async def _replace(self, known: Record, new: Record) -> Record | None:
        key = _key(known.case_id)
        stored = await self._store.read([key])
        if self._record(known.case_id, stored[key]) != known:
            return None
        await self._write(stored, {key: _value(new)})
        return new

    async def _remark(self, case_id: str, milestone: Milestone) -> None:
        key = _key(case_id)
        stored = await self._store.read([key])
        if record := self._record(case_id, stored[key]):
            record.progress.milestones.append(milestone)
            await self._write(stored, {key: _value(record)})

    async def _request_cancel(self, case_id: str, at: datetime, by: str | None) -> Record | None:
        key, place = _key(case_id), index.open_key(case_id)
        stored = await self._store.read([key, place])
        record = self._record(case_id, stored[key]) or await self.get(case_id)
        reopens = self._kind.reverses and record is not None and record.progress.succeeded
        if record is None or record.cancel_requested_at or (record.ended and not reopens):
            return record
        if record.progress.irrevocable and not reopens:
            will = f"will be {self._kind.done}"
            raise TooLate(f"{case_id} is past the point of no return and {will}.")
        asked = record.model_copy(update={"cancel_requested_at": at, "cancelled_by": by})
        changed = {}
        if reopens:
            done = Milestone(event=self._kind.done, at=record.ended_at or at)
            asked.progress.milestones.append(done)
            asked.progress.irrevocable = False
            asked.reopened, asked.ended_at, asked.progress.status = True, None, "running"
            item = Item(case_id=case_id, created_at=record.created_at)
            changed = index.opened(place, stored[place].value, item)
        await self._write(stored, {key: _value(asked)} | changed)
        return asked

    def _record(self, case_id: str, stored: Stored) -> Record | None:
        """Return the stored record. Raises UnreadableRecord."""
        if stored.value is None:
            return None
        try:
            record = Record.model_validate(stored.value)
            self._kind.read(record.request)
        except ValidationError as invalid:
            error = invalid.errors()[0]
            why = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
            raise UnreadableRecord(case_id, _owner(stored.value), why) from invalid
        if record.progress.status not in self._kind.statuses:
            why = f"progress.status: it is none of {', '.join(self._kind.statuses)}"
            raise UnreadableRecord(case_id, record.owner, why)
        return record

    async def _write(self, stored: dict[str, Stored], values: index.Documents) -> None:
        writes = [Write(k, v, stored.get(k, Stored()).etag) for k, v in values.items()]
        await self._store.write(writes)


def _owner(value: Any) -> str:
    match value:
        case {"owner": str(owner)}:
            return owner
    return ""


def _is_final(progress: Progress) -> bool:
    return progress.succeeded or progress.irrevocable


def _value(record: Record) -> object:
    return record.model_dump(mode="json", exclude_none=True)


def _key(case_id: str) -> str:
    return f"case:{case_id}"
