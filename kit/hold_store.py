"""Reservations and pools in a Dapr state store, changed together or not at all."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

from base.errors import Changed, Refusal
from base.state import StateStore, Stored, Write, decided
from kit.holds import Change, Pool, Reservation
from kit.turns import Turns

Rule = Callable[[Reservation | None, Mapping[str, Pool]], Change]

T = TypeVar("T")

_POOL = "pool:"
_REMEMBERED = 10_000
_SEEN = 1_000  # pools, which may be large


class HoldStore:
    """Two writers of one pool meet at its ETag: the loser reads again and decides again."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._known_pools: dict[str, Sequence[str]] = {}
        self._seen: dict[str, Stored] = {}
        self._turns = Turns()

    async def reservation(self, reservation_id: str) -> Reservation | None:
        """Return what is stored under the id. Raises Unavailable."""
        key = _reservation_key(reservation_id)
        return _reservation((await self._state.read([key]))[key])

    async def pools(self, names: Sequence[str]) -> dict[str, Pool]:
        """Return the pools, empty where nothing was ever claimed. Raises Unavailable."""
        entries = await self._state.read([_pool_key(name) for name in names])
        for key, entry in entries.items():
            _keep(self._seen, key, entry, _SEEN)
        return {name: _pool(entries[_pool_key(name)]) for name in names}

    async def change(self, reservation_id: str, rule: Rule, pools: Sequence[str] = ()) -> Change:
        """Apply ``rule`` to the reservation and to ``pools``, besides those it claims already.

        Return the change that is stored. Raises what the rule raises, and Unavailable.
        """
        names = sorted(pools or await self._pools_of(reservation_id))
        async with self._turns.of(names):
            seen = {key: self._seen.pop(key, None) for key in map(_pool_key, names)}
            changed = await self._at_once(rule, seen) if pools else None
            if changed is None:
                is_new = bool(pools)
                changed = await decided(lambda: self._once(reservation_id, rule, names, is_new))
        self._remember(changed.reservation)
        return changed

    async def _at_once(self, rule: Rule, seen: Mapping[str, Stored | None]) -> Change | None:
        """Change pools as they were ``seen`` last, for a reservation that is most likely new. None
        if something is not so, or it would come to a refusal: then what is stored now decides.

        Who holds has just searched, so most holds need no look at what is stored.
        """
        entries = {key: entry for key, entry in seen.items() if entry is not None}
        if len(entries) < len(seen):
            return None
        pools = {_pool_name(key): _pool(entry) for key, entry in entries.items()}
        with suppress(Changed, Refusal):
            change = rule(None, pools)
            await self._state.write(_writes(change, entries))
            return change
        return None

    async def _pools_of(self, reservation_id: str) -> Sequence[str]:
        """Return the pools that it claims, as far as we know: a guess that `_once` corrects."""
        if names := self._known_pools.get(reservation_id):
            return names
        known = await self.reservation(reservation_id)
        return known.pools if known else ()

    def _remember(self, changed: Reservation) -> None:
        self._known_pools.pop(changed.id, None)
        if changed.status == "held":
            _keep(self._known_pools, changed.id, changed.pools, _REMEMBERED)

    async def _once(
        self, reservation_id: str, rule: Rule, names: Sequence[str], is_new: bool
    ) -> Change:
        key = _reservation_key(reservation_id)
        entries = await self._state.read([key, *map(_pool_key, names)])
        if entries[key].value is None and not is_new:
            entries |= await self._state.read([key])
        known = _reservation(entries[key])
        missing = set(known.pools if known else ()) - set(names)
        if missing:  # it was made by another request since we looked which pools it claims
            names = [*names, *sorted(missing)]
            entries |= await self._state.read([_pool_key(name) for name in missing])
        change = rule(known, {name: _pool(entries[_pool_key(name)]) for name in names})
        if change.changed:
            await self._state.write(_writes(change, entries))
        return change


def _writes(change: Change, entries: Mapping[str, Stored]) -> list[Write]:
    values = {_reservation_key(change.reservation.id): change.reservation.model_dump(mode="json")}
    values |= {_pool_key(name): pool.model_dump(mode="json") for name, pool in change.pools.items()}
    return [Write(key, value, entries.get(key, Stored()).etag) for key, value in values.items()]


def _keep(remembered: dict[str, T], key: str, value: T, most: int) -> None:
    """Remember it as the latest, and forget the oldest if there is too much."""
    remembered.pop(key, None)
    remembered[key] = value
    if len(remembered) > most:
        remembered.pop(next(iter(remembered)))


def _reservation(entry: Stored) -> Reservation | None:
    return None if entry.value is None else Reservation.model_validate(entry.value)


def _pool(entry: Stored) -> Pool:
    return Pool() if entry.value is None else Pool.model_validate(entry.value)


def _reservation_key(reservation_id: str) -> str:
    return f"reservation:{reservation_id}"


def _pool_key(name: str) -> str:
    return f"{_POOL}{name}"


def _pool_name(key: str) -> str:
    return key.removeprefix(_POOL)
