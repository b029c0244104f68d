"""The carrier: what it tells of parcels, and one of ours for when there is no other."""

from datetime import datetime, timedelta
from hashlib import blake2s
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from base.errors import Refusal
from kit.callback import Callback
from kit.jobs import Jobs
from kit.once import Deed, Deeds
from systems.orders.shipping import labels
from systems.orders.shipping.labels import Event, Label
from systems.orders.shipping.models import Carried

JOB_PREFIX = "carry-"


class CarrierSettings(BaseSettings):
    """``CARRIER_SECONDS``: how long our carrier takes to deliver; 0 leaves all to the webhook."""

    carrier_seconds: Annotated[int, Field(ge=0)] = 2


class Carrier:
    """Keeps what the carrier tells, and passes on to the orchestrator where a parcel is now."""

    def __init__(
        self, deeds: Deeds[Label], jobs: Jobs, callback: Callback, settings: CarrierSettings
    ) -> None:
        self._deeds = deeds
        self._jobs = jobs
        self._callback = callback
        self._settings = settings

    async def hear(self, label_id: str, event: Event) -> Deed[Label]:
        """Keep an event of a parcel. Refuses as `labels.tell`, and ``unknown_label``."""
        before, deed = await self._deeds.amend(label_id, lambda label: labels.tell(label, event))
        after = deed.result
        if after and after.status != before.status:
            number = after.tracking_number
            word = Carried(tracking_number=number, status=after.status, at=event.at)
            self._callback.tell(label_id, "carrier", word)
        return deed

    async def collect(self, label_id: str, now: datetime) -> Deed[Label]:
        """Have the parcel carried, by a job that outlives this process. Asking again changes
        nothing. Refuses ``unknown_label``; raises Unavailable."""
        deed = await self._deeds.get(label_id)
        if self._settings.carrier_seconds and deed.result and deed.result.status == "bought":
            due = now + timedelta(seconds=self._settings.carrier_seconds)
            await self._jobs.schedule(_job_name(label_id), due, {"label": label_id})
        return deed

    async def carry(self, label_id: str, now: datetime) -> None:
        """Deliver what a job is about, unless it has been told of already."""
        try:
            label = (await self._deeds.get(label_id)).result
            if label and label.status == "bought":
                delivered = Event(id=f"{_job_name(label_id)}-1", status="delivered", at=now)
                await self.hear(label_id, delivered)
        except Refusal:
            return  # a job is not to be run again


def _job_name(label_id: str) -> str:
    """Return a name without the marks that an id may have and a job's name may not."""
    return JOB_PREFIX + blake2s(label_id.encode(), digest_size=16).hexdigest()
