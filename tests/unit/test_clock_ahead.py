"""One clock that was ahead once: it dates its own cases, and no others."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator.trip import TRIP
from sagas.engine.admission import Admission
from sagas.engine.caretaker import Caretaker
from sagas.engine.cases import Cases
from sagas.engine.endings import Endings
from sagas.records import index
from sagas.records.listing import Listing
from sagas.records.record import Record
from sagas.records.records import Records
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

DAY = timedelta(days=1)


def dated(case_id: str, at: datetime, owner: str = "c1") -> Record:
    request = VALID | {"customerId": owner}
    return Record(case_id=case_id, digest="", request=request, owner=owner, created_at=at)


def new_records(store: MemoryStore) -> Records:
    return Records(store, TRIP)  # type: ignore[arg-type]


def items(sidecar: MemoryStore) -> Iterator[dict[str, Any]]:
    """Return all items of the index."""
    for key, value in sidecar.values.items():
        if key.startswith("cases:"):
            yield from value["items"]
        if key.startswith("open-cases:"):
            yield from value["items"].values()


def test_its_time_spreads_neither_through_the_records_nor_through_the_index() -> None:
    now, sidecar = datetime(2024, 12, 1, tzinfo=UTC), MemoryStore()
    records = new_records(sidecar)
    asyncio.run(records.accept(dated("ahead", now + DAY)))
    for n in range(1, 201):
        asyncio.run(records.accept(dated(f"t{n}", now + timedelta(seconds=n), f"c{n % 5}")))
    assert all(
        datetime.fromisoformat(item["created_at"]) < now + DAY
        for item in items(sidecar)
        if item["case_id"] != "ahead"
    )
    newest = asyncio.run(Listing(records).page(None, None, 100, None)).records
    told = [record.case_id for record in newest if record.case_id != "ahead"]
    assert told == [f"t{n}" for n in range(200, 200 - len(told), -1)]


def test_of_two_cases_of_one_moment_the_log_keeps_the_order_and_the_records_their_times() -> None:
    now, sidecar = datetime(2024, 12, 1, tzinfo=UTC), MemoryStore()
    records = new_records(sidecar)
    for case_id, ms in (("a", 20), ("b", 10)):
        kept = asyncio.run(records.accept(dated(case_id, now + timedelta(milliseconds=ms))))
        assert kept.created_at == now + timedelta(milliseconds=ms)
    [log] = index.logs_of("c1")
    assert [item["case_id"] for item in sidecar.values[log]["items"]] == ["a", "b"]
    first, second = (item["created_at"] for item in sidecar.values[log]["items"])
    assert first == second


class NoWorkflows:
    """An engine that has forgotten every case."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def progress(self, _: str) -> None:
        return None

    async def start(self, record: Record) -> None:
        self.started.append(record.case_id)

    start_over = start


AGES = [timedelta(0), timedelta(seconds=-2), timedelta(seconds=2), -DAY, DAY]


def cared_for(look: Any) -> list[str]:
    """Return which cases are started, of cases of these ages."""
    engine = NoWorkflows()
    records = new_records(MemoryStore())
    cases = Cases(TRIP, records, engine, Endings(), Admission(1, 1))  # type: ignore[arg-type]
    now = datetime.now(UTC)
    for age in AGES:
        asyncio.run(records.accept(dated(f"t{int(age.total_seconds())}", now - age)))
    asyncio.run(look(cases, records))
    return sorted(engine.started)


@pytest.mark.parametrize("asked", ["by the caretaker", "by a customer"])
def test_what_is_dated_in_the_future_is_not_young(asked: str) -> None:
    async def look(cases: Cases, records: Records) -> None:
        if asked == "by the caretaker":
            await Caretaker(cases, records, seconds=0).go_round()
            return
        for item in await records.open():
            await cases.get(item.case_id)

    assert cared_for(look) == ["t-86400", "t86400"]
