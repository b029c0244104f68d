"""Stock over a store in memory: many at once, replicas, and what runs out."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from base.errors import Refusal
from kit.expiry import Clearing
from systems.orders.inventory import ledger
from systems.orders.inventory.books import Books
from systems.orders.inventory.records import Asked, Change, Receipt, Reservation
from systems.orders.inventory.shelves import Shelf
from systems.orders.inventory.stock import Stock
from tests.support.memory import MemoryStore, at_once
from tests.support.refusals import refused_later

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
SECONDS = 60
BOWL = "BOWL-KINTSUGI"  # none of it is there until it is received
STOVE = "STOVE-CAST"


class Jobs:
    """A scheduler that keeps what it is given."""

    def __init__(self) -> None:
        self.due: dict[str, datetime] = {}
        self.scheduled = asyncio.Event()

    async def schedule(self, name: str, due: datetime, _: dict[str, Any]) -> None:
        self.due[name] = due
        self.scheduled.set()


class SlowStore(MemoryStore):
    """Lets others come first between any reading and any writing."""

    async def read(self, keys: Any) -> Any:
        await asyncio.sleep(0)
        return await super().read(keys)

    async def write(self, writes: Any) -> None:
        await asyncio.sleep(0)
        await super().write(writes)


class Site:
    """One store, and replicas over it that queue apart."""

    def __init__(self, state: MemoryStore | None = None) -> None:
        self.state, self.now = state or MemoryStore(), NOW

    def replica(self) -> Stock:
        clearing = Clearing(Jobs(), lambda: self.now)  # type: ignore[arg-type]
        return Stock(Books(self.state), clearing, lambda: self.now)  # type: ignore[arg-type]

    def shelf(self, sku: str) -> Shelf:
        return Shelf.model_validate(self.state.values[f"shelf:{sku}"])

    def stored(self, reservation_id: str) -> Reservation:
        return Reservation.model_validate(self.state.values[f"reservation:{reservation_id}"])


def asked(reservation_id: str, partial: bool = False, **quantities: int) -> Asked:
    wanted = {sku.replace("_", "-"): many for sku, many in quantities.items()}
    request = {"quantities": wanted, "partial": partial}
    prices = dict.fromkeys(wanted, 100)
    return Asked(reservation_id, request, wanted, prices, partial, SECONDS)


def bowls(receipt_id: str, quantity: int, warehouse: str = "berlin") -> Receipt:
    return Receipt(id=receipt_id, sku=BOWL, warehouse=warehouse, quantity=quantity)


async def outcome(call: Awaitable[Reservation]) -> str:
    try:
        return (await call).status
    except Refusal as refusal:
        return refusal.reason


def test_fifty_at_once_for_ten_pieces_are_ten() -> None:
    async def live() -> None:
        site = Site(SlowStore())
        one, other = site.replica(), site.replica()
        await one.receive(bowls("d1", 10))
        calls = [
            (one if n % 2 else other).reserve(asked(f"o{n}:stock", BOWL_KINTSUGI=1))
            for n in range(50)
        ]
        outcomes = await asyncio.gather(*map(outcome, calls))
        assert Counter(outcomes) == {"held": 10, "short": 40}
        place = site.shelf(BOWL).at("berlin")
        assert (place.on_hand, place.reserved, place.received) == (0, 10, 10)

    asyncio.run(live())


def test_lines_in_opposite_order_do_not_wait_for_each_other_for_ever() -> None:
    async def live() -> None:
        stock = Site(SlowStore()).replica()
        calls = [
            stock.reserve(asked(f"o{n}:stock", STOVE_CAST=1, CUP_STONEWARE=1))
            if n % 2
            else stock.reserve(asked(f"o{n}:stock", CUP_STONEWARE=1, STOVE_CAST=1))
            for n in range(20)
        ]
        made = await asyncio.wait_for(asyncio.gather(*calls), timeout=10)
        assert {reservation.status for reservation in made} == {"held"}

    asyncio.run(live())


def test_the_same_asked_twenty_times_at_once_is_reserved_once() -> None:
    async def live() -> None:
        site = Site(SlowStore())
        replicas = [site.replica() for _ in range(4)]
        calls = [replicas[n % 4].reserve(asked("o1:stock", STOVE_CAST=2)) for n in range(20)]
        made = await asyncio.gather(*calls)
        assert all(each == made[0] for each in made)
        assert site.shelf(STOVE).at("chicago").reserved == 2

    asyncio.run(live())


def test_a_writer_that_lost_the_race_decides_again() -> None:
    async def live() -> None:
        site = Site()
        one, other = site.replica(), site.replica()
        await one.receive(bowls("d1", 1))
        site.state.before_write = lambda: at_once(other.reserve(asked("o2:stock", BOWL_KINTSUGI=1)))
        await refused_later("short", one.reserve(asked("o1:stock", BOWL_KINTSUGI=1)))
        assert "reservation:o1:stock" not in site.state.values

    asyncio.run(live())


def test_a_receipt_counts_once() -> None:
    async def live() -> None:
        site = Site()
        stock = site.replica()
        for _ in range(2):
            await stock.receive(bowls("d1", 3))
        await refused_later("idempotency_conflict", stock.receive(bowls("d1", 4)))
        await refused_later("not_on_hand", stock.receive(bowls("d2", -4)))
        await stock.receive(bowls("d3", -1))
        assert site.shelf(BOWL).at("berlin").on_hand == 2

    asyncio.run(live())


async def a_bowl_taken_over(site: Site) -> Stock:
    """The only bowl is reserved; the reservation runs out, and another one takes the bowl."""
    stock = site.replica()
    await stock.receive(bowls("d1", 1))
    await stock.reserve(asked("o1:stock", BOWL_KINTSUGI=1, STOVE_CAST=1))
    site.now += timedelta(seconds=SECONDS)
    await stock.reserve(asked("o2:stock", BOWL_KINTSUGI=1))
    return stock


USES: dict[str, Callable[[Stock], Awaitable[Reservation]]] = {
    "ship": lambda stock: stock.move("o1:stock", 1, "ship"),
    "confirm": lambda stock: stock.confirm("o1:stock"),
    "reserve": lambda stock: stock.reserve(asked("o1:stock", BOWL_KINTSUGI=1, STOVE_CAST=1)),
}


@pytest.mark.parametrize("verb", [*USES, "get"])
def test_what_another_took_is_over_and_gives_back_the_rest(verb: str) -> None:
    async def live() -> None:
        site = Site()
        stock = await a_bowl_taken_over(site)
        assert site.shelf(STOVE).at("chicago").reserved == 1
        if verb == "get":
            assert (await stock.get("o1:stock")).status == "expired"
        else:
            await refused_later("hold_expired", USES[verb](stock))
        assert site.stored("o1:stock").status == "expired"
        assert site.shelf(STOVE).at("chicago").reserved == 0
        assert (await stock.confirm("o2:stock")).status == "confirmed"

    asyncio.run(live())


@pytest.mark.parametrize("verb", ["ship", "confirm"])
def test_what_ran_out_but_is_still_there_can_be_used(verb: str) -> None:
    async def live() -> None:
        site = Site()
        stock = site.replica()
        await stock.reserve(asked("o1:stock", STOVE_CAST=1))
        site.now += timedelta(seconds=SECONDS * 2)
        if verb == "ship":
            used = await stock.move("o1:stock", 1, "ship")
            assert used.parcels[0].status == "shipped"
        else:
            used = await stock.confirm("o1:stock")
            assert (used.status, used.expires_at) == ("confirmed", None)
        assert await stock.clear(STOVE) == 0
        assert site.stored("o1:stock") == used

    asyncio.run(live())


def test_clearing_ends_what_ran_out_and_nothing_else() -> None:
    async def live() -> None:
        site = Site()
        stock = site.replica()
        for name in ("o1:stock", "o2:stock", "o3:stock"):
            await stock.reserve(asked(name, STOVE_CAST=1))
        await stock.confirm("o2:stock")
        site.now += timedelta(seconds=SECONDS)
        await stock.reserve(asked("o4:stock", STOVE_CAST=1))
        assert await stock.clear(STOVE) == 2
        statuses = [site.stored(f"o{n}:stock").status for n in range(1, 5)]
        assert statuses == ["expired", "confirmed", "expired", "held"]
        assert site.shelf(STOVE).at("chicago").reserved == 2

    asyncio.run(live())


def test_only_a_hold_that_nobody_confirms_gets_a_job() -> None:
    async def live() -> None:
        site, jobs = Site(), Jobs()
        clearing = Clearing(jobs, lambda: site.now)  # type: ignore[arg-type]
        stock = Stock(Books(site.state), clearing, lambda: site.now)  # type: ignore[arg-type]
        await stock.reserve(replace(asked("o1:stock", STOVE_CAST=1), seconds=0.03))
        await stock.confirm("o1:stock")
        await stock.reserve(replace(asked("o2:stock", CUP_STONEWARE=1), seconds=0.03))
        await asyncio.wait_for(jobs.scheduled.wait(), timeout=10)
        [name] = jobs.due
        assert "CUP-STONEWARE" in name

    asyncio.run(live())


def test_what_is_over_stays_as_it_ended_when_its_time_runs_out() -> None:
    made = Reservation(
        id="o1:stock", status="cancelled", created_at=NOW, expires_at=NOW + timedelta(seconds=1)
    )
    later = NOW + timedelta(seconds=SECONDS)
    assert ledger.expire("o1:stock", made, {}, later) == Change(made, {})
