"""Looks after open trips, so that none is forgotten whoever died and whenever."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from orchestrator import meters
from orchestrator.models import TripRecord
from orchestrator.records import ACCEPTED_WITHIN_SECONDS, TripRecords, UnreadableRecord
from orchestrator.trips import Trips

_log = logging.getLogger("orchestrator.caretaker")
_OLD_ENOUGH = timedelta(seconds=5)
_AT_A_TIME = 8


class Caretaker:
    """Goes through the open trips every ``seconds``; several replicas may do so at once."""

    def __init__(self, trips: Trips, records: TripRecords, seconds: float) -> None:
        self._trips = trips
        self._records = records
        self._seconds = seconds

    async def run(self) -> None:
        """Go round until cancelled; a round that fails is taken up again by the next."""
        while True:
            try:
                await self.go_round()
            except Exception as fault:  # of whatever it is, the caretaker must not die
                _log.warning("Open trips could not be looked after, next round will: %r", fault)
            await asyncio.sleep(self._seconds)

    async def go_round(self) -> None:
        """Look after every trip that has been open for some seconds. Raises Unavailable."""
        found = await self._open()
        records = [record for record in found if isinstance(record, TripRecord)]
        open_ids = {record.trip_id for record in found}
        self._trips.only_these_are_open(open_ids, ACCEPTED_WITHIN_SECONDS)
        unreadable = ["needs_attention"] * (len(found) - len(records))
        meters.count_open([*(record.progress.status for record in records), *unreadable])
        now = datetime.now(UTC)
        old = [record for record in records if not record.is_younger_than(_OLD_ENOUGH, now)]
        for start in range(0, len(old), _AT_A_TIME):
            batch = old[start : start + _AT_A_TIME]
            await asyncio.gather(*map(self._look_after, batch))

    async def _look_after(self, record: TripRecord) -> None:
        """Look after one trip; whatever is wrong with it, the others get their turn."""
        try:
            await self._trips.look_after(record)
        except Exception as fault:
            said = {"case_id": record.trip_id}
            _log.warning("trip could not be looked after, next round will: %r", fault, extra=said)

    async def _open(self) -> list[TripRecord | UnreadableRecord]:
        """Return the records of open trips, in place of one that cannot be read, why."""
        items = await self._records.open()
        found = await self._records.all([item.trip_id for item in items]) if items else []
        return [r for r in found if isinstance(r, UnreadableRecord) or (r and not r.ended)]
