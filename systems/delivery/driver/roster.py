"""Drivers, their slots and their offers in a Dapr state store.

An offer and the slot of its driver are changed together or not at all, so a driver never has two
things in hand. Two offers that meet at a slot's ETag: the loser looks again, and finds it taken.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel

from base.errors import Changed
from base.state import StateStore, Stored, Write, decided
from kit.documents import Documents
from systems.delivery.driver.offers import Offer
from systems.delivery.driver.pool import Seen, Slot

Rule = Callable[[Offer | None, bool], Offer]
"""Makes of an offer, and whether its driver's slot still holds it, what it is to be."""


class Names(BaseModel, extra="allow"):
    """Every driver that was ever heard of."""

    drivers: list[str] = []


_ALL = "all"


class Roster:
    """Keeps who drives, where they were seen and what they have in hand. Methods raise
    Unavailable."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._names = Documents(state, "drivers", Names)
        self._seen = Documents(state, "seen", Seen)
        self._slots = Documents(state, "slot", Slot)
        self._offers = Documents(state, "offer", Offer)

    async def see(self, driver: str, rule: Callable[[Seen | None], Seen]) -> Seen:
        """Keep where a driver is."""
        was_new = False

        def noted(known: Seen | None) -> Seen:
            nonlocal was_new
            was_new = known is None
            return rule(known)

        seen = await self._seen.change(driver, noted)
        if was_new:
            await self._names.change(_ALL, lambda names: _with(names or Names(), driver))
        return seen

    async def seen(self) -> dict[str, Seen]:
        """Return where every driver was last seen."""
        names = await self._names.get(_ALL) or Names()
        return await self._seen.many(names.drivers)

    async def seen_last(self, driver: str) -> Seen | None:
        """Return where a driver was last seen."""
        return await self._seen.get(driver)

    async def slots(self, drivers: list[str]) -> dict[str, Slot]:
        """Return what drivers have in hand; one who never had anything is not there."""
        return await self._slots.many(drivers)

    async def offer(self, offer_id: str) -> Offer | None:
        """Return an offer."""
        return await self._offers.get(offer_id)

    async def in_hand(self, driver: str) -> Offer | None:
        """Return the offer that a driver has in hand."""
        slot = await self._slots.get(driver)
        found = await self._offers.get(slot.offer) if slot and slot.offer else None
        return found if found and found.busy else None

    async def claim(self, offer: Offer, now: datetime) -> bool:
        """Put a new offer into the slot of its driver. False: the slot is taken. Raises Changed
        when the offer exists."""
        driver = offer.driver or ""
        slot, entry = await self._slot(driver)
        if not slot.is_free(now):
            return False
        held = Slot(offer=offer.id, until=offer.expires_at)
        try:
            await self._state.write(
                [_write(_offer(offer.id), offer), _write(*_kept(driver, held, entry))]
            )
        except Changed:
            if await self.offer(offer.id):
                raise
            return False
        return True

    async def change(self, offer_id: str, rule: Rule) -> Offer:
        """Apply ``rule`` to an offer, and free the slot of its driver when that lets go of it.
        Raises what the rule raises."""
        return await decided(lambda: self._once(offer_id, rule))

    async def _once(self, offer_id: str, rule: Rule) -> Offer:
        key = _offer(offer_id)
        stored = (await self._state.read([key]))[key]
        known = None if stored.value is None else Offer.model_validate(stored.value)
        slot, entry = Slot(), Stored()
        if known and known.driver:
            slot, entry = await self._slot(known.driver)
        changed = rule(known, slot.offer == offer_id)
        if changed == known:
            return changed
        writes = [_write(key, changed, stored.etag)]
        if changed.driver and slot.offer == offer_id:
            held = Slot(offer=offer_id) if changed.busy else Slot()
            writes.append(_write(*_kept(changed.driver, held, entry)))
        await self._state.write(writes)
        return changed

    async def _slot(self, driver: str) -> tuple[Slot, Stored]:
        key = f"slot:{driver}"
        entry = (await self._state.read([key]))[key]
        return Slot() if entry.value is None else Slot.model_validate(entry.value), entry


def _with(names: Names, driver: str) -> Names:
    known = driver in names.drivers
    return names if known else names.model_copy(update={"drivers": [*names.drivers, driver]})


def _offer(offer_id: str) -> str:
    return f"offer:{offer_id}"


def _kept(driver: str, slot: Slot, entry: Stored) -> tuple[str, Slot, str | None]:
    return f"slot:{driver}", slot, entry.etag


def _write(key: str, value: BaseModel, etag: str | None = None) -> Write:
    return Write(key, value.model_dump(mode="json"), etag)
