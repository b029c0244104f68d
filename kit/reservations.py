"""Hold, extend, confirm, cancel and look: what one does with a reservation."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from base.errors import Refusal
from kit import holds
from kit.expiry import Expiry
from kit.hold_store import HoldStore, Rule
from kit.holds import Change, Hold, Pool, Reservation
from kit.meters import RESERVATIONS, note


class Reservations:
    """Applies the rules of `holds` to what a HoldStore keeps, at the time the clock tells."""

    def __init__(self, store: HoldStore, expiry: Expiry, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._expiry = expiry
        self._clock = clock

    async def hold(self, asked: Hold) -> Reservation:
        """Hold what is asked for. Refuses as `holds.hold`."""

        def rule(known: Reservation | None, pools: Mapping[str, Pool]) -> Change:
            return holds.hold(asked, known, pools, self._clock())

        held = await self._change(asked.id, rule, pools=list(asked.capacities))
        note(RESERVATIONS, "held", asked.id)
        self._expiry.watch(held)
        return held

    async def confirm(self, reservation_id: str) -> Reservation:
        """Make a hold permanent. Refuses as `holds.confirm`."""
        confirmed = await self._change(
            reservation_id,
            lambda known, pools: holds.confirm(reservation_id, known, pools, self._clock()),
        )
        self._expiry.forget(reservation_id)
        note(RESERVATIONS, "confirmed", reservation_id)
        return confirmed

    async def extend(self, reservation_id: str, until: datetime) -> Reservation:
        """Let a hold last longer. Refuses as `holds.extend`."""
        held = await self._change(
            reservation_id,
            lambda known, pools: holds.extend(reservation_id, known, pools, self._clock(), until),
        )
        self._expiry.watch(held)
        return held

    async def cancel(self, reservation_id: str) -> Reservation:
        """Give back what is held or confirmed; of something unknown leave a tombstone."""
        cancelled = await self._change(
            reservation_id,
            lambda known, pools: holds.cancel(reservation_id, known, pools, self._clock()),
        )
        self._expiry.forget(reservation_id)
        note(RESERVATIONS, cancelled.status, reservation_id)
        return cancelled

    async def get(self, reservation_id: str) -> Reservation:
        """Return the reservation, expired if its place is gone. Refuses ``unknown_reservation``."""
        found = await self._store.reservation(reservation_id)
        if found is None:
            raise Refusal("unknown_reservation", f"There is no reservation {reservation_id}.")
        if found.status != "held" or found.has_its_claims(await self._store.pools(found.pools)):
            return found
        return await self._expiry.settle(reservation_id)

    async def free(self, pools: Mapping[str, int]) -> dict[str, int]:
        """Return how much is left of each pool, given its capacity."""
        stored, now = await self._store.pools(list(pools)), self._clock()
        return {name: max(0, room - stored[name].taken(now)) for name, room in pools.items()}

    async def _change(
        self, reservation_id: str, rule: Rule, pools: Sequence[str] = ()
    ) -> Reservation:
        change = await self._store.change(reservation_id, rule, pools)
        if change.refusal is None:
            return change.reservation
        if change.changed:  # it is refused because it was found to have run out
            note(RESERVATIONS, change.reservation.status, reservation_id)
        raise change.refusal
