"""Reservations, receipts and shelves in a Dapr state store, changed together or not at all."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from base.state import StateStore, Stored, Write, decided
from kit.turns import Turns
from systems.orders.inventory import catalogue
from systems.orders.inventory.records import Change, Receipt, Reservation
from systems.orders.inventory.shelves import Shelf, Shelves, opening

K = TypeVar("K", Reservation, Receipt)


class Books:
    """One document a reservation, a receipt, and an article's shelf. Two writers of one shelf meet
    at its ETag: the loser reads again and decides again. Methods raise Unavailable."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._turns = Turns()

    async def reservation(self, reservation_id: str) -> Reservation | None:
        """Return what is stored under the id."""
        key = _key(Reservation, reservation_id)
        return _read(Reservation, (await self._state.read([key]))[key])

    async def shelves(self, skus: Iterable[str]) -> Shelves:
        """Return the shelves of the articles, as they were opened where nothing ever moved."""
        entries = await self._entries(skus)
        return {sku: _shelf(sku, entry) for sku, entry in entries.items()}

    async def change(
        self,
        kind: type[K],
        case_id: str,
        rule: Callable[[K | None, Shelves], Change[K]],
        skus: Iterable[str],
    ) -> K:
        """Apply ``rule`` to what is kept under the id and to the shelves of ``skus``; return what
        is kept now. Raises what the rule raises, and its refusal once the change is stored."""
        names = sorted(set(skus))
        async with self._turns.of(names):
            change = await decided(lambda: self._once(kind, case_id, rule, names))
        if change.refusal:
            raise change.refusal
        return change.kept

    async def _once(
        self,
        kind: type[K],
        case_id: str,
        rule: Callable[[K | None, Shelves], Change[K]],
        skus: list[str],
    ) -> Change[K]:
        key = _key(kind, case_id)
        case = (await self._state.read([key]))[key]
        known = _read(kind, case)
        pools: list[str] = known.pools if isinstance(known, Reservation) else []
        entries = await self._entries({*skus, *pools})  # it may have been made since we looked
        shelves = {sku: _shelf(sku, entry) for sku, entry in entries.items()}
        change = rule(known, shelves)
        writes = [
            Write(_key(Shelf, sku), shelf.model_dump(mode="json"), entries[sku].etag)
            for sku, shelf in change.shelves.items()
            if shelf != shelves[sku]
        ]
        if change.kept != known:
            writes.append(Write(key, change.kept.model_dump(mode="json"), case.etag))
        if writes:
            await self._state.write(writes)
        return change

    async def _entries(self, skus: Iterable[str]) -> dict[str, Stored]:
        """Read the shelves, alone those that seem absent: only what is so is as it was opened."""
        keys = {sku: _key(Shelf, sku) for sku in skus}
        entries = await self._state.read(list(keys.values())) if keys else {}
        for key in [key for key, entry in entries.items() if entry.value is None]:
            entries |= await self._state.read([key])
        return {sku: entries[key] for sku, key in keys.items()}


def _read(kind: type[K], entry: Stored) -> K | None:
    return None if entry.value is None else kind.model_validate(entry.value)


def _shelf(sku: str, entry: Stored) -> Shelf:
    if entry.value is None:
        return opening(catalogue.article(sku))
    return Shelf.model_validate(entry.value)


def _key(kind: type[Reservation] | type[Receipt] | type[Shelf], name: str) -> str:
    return f"{kind.__name__.lower()}:{name}"
