"""How reservations are kept: what is read, written, raced and remembered."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from base.errors import Changed, Refusal, Unavailable
from base.state import Stored, Write
from kit import hold_store, holds
from kit.hold_store import HoldStore
from kit.holds import Change, Claim, Hold, Pool, Reservation
from tests.support.memory import MemoryStore

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)


def over(state: MemoryStore) -> HoldStore:
    return HoldStore(state)  # type: ignore[arg-type]


def hold(store: HoldStore, name: str, *pools: str) -> Awaitable[Change]:
    asked = Hold(name, {"of": list(pools)}, 1, dict.fromkeys(pools, 9), {"price": 100}, 60)
    return store.change(name, lambda known, at: holds.hold(asked, known, at, NOW), pools)


def confirm(store: HoldStore, name: str) -> Awaitable[Change]:
    return store.change(name, lambda known, at: holds.confirm(name, known, at, NOW))


def cancel(store: HoldStore, name: str) -> Awaitable[Change]:
    return store.change(name, lambda known, at: holds.cancel(name, known, at, NOW))


def claims(state: MemoryStore, pool: str) -> Mapping[str, Claim]:
    return Pool.model_validate(state.values[f"pool:{pool}"]).claims


async def reads(state: MemoryStore, call: Awaitable[object]) -> int:
    before = state.reads
    await call
    return state.reads - before


def test_what_is_kept_is_json_and_comes_back_as_it_was() -> None:
    async def live() -> None:
        state = MemoryStore()
        change = await hold(over(state), "r1", "mon", "tue")
        state.values = json.loads(json.dumps(state.values))
        assert await over(state).reservation("r1") == change.reservation
        assert await over(state).pools(["tue", "mon"]) == change.pools
        assert await over(state).pools(["wed"]) == {"wed": Pool()}
        assert await over(state).reservation("r2") is None

    asyncio.run(live())


def test_who_held_confirms_with_one_reading_and_another_replica_with_two() -> None:
    async def live() -> None:
        state = MemoryStore()
        holder, other = over(state), over(state)
        assert await reads(state, hold(holder, "r1", "mon", "tue")) == 1
        assert await reads(state, hold(holder, "r2", "mon", "tue")) == 1
        assert await reads(state, confirm(holder, "r1")) == 1
        assert await reads(state, confirm(other, "r2")) == 2
        for pool in ("mon", "tue"):
            assert [claim.until for claim in claims(state, pool).values()] == [None, None]

    asyncio.run(live())


def test_only_holds_are_remembered_and_of_many_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold_store, "_REMEMBERED", 2)

    async def live() -> None:
        state = MemoryStore()
        store = over(state)
        for name in ("r1", "r2", "r3"):
            await hold(store, name, "mon")
        assert [await reads(state, confirm(store, name)) for name in ("r1", "r2", "r3")] == [
            2,
            1,
            1,
        ]
        assert await reads(state, cancel(store, "r3")) == 2  # it is no hold any more

    asyncio.run(live())


def test_what_is_gone_or_never_was_is_given_back_in_every_pool() -> None:
    async def live() -> None:
        state = MemoryStore()
        store = over(state)
        await hold(store, "r1", "mon", "tue")
        await confirm(store, "r1")
        assert (await cancel(over(state), "r1")).reservation.status == "cancelled"
        assert (claims(state, "mon"), claims(state, "tue")) == ({}, {})
        assert (await cancel(store, "r2")).reservation.status == "cancelled"
        assert (await store.reservation("r2")) is not None

    asyncio.run(live())


def test_what_changes_nothing_is_not_written() -> None:
    async def live() -> None:
        state = MemoryStore()
        await hold(over(state), "r1", "mon")
        await confirm(over(state), "r1")
        state.before_write = lambda: pytest.fail("it was written")
        await confirm(over(state), "r1")

    asyncio.run(live())


class Forgetful(MemoryStore):
    """A store of which a reading of several keys may miss one that is there."""

    missing = "reservation:r1"

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        found = await super().read(keys)
        return found | {self.missing: Stored()} if self.missing in keys and len(keys) > 1 else found


@pytest.mark.parametrize("known", [True, False])
def test_a_reservation_that_a_reading_of_several_keys_misses_is_found_alone(known: bool) -> None:
    async def live() -> None:
        state = Forgetful()
        holder = over(state)
        await hold(holder, "r1", "mon", "tue")
        assert (await confirm(holder if known else over(state), "r1")).changed
        assert claims(state, "tue")["r1"].until is None

    asyncio.run(live())


class Meanwhile(MemoryStore):
    """A store in which something happens right after the first reading."""

    def __init__(self, happens: Callable[[MemoryStore], Awaitable[object]]) -> None:
        super().__init__()
        self._happens: Callable[[MemoryStore], Awaitable[object]] | None = happens

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        found = await super().read(keys)
        if happens := self._happens:
            self._happens = None
            await happens(self)
        return found


def test_a_cancel_gives_back_what_was_held_since_it_first_looked() -> None:
    async def live() -> None:
        state = Meanwhile(lambda state: hold(over(state), "r1", "mon", "tue"))
        assert (await cancel(over(state), "r1")).reservation.status == "cancelled"
        assert (claims(state, "mon"), claims(state, "tue")) == ({}, {})

    asyncio.run(live())


class Contested(MemoryStore):
    """A store in which somebody else always writes first, so many times."""

    def __init__(self, races: int) -> None:
        super().__init__()
        self.lost, self._races = 0, races

    async def write(self, writes: Sequence[Write]) -> None:
        if self.lost < self._races:
            self.lost += 1
            raise Changed(f"race {self.lost}")
        await super().write(writes)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    return paused


def test_who_loses_a_race_decides_again_after_a_short_pause(pauses: list[float]) -> None:
    state = Contested(races=9)
    assert asyncio.run(reads(state, hold(over(state), "r1", "mon"))) == 10
    assert claims(state, "mon").keys() == {"r1"}
    assert len(set(pauses)) == 9, "those who lost together must not come back together"
    assert all(0 <= pause <= 0.05 for pause in pauses)


def test_who_loses_every_race_is_told(pauses: list[float]) -> None:
    state = Contested(races=30)
    with pytest.raises(Unavailable, match="kept changing"):
        asyncio.run(reads(state, hold(over(state), "r1", "mon")))
    assert len(pauses) == 30


class Slow(MemoryStore):
    """A store that lets others go on before it answers, and counts who lost a race."""

    lost = 0

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        found = await super().read(keys)
        await asyncio.sleep(0)
        return found

    async def write(self, writes: Sequence[Write]) -> None:
        try:
            await super().write(writes)
        except Changed:
            self.lost += 1
            raise


def test_writers_of_one_process_queue_and_do_not_race() -> None:
    async def live() -> None:
        state, nights = Slow(), [("tue", "mon"), ("mon", "tue")]
        store, other = over(state), over(state)
        names = [f"r{n}" for n in range(8)]
        held = asyncio.gather(*(hold(store, name, *nights[n % 2]) for n, name in enumerate(names)))
        await asyncio.wait_for(held, timeout=10)
        await asyncio.gather(*(confirm(store, name) for name in names[:4]))
        await asyncio.gather(*(confirm(other, name) for name in names[4:]))
        for night in ("mon", "tue"):
            assert [claim.until for claim in claims(state, night).values()] == [None] * 8
        assert state.lost == 0

    asyncio.run(live())


def test_a_refusal_of_the_rule_is_not_written() -> None:
    def refuse(_: Reservation | None, __: Mapping[str, Pool]) -> Change:
        raise ValueError("no")

    async def live() -> None:
        state = MemoryStore()
        with pytest.raises(ValueError, match="no"):
            await over(state).change("r1", refuse, ["mon"])
        assert state.values == {}

    asyncio.run(live())


async def searched(store: HoldStore, *pools: str) -> None:
    await store.pools(pools)


def test_who_has_searched_holds_without_another_look() -> None:
    async def run() -> None:
        state = MemoryStore()
        store = over(state)
        await searched(store, "seats", "rooms")
        state.reads = 0
        await hold(store, "r1", "seats", "rooms")
        assert state.reads == 0
        assert set(claims(state, "seats")) == set(claims(state, "rooms")) == {"r1"}

    asyncio.run(run())


def test_a_hold_looks_again_when_somebody_wrote_since_the_search() -> None:
    async def run() -> None:
        state = MemoryStore()
        here, elsewhere = over(state), over(state)
        await searched(here, "seats")
        await hold(elsewhere, "r1", "seats")
        await hold(here, "r2", "seats")
        assert set(claims(state, "seats")) == {"r1", "r2"}

    asyncio.run(run())


def test_one_search_serves_one_hold() -> None:
    async def run() -> None:
        state = MemoryStore()
        store = over(state)
        await searched(store, "seats")
        await hold(store, "r1", "seats")
        state.reads = 0
        await hold(store, "r2", "seats")
        assert state.reads > 0, "what it wrote itself has a version that nobody told it"

    asyncio.run(run())


def test_what_seems_sold_out_since_a_search_is_looked_at_again() -> None:
    async def run() -> None:
        state = MemoryStore()
        here, elsewhere = over(state), over(state)
        for number in range(9):
            await hold(elsewhere, f"r{number}", "seats")
        await searched(here, "seats")
        await cancel(elsewhere, "r3")
        await hold(here, "late", "seats")
        assert set(claims(state, "seats")) == {f"r{n}" for n in range(9) if n != 3} | {"late"}

    asyncio.run(run())


def test_a_hold_that_is_repeated_after_a_search_is_the_same_hold() -> None:
    async def run() -> None:
        state = MemoryStore()
        store = over(state)
        first = await hold(store, "r1", "seats")
        await searched(store, "seats")
        again = await hold(store, "r1", "seats")
        assert again.reservation == first.reservation
        assert not again.changed
        await cancel(store, "r1")
        await searched(store, "seats")
        with pytest.raises(Refusal, match="cancelled"):
            await hold(store, "r1", "seats")
        assert claims(state, "seats") == {}

    asyncio.run(run())


def test_of_many_searches_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        monkeypatch.setattr(hold_store, "_SEEN", 2)
        state = MemoryStore()
        store = over(state)
        for pool in ("a", "b", "a", "c"):
            await searched(store, pool)
        state.reads = 0
        await hold(store, "r1", "a", "c")
        assert state.reads == 0
        await hold(store, "r2", "b")
        assert state.reads > 0

    asyncio.run(run())
