"""Dispatch: offers rides to drivers, hears what they say, and notices who goes silent."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import get_args

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

from base.errors import Changed, ProjectError, Refusal
from base.wire import as_asked
from kit.callback import Callback
from kit.documents import Documents
from systems.delivery.driver import models as wire
from systems.delivery.driver import offers, pool
from systems.delivery.driver.offers import Offer
from systems.delivery.driver.pool import Seen
from systems.delivery.driver.roster import Roster, Rule

_log = logging.getLogger("service.dispatch")
_WORDS = get_args(wire.Told.model_fields["status"].annotation)
_CROWD = 5  # candidates whose slots were taken meanwhile, before the pool is looked at again


class SilenceSettings(BaseSettings):
    """``SILENCE_SECONDS``: how long a driver on the way to the counter may say nothing."""

    silence_seconds: float = Field(90.0, gt=0)


class Pin(BaseModel, extra="allow"):
    """What the customer of a delivery shows at the door."""

    pin: str


class Dispatch:
    """Offers rides, one to a driver at a time. ``silence`` is how long drivers may say nothing."""

    def __init__(
        self,
        roster: Roster,
        pins: Documents[Pin],
        callback: Callback,
        clock: Callable[[], datetime],
        silence: timedelta,
    ) -> None:
        self.roster = roster
        self._pins = pins
        self._callback = callback
        self._clock = clock
        self._silence = silence

    async def offer(self, offer_id: str, wanted: wire.OfferRequest) -> Offer:
        """Offer a ride to the nearest driver, once. Refuses ``no_driver``, ``offer_over`` (it was
        withdrawn, perhaps before it came) and ``idempotency_conflict``."""
        request = as_asked(wanted)
        while True:
            if known := await self.roster.offer(offer_id):
                return _same(known, request)
            made = await self._offered(offer_id, wanted)
            if made is not None:
                return made

    async def say(self, offer_id: str, rule: Callable[[Offer], Offer]) -> Offer:
        """Let a driver say something about an offer, and tell it. Refuses ``unknown_offer`` and
        what the rule refuses."""
        return await self.apply(offer_id, lambda offer, _: rule(offer), tells=True)

    async def apply(
        self, offer_id: str, rule: Callable[[Offer, bool], Offer], tells: bool = False
    ) -> Offer:
        """Change an offer by a rule, which is also given whether its driver's slot holds it."""
        offer = await self._changed(
            offer_id, lambda known, holds: rule(_found(offer_id, known), holds)
        )
        if tells and offer.status in _WORDS:
            word = wire.Told.model_validate({"status": offer.status})
            self._callback.tell(offer_id, "driver", word)
        return offer

    async def withdraw(self, offer_id: str) -> Offer:
        """Take an offer back, or leave a tombstone."""
        tombstone = Offer(id=offer_id, status="withdrawn")
        return await self._changed(
            offer_id, lambda known, _: offers.withdrawn(known) if known else tombstone
        )

    async def deliver(self, offer_id: str, pin: str) -> Offer:
        """Deliver what the driver has, if the PIN is right. Refuses as `offers.delivered`, and
        ``wrong_pin``."""
        right = secrets.compare_digest(pin, await self.pin(offer_id.partition(":")[0]))
        offer = await self.say(offer_id, lambda known: offers.delivered(known, right))
        if offer.status != "delivered":
            raise Refusal("wrong_pin", "That is not the customer's PIN.")
        return offer

    async def pin(self, delivery_id: str) -> str:
        """Return the PIN of a delivery: drawn once, asked again the same."""
        drawn = f"{secrets.randbelow(10_000):04}"
        return (await self._pins.change(delivery_id, lambda known: known or Pin(pin=drawn))).pin

    async def look(self, offer_id: str) -> tuple[Offer, Seen | None]:
        """Return an offer, and where its driver was last seen. Refuses ``unknown_offer``."""
        offer = _found(offer_id, await self.roster.offer(offer_id))
        return offer, await self.roster.seen_last(offer.driver) if offer.driver else None

    async def watch(self) -> None:
        """Look again and again for drivers who went silent. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(self._silence.total_seconds() / 6)
            try:
                await self.look_for_silent()
            except ProjectError as fault:
                _log.warning("Could not look for silent drivers, will again: %r", fault)

    async def look_for_silent(self) -> None:
        """Let those who said nothing for too long lose what they have in hand."""
        silent_since = self._clock() - self._silence
        silent = [n for n, each in (await self.roster.seen()).items() if each.at <= silent_since]
        for slot in (await self.roster.slots(silent)).values():
            offer = await self.roster.offer(slot.offer) if slot.offer else None
            if offer and offer.on_the_way:
                await self.say(offer.id, offers.lost)

    async def _changed(self, offer_id: str, rule: Rule) -> Offer:
        now = self._clock()
        return await self.roster.change(
            offer_id, lambda known, holds: offers.ended(known, rule(known, holds), now)
        )

    async def _offered(self, offer_id: str, wanted: wire.OfferRequest) -> Offer | None:
        """Offer it to one of the nearest; None if all these were taken meanwhile."""
        now, seen = self._clock(), await self.roster.seen()
        slots = await self.roster.slots(list(seen))
        centre, circle = wanted.pickup.place, wanted.within
        asked = set(wanted.asked)
        found = pool.candidates(seen, slots, centre, circle, asked, now, self._silence)
        if not found:
            why = f"No driver within {circle:.0f} m can be asked now."
            raise Refusal("no_driver", why)
        for driver in found[:_CROWD]:
            offer = Offer(
                id=offer_id,
                status="offered",
                request=as_asked(wanted),
                driver=driver,
                pickup=centre,
                door=wanted.door.place,
                expires_at=now + timedelta(seconds=wanted.seconds),
            )
            try:
                if await self.roster.claim(offer, now):
                    return offer
            except Changed:
                return None
        return None


def _found(offer_id: str, known: Offer | None) -> Offer:
    if known is None:
        raise Refusal("unknown_offer", f"There is no offer {offer_id}.")
    return known


def _same(known: Offer, request: dict[str, object]) -> Offer:
    if known.request is not None and known.request != request:
        raise Refusal("idempotency_conflict", f"{known.id} was made with another request.")
    if known.request is None or known.status == "withdrawn":
        raise Refusal("offer_over", f"{known.id} is {known.status}.")
    return known
