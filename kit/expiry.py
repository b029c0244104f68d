"""Clearing away holds that ran out, by Dapr jobs.

A lapsed claim stops counting by itself, on reading; the job makes what is stored say so too. All
holds of one pool that run out within the same slot of time share one job, so a busy flight does not
flood the scheduler; and most holds are confirmed within a second, so only those that are not get a
job at all. A job that is lost loses nothing but tidiness.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from base.errors import Unavailable
from kit import holds
from kit.hold_store import HoldStore
from kit.holds import Change, Pool, Reservation
from kit.jobs import Jobs
from kit.meters import RESERVATIONS, note

JOB_PREFIX = "expire-holds-"

_LONGEST_SLOT_SECONDS = 60
_LONGEST_GRACE_SECONDS = 10.0
_log = logging.getLogger("service.expiry")


class Held(Protocol):
    """What may run out: a reservation of one service or another."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def pools(self) -> Sequence[str]: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime | None: ...


class Clearing:
    """Schedules the jobs that clear pools."""

    def __init__(self, jobs: Jobs, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._clock = clock
        self._graced: dict[str, asyncio.TimerHandle] = {}
        self._scheduled: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    def watch(self, held: Held) -> None:
        """See to it that the hold is cleared soon after it ran out, without delaying the caller."""
        self.forget(held.id)
        if held.expires_at is None or held.status != "held" or not held.pools:
            return
        lasts = (held.expires_at - held.created_at).total_seconds()
        grace = min(_LONGEST_GRACE_SECONDS, lasts / 3)
        loop = asyncio.get_running_loop()
        self._graced[held.id] = loop.call_later(grace, self._require_job, held, held.expires_at)

    def forget(self, reservation_id: str) -> None:
        """The reservation is no hold any more."""
        if timer := self._graced.pop(reservation_id, None):
            timer.cancel()

    def _require_job(self, held: Held, expires: datetime) -> None:
        self._graced.pop(held.id, None)
        pool, due = held.pools[0], _slot_end(expires, held.created_at)
        name = f"{JOB_PREFIX}{pool}-{due:.0f}"
        if name not in self._scheduled:
            self._forget_past()
            self._scheduled[name] = due
            task = asyncio.create_task(self._schedule(name, due, pool))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _schedule(self, name: str, due: float, pool: str) -> None:
        try:
            await self._jobs.schedule(name, datetime.fromtimestamp(due, UTC), {"pool": pool})
        except Unavailable as fault:
            self._scheduled.pop(name, None)
            _log.warning("Could not schedule %s, holds still lapse on reading: %r", name, fault)

    def _forget_past(self) -> None:
        now = self._clock().timestamp()
        self._scheduled = {name: due for name, due in self._scheduled.items() if due > now}


class Expiry(Clearing):
    """Schedules the clearing of a store's pools, and does it when the job comes back."""

    def __init__(self, jobs: Jobs, store: HoldStore, clock: Callable[[], datetime]) -> None:
        super().__init__(jobs, clock)
        self._store = store

    async def clear(self, pool: str) -> int:
        """Mark every hold of ``pool`` that ran out as expired; return how many there were."""
        lapsed = (await self._store.pools([pool]))[pool].lapsed(self._clock())
        settled = [await self.settle(reservation_id) for reservation_id in lapsed]
        return sum(reservation.status == "expired" for reservation in settled)

    async def settle(self, reservation_id: str) -> Reservation:
        """Mark a hold that ran out, or lost its place, as expired; return what it is now."""
        change = await self._store.change(reservation_id, self._expire)
        if change.changed:
            note(RESERVATIONS, "expired", reservation_id)
        return change.reservation

    def _expire(self, known: Reservation | None, pools: Mapping[str, Pool]) -> Change:
        assert known is not None, "a claim is stored only together with its reservation"
        return holds.expire(known, pools, self._clock())


def _slot_end(expires: datetime, created: datetime) -> float:
    """Round up to a slot of a tenth of the hold's time, between a second and a minute."""
    lasts = (expires - created).total_seconds()
    slot = min(_LONGEST_SLOT_SECONDS, max(1, int(lasts / 10)))
    return math.ceil(expires.timestamp() / slot) * slot
