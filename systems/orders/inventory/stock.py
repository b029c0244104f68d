"""Receive, reserve, ship, restock and look: what one does with stock."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from kit.expiry import Clearing
from kit.meters import RESERVATIONS, note
from systems.orders.inventory import ledger
from systems.orders.inventory.books import Books
from systems.orders.inventory.catalogue import ARTICLES
from systems.orders.inventory.records import Asked, Change, Receipt, Reservation
from systems.orders.inventory.shelves import Shelves

Move = Literal["ship", "release", "restock"]

_MOVES: Mapping[Move, Callable[[str, Reservation | None, Shelves, int], Change[Reservation]]] = {
    "ship": ledger.ship,
    "release": ledger.release,
    "restock": ledger.restock,
}
_DONE: Mapping[Move, str] = {"ship": "shipped", "release": "released", "restock": "restocked"}

Rule = Callable[[Reservation | None, Shelves], Change[Reservation]]


class Stock:
    """Applies the rules of `ledger` to what the books keep, at the time the clock tells."""

    def __init__(self, books: Books, clearing: Clearing, clock: Callable[[], datetime]) -> None:
        self._books = books
        self._clearing = clearing
        self._clock = clock

    async def receive(self, receipt: Receipt) -> Receipt:
        """Take goods in, once. Refuses as `ledger.receive`."""
        return await self._books.change(
            Receipt,
            receipt.id,
            lambda known, shelves: ledger.receive(receipt, known, shelves),
            [receipt.sku],
        )

    async def reserve(self, asked: Asked) -> Reservation:
        """Reserve what is asked for. Refuses as `ledger.reserve`."""
        made = await self._books.change(
            Reservation,
            asked.id,
            lambda known, shelves: ledger.reserve(asked, known, shelves, self._clock()),
            asked.quantities,
        )
        note(RESERVATIONS, "held", asked.id)
        self._clearing.watch(made)
        return made

    async def confirm(self, reservation_id: str) -> Reservation:
        """Let it expire no more. Refuses as `ledger.confirm`."""
        return await self._change(
            reservation_id,
            lambda known, shelves: ledger.confirm(reservation_id, known, shelves),
            "confirmed",
        )

    async def cancel(self, reservation_id: str) -> Reservation:
        """Give back what has not left the house; of something unknown leave a tombstone."""
        return await self._change(
            reservation_id,
            lambda known, shelves: ledger.cancel(reservation_id, known, shelves, self._clock()),
            "cancelled",
        )

    async def move(self, reservation_id: str, parcel: int, move: Move) -> Reservation:
        """Ship, release or restock a parcel. Refuses as the rule of `ledger` with that name."""
        rule = _MOVES[move]
        return await self._change(
            reservation_id,
            lambda known, shelves: rule(reservation_id, known, shelves, parcel),
            _DONE[move],
        )

    async def get(self, reservation_id: str) -> Reservation:
        """Return the reservation, expired if it lost its place. Refuses ``unknown_reservation``."""
        return await self._change(
            reservation_id,
            lambda known, shelves: ledger.look(reservation_id, known, shelves),
        )

    async def shelves(self) -> Shelves:
        """Return the shelf of every article."""
        return await self._books.shelves(ARTICLES)

    async def clear(self, pool: str) -> int:
        """End the reservations of the article ``pool`` that ran out; return how many there were."""
        lapsed = (await self._books.shelves([pool]))[pool].lapsed(self._clock())
        settled = [await self._expire(reservation_id) for reservation_id in sorted(lapsed)]
        return sum(reservation.status == "expired" for reservation in settled)

    async def _expire(self, reservation_id: str) -> Reservation:
        return await self._change(
            reservation_id,
            lambda known, shelves: ledger.expire(reservation_id, known, shelves, self._clock()),
        )

    async def _change(self, reservation_id: str, rule: Rule, done: str = "") -> Reservation:
        known = await self._books.reservation(reservation_id)
        skus = known.pools if known else []
        changed = await self._books.change(Reservation, reservation_id, rule, skus)
        if changed.status != "held":
            self._clearing.forget(reservation_id)
        if done or (known and known.status != changed.status):
            note(RESERVATIONS, done or changed.status, reservation_id)
        return changed
