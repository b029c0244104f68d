"""The packers: who packs a pick some time after it came, and tells what became of picks."""

from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from base.errors import Refusal
from kit.callback import Callback
from kit.jobs import Jobs
from kit.once import Deed, Deeds
from systems.orders.warehouse import picks
from systems.orders.warehouse.models import Packed, PickLine, ShortPick
from systems.orders.warehouse.picks import Pick, Pieces

JOB_PREFIX = "pack-"


class PackerSettings(BaseSettings):
    """``PACKING_SECONDS``: how long packing takes; 0 leaves it to people. ``MISLAID_SKU``: the
    article that packers never find."""

    packing_seconds: Annotated[int, Field(ge=0)] = 2
    mislaid_sku: str = "TIN-CHERRY"


class Packers:
    """Packs, or reports what is short, and tells the orchestrator which of the two."""

    def __init__(
        self, deeds: Deeds[Pick], jobs: Jobs, callback: Callback, settings: PackerSettings
    ) -> None:
        self._deeds = deeds
        self._jobs = jobs
        self._callback = callback
        self._settings = settings

    async def take(self, pick_id: str, pick: Pick, now: datetime) -> None:
        """See to it that a pick is packed in time, by a job that outlives this process. Asking
        again changes nothing. Raises Unavailable."""
        if self._settings.packing_seconds and pick.status == "picking":
            due = now + timedelta(seconds=self._settings.packing_seconds)
            await self._jobs.schedule(_job_name(pick_id), due, {"pick": pick_id})

    async def work(self, pick_id: str) -> None:
        """Pack what a job is about, unless a person did, or it was undone meanwhile."""
        try:
            pick = (await self._deeds.get(pick_id)).result
            mislaid = [p for p in pick.lines if p.sku == self._settings.mislaid_sku] if pick else []
            await (self.short(pick_id, mislaid) if mislaid else self.pack(pick_id))
        except Refusal:
            return  # a job is not to be run again

    async def pack(self, pick_id: str) -> Deed[Pick]:
        """Put it in a parcel, and tell ``packed``. Refuses as `picks.packed`."""
        before, deed = await self._deeds.amend(pick_id, picks.packed)
        if before.status != "handed_over":
            self._callback.tell(pick_id, "packed", Packed())
        return deed

    async def short(self, pick_id: str, missing: list[Pieces]) -> Deed[Pick]:
        """Report what is missing, and tell ``short_pick``. Refuses as `picks.short`."""
        _, deed = await self._deeds.amend(pick_id, lambda pick: picks.short(pick, missing))
        assert deed.result is not None, "what was amended has a result"
        told = [PickLine(sku=p.sku, quantity=p.quantity) for p in deed.result.missing]
        self._callback.tell(pick_id, "short_pick", ShortPick(missing=told))
        return deed


def _job_name(pick_id: str) -> str:
    """Return a name without the marks that an id may have and a job's name may not."""
    return JOB_PREFIX + blake2s(pick_id.encode(), digest_size=16).hexdigest()
