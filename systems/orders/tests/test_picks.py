"""The rules of a pick, and the packers who work on it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from base.wire import Wire
from kit.documents import Documents
from kit.once import Deed, Deeds
from systems.orders.warehouse import picks
from systems.orders.warehouse.models import PickLine, PickRequest
from systems.orders.warehouse.packers import Packers, PackerSettings
from systems.orders.warehouse.picks import Pick, Pieces
from tests.support.memory import MemoryStore
from tests.support.refusals import refused, refused_later

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
PICKING = Pick(warehouse="berlin", lines=[Pieces(sku="CUP", quantity=2)])
PACKED = picks.packed(PICKING)
SHORT = picks.short(PICKING, [Pieces(sku="CUP", quantity=1)])
GONE = picks.handed_over(PACKED, "CP1")


def test_a_pick_is_packed_once_and_handed_over_once() -> None:
    assert [pick.status for pick in (PICKING, PACKED, GONE)] == ["picking", "packed", "handed_over"]
    assert picks.handed_over(PACKED, "CP1").tracking_number == "CP1"
    assert picks.packed(PACKED) == PACKED
    assert picks.packed(GONE) == GONE
    assert picks.handed_over(GONE, "CP1") == GONE


def test_a_short_pick_says_what_is_missing_and_is_never_packed() -> None:
    assert SHORT.missing == [Pieces(sku="CUP", quantity=1)]
    assert picks.short(SHORT, [Pieces(sku="CUP", quantity=2)]) == SHORT


@pytest.mark.parametrize(
    ("reason", "call", "words"),
    [
        ("picked_short", lambda: picks.packed(SHORT), "It was found short; it cannot be packed"),
        ("already_packed", lambda: picks.short(PACKED, []), "It is packed; nothing of it"),
        ("already_packed", lambda: picks.short(GONE, []), "It is packed; nothing of it"),
        ("not_of_pick", lambda: picks.short(PICKING, [Pieces(sku="CUP", quantity=3)]), "3 CUP."),
        ("not_of_pick", lambda: picks.short(PICKING, [Pieces(sku="POT", quantity=1)]), "1 POT."),
        ("not_packed", lambda: picks.handed_over(PICKING, "CP1"), "but picking."),
        ("not_packed", lambda: picks.handed_over(SHORT, "CP1"), "but short."),
        ("idempotency_conflict", lambda: picks.handed_over(GONE, "CP2"), "It left as CP1."),
        ("handed_over", lambda: picks.put_back(GONE), "It left the house as CP1."),
    ],
)
def test_what_cannot_follow_is_refused(reason: str, call: Callable[[], object], words: str) -> None:
    refused(reason, call, words)


@pytest.mark.parametrize("pick", [PICKING, PACKED, SHORT])
def test_what_is_still_in_the_house_is_put_back(pick: Pick) -> None:
    assert picks.put_back(pick) == pick


class Warehouse:
    """Packers over a store in memory; what they schedule and tell is kept."""

    def __init__(self, seconds: int = 2) -> None:
        kept = Documents(MemoryStore(), "pick", Deed[Pick])  # type: ignore[arg-type]
        self.deeds = Deeds("pick", kept)
        self.jobs: dict[str, tuple[datetime, Any]] = {}
        self.told: list[tuple[str, str, Wire]] = []
        settings = PackerSettings(packing_seconds=seconds, mislaid_sku="TIN")
        self.packers = Packers(self.deeds, self, self, settings)  # type: ignore[arg-type]

    async def schedule(self, name: str, due: datetime, data: dict[str, Any]) -> None:
        self.jobs[name] = due, data

    def tell(self, resource_id: str, signal: str, word: Wire) -> None:
        self.told.append((resource_id, signal, word))

    async def take(self, pick_id: str, sku: str = "CUP") -> None:
        lines = [PickLine(sku=sku, quantity=2)]
        wanted = PickRequest(warehouse="berlin", lines=lines)
        pick = Pick.model_validate(wanted.model_dump())
        await self.deeds.do(pick_id, wanted, lambda: pick)
        await self.packers.take(pick_id, pick, NOW)

    async def status(self, pick_id: str) -> str:
        deed = await self.deeds.get(pick_id)
        assert deed.result is not None
        return deed.result.status

    @property
    def signals(self) -> list[tuple[str, str]]:
        return [(resource_id, signal) for resource_id, signal, _ in self.told]


def test_a_pick_gets_one_job_however_often_it_is_asked_for() -> None:
    async def live() -> None:
        warehouse = Warehouse()
        for _ in range(2):
            await warehouse.take("o1:pick-1")
        [(due, data)] = warehouse.jobs.values()
        assert ((due - NOW).total_seconds(), data) == (2, {"pick": "o1:pick-1"})

    asyncio.run(live())


def test_people_alone_pack_where_packing_takes_no_time() -> None:
    async def live() -> None:
        warehouse = Warehouse(seconds=0)
        await warehouse.take("o1:pick-1")
        assert warehouse.jobs == {}

    asyncio.run(live())


@pytest.mark.parametrize(
    ("sku", "status", "signal"), [("CUP", "packed", "packed"), ("TIN", "short", "short_pick")]
)
def test_packers_pack_and_tell_or_tell_what_is_mislaid(sku: str, status: str, signal: str) -> None:
    async def live() -> None:
        warehouse = Warehouse()
        await warehouse.take("o1:pick-1", sku)
        await warehouse.packers.work("o1:pick-1")
        assert await warehouse.status("o1:pick-1") == status
        assert warehouse.signals == [("o1:pick-1", signal)]

    asyncio.run(live())


def test_packers_leave_alone_what_was_undone_or_a_person_found_short() -> None:
    async def live() -> None:
        warehouse = Warehouse()
        await warehouse.take("o1:pick-1")
        await warehouse.deeds.undo("o1:pick-1", picks.put_back)
        await warehouse.take("o2:pick-1")
        await warehouse.packers.short("o2:pick-1", [Pieces(sku="CUP", quantity=1)])
        for pick_id in ("o1:pick-1", "o2:pick-1", "o3:pick-1"):
            await warehouse.packers.work(pick_id)
        assert await warehouse.status("o2:pick-1") == "short"
        assert warehouse.signals == [("o2:pick-1", "short_pick")]

    asyncio.run(live())


def test_a_word_that_may_be_lost_can_be_said_again_until_it_is_handed_over() -> None:
    async def live() -> None:
        warehouse = Warehouse()
        await warehouse.take("o1:pick-1")
        for _ in range(2):
            await warehouse.packers.pack("o1:pick-1")
        await warehouse.deeds.amend("o1:pick-1", lambda pick: picks.handed_over(pick, "CP1"))
        await warehouse.packers.pack("o1:pick-1")
        assert warehouse.signals == [("o1:pick-1", "packed")] * 2
        await refused_later("unknown_pick", warehouse.packers.pack("o2:pick-1"))

    asyncio.run(live())
