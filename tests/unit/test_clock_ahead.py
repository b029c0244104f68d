"""One clock that was ahead once: it dates its own trips, and no others."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator import trip_index
from orchestrator.admission import Admission
from orchestrator.caretaker import Caretaker
from orchestrator.endings import Endings
from orchestrator.listing import Listing
from orchestrator.models import Terms, TripRecord, TripRequest
from orchestrator.records import TripRecords
from orchestrator.trips import Trips
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

DAY = timedelta(days=1)


def dated(trip_id: str, at: datetime, customer: str = "c1") -> TripRecord:
    request = TripRequest.model_validate(VALID | {"customerId": customer})
    return TripRecord(trip_id=trip_id, digest="", request=request, created_at=at)


def items(sidecar: MemoryStore) -> Iterator[dict[str, Any]]:
    """Return all items of the index."""
    for key, value in sidecar.values.items():
        if key.startswith("log:"):
            yield from value["items"]
        if key.startswith("open:"):
            yield from value["items"].values()


def test_its_time_spreads_neither_through_the_records_nor_through_the_index() -> None:
    now, sidecar = datetime(2024, 12, 1, tzinfo=UTC), MemoryStore()
    records = TripRecords(sidecar)  # type: ignore[arg-type]
    asyncio.run(records.accept(dated("ahead", now + DAY)))
    for n in range(1, 201):
        asyncio.run(records.accept(dated(f"t{n}", now + timedelta(seconds=n), f"c{n % 5}")))
    assert all(
        datetime.fromisoformat(item["created_at"]) < now + DAY
        for item in items(sidecar)
        if item["trip_id"] != "ahead"
    )
    newest = asyncio.run(Listing(records).page(None, None, 100, None)).records
    told = [record.trip_id for record in newest if record.trip_id != "ahead"]
    assert told == [f"t{n}" for n in range(200, 200 - len(told), -1)]


def test_of_two_trips_of_one_moment_the_log_keeps_the_order_and_the_records_their_times() -> None:
    now, sidecar = datetime(2024, 12, 1, tzinfo=UTC), MemoryStore()
    records = TripRecords(sidecar)  # type: ignore[arg-type]
    for trip_id, ms in (("a", 20), ("b", 10)):
        kept = asyncio.run(records.accept(dated(trip_id, now + timedelta(milliseconds=ms))))
        assert kept.created_at == now + timedelta(milliseconds=ms)
    [log] = trip_index.logs_of("c1")
    assert [item["trip_id"] for item in sidecar.values[log]["items"]] == ["a", "b"]
    first, second = (item["created_at"] for item in sidecar.values[log]["items"])
    assert first == second


class NoWorkflows:
    """An engine that has forgotten every trip."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def progress(self, _: str) -> None:
        return None

    async def start(self, record: TripRecord) -> None:
        self.started.append(record.trip_id)

    start_over = start


AGES = [timedelta(0), timedelta(seconds=-2), timedelta(seconds=2), -DAY, DAY]


def cared_for(look: Any) -> list[str]:
    """Return which trips are started, of trips of these ages."""
    engine = NoWorkflows()
    records = TripRecords(MemoryStore())  # type: ignore[arg-type]
    trips = Trips(records, engine, Endings(), Admission(1, 1), Terms())  # type: ignore[arg-type]
    now = datetime.now(UTC)
    for age in AGES:
        asyncio.run(records.accept(dated(f"t{int(age.total_seconds())}", now - age)))
    asyncio.run(look(trips, records))
    return sorted(engine.started)


@pytest.mark.parametrize("asked", ["by the caretaker", "by a customer"])
def test_what_is_dated_in_the_future_is_not_young(asked: str) -> None:
    async def look(trips: Trips, records: TripRecords) -> None:
        if asked == "by the caretaker":
            await Caretaker(trips, records, seconds=0).go_round()
            return
        for item in await records.open():
            await trips.get(item.trip_id)

    assert cared_for(look) == ["t-86400", "t86400"]
