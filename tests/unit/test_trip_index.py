"""The index of trips: append-only logs that are read newest first, and the set of open trips."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator import trip_index
from orchestrator.trip_index import PAGE, Item, Reader

START = datetime(2024, 12, 1, tzinfo=UTC)


def item(n: int) -> Item:
    return Item(trip_id=f"t{n}", created_at=START + timedelta(seconds=n))


def store_of(count: int, customer: str = "c1") -> dict[str, Any]:
    """Return the documents after so many trips of one customer were accepted."""
    stored: dict[str, Any] = {}
    for n in range(count):
        keys = trip_index.keys(f"t{n}", customer)
        stored |= trip_index.with_trip({key: stored.get(key) for key in keys}, item(n))
    return stored


def read(stored: dict[str, Any], logs: list[str], positions: Any = None, count: int = 10**6) -> Any:
    reader = Reader({log: stored.get(log) for log in logs}, positions)
    found: list[str] = []
    while len(found) < count:
        for page in reader.missing(count):
            reader.supply(page, stored[page])
        if newest := reader.newest():
            found.append(newest.trip_id)
        else:
            break
    return found, reader.positions


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE + 7])
@pytest.mark.parametrize("logs", [trip_index.logs_of_all(), trip_index.logs_of("c1")])
def test_every_trip_is_read_once_newest_first(count: int, logs: list[str]) -> None:
    found, _ = read(store_of(count), logs)
    assert found == [f"t{n}" for n in reversed(range(count))]


@pytest.mark.parametrize("logs", [trip_index.logs_of_all(), trip_index.logs_of("c1")])
def test_reading_goes_on_where_it_stopped_although_trips_were_added(logs: list[str]) -> None:
    count = 3 * PAGE + 7
    stored = store_of(count)
    first, positions = read(stored, logs, count=20)
    for n in range(count, count + PAGE):
        keys = trip_index.keys(f"t{n}", "c1")
        stored |= trip_index.with_trip({key: stored.get(key) for key in keys}, item(n))
    rest, _ = read(stored, logs, positions)
    assert first + rest == [f"t{n}" for n in reversed(range(count))]


def test_a_customer_finds_only_their_own_trips() -> None:
    stored = store_of(5, "c1") | store_of(3, "c2")
    assert len(read(stored, trip_index.logs_of("c1"))[0]) == 5
    assert len(read(stored, trip_index.logs_of("c2"))[0]) == 3


def test_documents_stay_bounded_however_many_trips_there_are() -> None:
    stored = store_of(20 * PAGE)
    longest = max(len(doc["items"]) for key, doc in stored.items() if key.startswith("log:"))
    assert longest == PAGE


def test_what_another_release_wrote_into_a_head_stays_there() -> None:
    key = trip_index.logs_of("c1")[0]
    stored = store_of(PAGE)
    stored[key]["archived"] = 3
    keys = trip_index.keys("new", "c1")
    changed = trip_index.with_trip({key: stored.get(key) for key in keys}, item(PAGE))
    assert changed[key]["archived"] == 3


def test_open_trips_are_those_that_were_not_closed() -> None:
    stored = store_of(10)
    for n in range(0, 10, 2):
        key = trip_index.open_key(f"t{n}")
        stored |= trip_index.closed(key, stored[key], f"t{n}")
    left = trip_index.open_trips({key: stored.get(key) for key in trip_index.open_keys()})
    assert [trip.trip_id for trip in left] == ["t9", "t7", "t5", "t3", "t1"]
