"""Looks after open cases, so that none is forgotten whoever died and whenever."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from sagas.engine.cases import Cases
from sagas.records import meters
from sagas.records.record import Record
from sagas.records.records import ACCEPTED_WITHIN_SECONDS, Records, UnreadableRecord

_log = logging.getLogger("sagas.caretaker")
_OLD_ENOUGH = timedelta(seconds=5)
_AT_A_TIME = 8


class Caretaker:
    """Goes through the open cases every ``seconds``; several replicas may do so at once."""

    def __init__(self, cases: Cases, records: Records, seconds: float) -> None:
        self._cases = cases
        self._records = records
        self._seconds = seconds

    async def run(self) -> None:
        """Go round until cancelled; a round that fails is taken up again by the next."""
        while True:
            try:
                await self.go_round()
            except Exception as fault:  # of whatever it is, the caretaker must not die
                _log.warning("Open cases could not be looked after, next round will: %r", fault)
            await asyncio.sleep(self._seconds)

    async def go_round(self) -> None:
        """Look after every case that has been open for some seconds. Raises Unavailable."""
        found = await self._open()
        records = [record for record in found if isinstance(record, Record)]
        open_ids = {record.case_id for record in found}
        self._cases.only_these_are_open(open_ids, ACCEPTED_WITHIN_SECONDS)
        unreadable = ["needs_attention"] * (len(found) - len(records))
        meters.count_open([*(record.progress.status for record in records), *unreadable])
        now = datetime.now(UTC)
        old = [record for record in records if not record.is_younger_than(_OLD_ENOUGH, now)]
        for start in range(0, len(old), _AT_A_TIME):
            batch = old[start : start + _AT_A_TIME]
            await asyncio.gather(*map(self._look_after, batch))

    async def _look_after(self, record: Record) -> None:
        """Look after one case; whatever is wrong with it, the others get their turn."""
        try:
            await self._cases.look_after(record)
        except Exception as fault:
            said = {"case_id": record.case_id}
            _log.warning("case could not be looked after, next round will: %r", fault, extra=said)

    async def _open(self) -> list[Record | UnreadableRecord]:
        """Return the records of open cases, in place of one that cannot be read, why."""
        items = await self._records.open()
        found = await self._records.all([item.case_id for item in items]) if items else []
        return [r for r in found if isinstance(r, UnreadableRecord) or (r and not r.ended)]
