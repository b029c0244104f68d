"""The index of trips: append-only logs that are read newest first, and the set of open trips."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sagas.records import index
from sagas.records.index import PAGE, BadPosition, Item, Position, Reader

START = datetime(2024, 12, 1, tzinfo=UTC)


def item(n: int) -> Item:
    return Item(case_id=f"t{n}", created_at=START + timedelta(seconds=n))


def store_of(count: int, customer: str = "c1") -> dict[str, Any]:
    """Return the documents after so many trips of one customer were accepted."""
    stored: dict[str, Any] = {}
    for n in range(count):
        keys = index.keys(f"t{n}", customer)
        stored |= index.with_case({key: stored.get(key) for key in keys}, item(n))
    return stored


def read(stored: dict[str, Any], logs: list[str], positions: Any = None, count: int = 10**6) -> Any:
    reader = Reader({log: stored.get(log) for log in logs}, positions)
    found: list[str] = []
    while len(found) < count:
        for page in reader.missing(count):
            reader.supply(page, stored[page])
        if newest := reader.newest():
            found.append(newest.case_id)
        else:
            break
    return found, reader.positions


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 3 * PAGE + 7])
@pytest.mark.parametrize("logs", [index.logs_of_all(), index.logs_of("c1")])
def test_every_trip_is_read_once_newest_first(count: int, logs: list[str]) -> None:
    found, _ = read(store_of(count), logs)
    assert found == [f"t{n}" for n in reversed(range(count))]


@pytest.mark.parametrize("logs", [index.logs_of_all(), index.logs_of("c1")])
def test_reading_goes_on_where_it_stopped_although_trips_were_added(logs: list[str]) -> None:
    count = 3 * PAGE + 7
    stored = store_of(count)
    first, positions = read(stored, logs, count=20)
    for n in range(count, count + PAGE):
        keys = index.keys(f"t{n}", "c1")
        stored |= index.with_case({key: stored.get(key) for key in keys}, item(n))
    rest, _ = read(stored, logs, positions)
    assert first + rest == [f"t{n}" for n in reversed(range(count))]


def test_the_next_release_finds_what_this_one_stored() -> None:
    customer = "cases:owner.d0f631ca1ddba8db3bcfcb9e057cdc98"
    assert index.keys("t1", "c1") == ["cases:all.7", customer, "open-cases:7"]
    assert index.page_key(customer, 3) == f"{customer}.3"


def test_a_customer_finds_only_their_own_trips() -> None:
    stored = store_of(5, "c1") | store_of(3, "c2")
    assert len(read(stored, index.logs_of("c1"))[0]) == 5
    assert len(read(stored, index.logs_of("c2"))[0]) == 3


def test_documents_stay_bounded_however_many_trips_there_are() -> None:
    stored = store_of(20 * PAGE)
    longest = max(len(doc["items"]) for key, doc in stored.items() if key.startswith("cases:"))
    assert longest == PAGE


def test_what_another_release_wrote_into_a_head_stays_there() -> None:
    key = index.logs_of("c1")[0]
    stored = store_of(PAGE)
    stored[key]["archived"] = 3
    keys = index.keys("new", "c1")
    changed = index.with_case({key: stored.get(key) for key in keys}, item(PAGE))
    assert changed[key]["archived"] == 3


def test_a_full_page_holds_trips_and_nothing_of_its_head() -> None:
    [log] = index.logs_of("c1")
    stored = store_of(PAGE + 1)
    page = stored[index.page_key(log, 0)]
    assert page == {"items": [item(n).model_dump(mode="json") for n in range(PAGE)]}
    newest = [item(PAGE).model_dump(mode="json")]
    unsettled = [f"t{n}" for n in range(PAGE + 1)]
    assert stored[log] == {"pages": 1, "items": newest, "unsettled": unsettled}


LOG = index.logs_of("c1")[0]


@pytest.mark.parametrize(
    ("at", "count", "pages"),
    [
        ((3, 7), 1000, []),
        ((2, PAGE), PAGE, [2]),
        ((2, PAGE), PAGE + 1, [2, 1]),
        ((2, PAGE), 2 * PAGE, [2, 1]),
        ((2, PAGE), 2 * PAGE + 1, [2, 1, 0]),
        ((2, PAGE), 1000, [2, 1, 0]),
        ((2, 10), 1, [2]),
        ((2, 10), 10, [2]),
        ((2, 10), 11, [2, 1]),
        ((0, 10), 1000, [0]),
    ],
    ids=str,
)
def test_as_many_pages_are_missing_as_can_hold_what_is_wanted(
    at: Position, count: int, pages: list[int]
) -> None:
    reader = Reader({LOG: store_of(3 * PAGE + 7)[LOG]}, [at])
    assert reader.missing(count) == [index.page_key(LOG, page) for page in pages]


def test_no_page_is_missing_that_was_supplied() -> None:
    stored = store_of(3 * PAGE + 7)
    reader = Reader({LOG: stored[LOG]}, [(2, 10)])
    newer, older = (index.page_key(LOG, page) for page in (2, 1))
    reader.supply(older, stored[older])
    assert reader.missing(20) == [newer]
    reader.supply(newer, stored[newer])
    assert reader.missing(20) == []


def head(pages: int, count: int) -> dict[str, Any]:
    return {"pages": pages, "items": [item(n).model_dump(mode="json") for n in range(count)]}


@pytest.mark.parametrize(
    ("pages", "count", "at"),
    [(3, 1, (2, PAGE)), (3, 1, (0, 1)), (3, 1, (3, 1)), (3, 1, (3, 0)), (0, 5, (0, 5))],
)
def test_reading_begins_at_any_entry_that_there_is(pages: int, count: int, at: Position) -> None:
    assert Reader({LOG: head(pages, count)}, [at]).positions == [at]


@pytest.mark.parametrize(
    ("pages", "count", "at"),
    [
        (3, 1, [(3, 2)]),
        (3, 1, [(2, PAGE + 1)]),
        (3, 1, [(4, 1)]),
        (0, 5, [(3, 1)]),
        (0, 5, [(0, 6)]),
        (0, 5, [(0, -1)]),
        (3, 5, [(-1, 1)]),
        (0, 5, []),
        (0, 5, [(0, 1), (0, 1)]),
    ],
)
def test_a_position_where_no_entry_is_or_of_other_logs_is_told_so(
    pages: int, count: int, at: list[Position]
) -> None:
    with pytest.raises(BadPosition):
        Reader({LOG: head(pages, count)}, at)


def test_one_wrong_position_among_right_ones_is_told_so() -> None:
    heads = dict.fromkeys(index.logs_of_all())
    right = Reader(heads).positions
    with pytest.raises(BadPosition):
        Reader(heads, [*right[1:], (0, 1)])


def test_a_log_that_nothing_was_added_to_has_ended() -> None:
    reader = Reader(dict.fromkeys(index.logs_of_all()))
    assert reader.ended
    assert reader.missing(10) == []
    assert reader.newest() is None


@pytest.mark.parametrize(("ahead", "followed"), [(0, 0), (0.5, 0.5), (1, 1), (1.001, 0), (9, 0)])
def test_a_trip_of_the_same_second_as_the_last_is_put_after_it(
    ahead: float, followed: float
) -> None:
    last = Item(case_id="t1", created_at=START + timedelta(seconds=ahead))
    stored = index.with_case(dict.fromkeys(index.keys("t1", "c1")), last)
    assert index.time_in_logs(stored, START) == START + timedelta(seconds=followed)


def test_a_trip_that_is_not_open_can_be_closed() -> None:
    key = index.open_key("t1")
    assert index.closed(key, None, "t1") == {key: {"items": {}}}


def test_open_cases_are_those_that_were_not_closed() -> None:
    stored = store_of(10)
    for n in range(0, 10, 2):
        key = index.open_key(f"t{n}")
        stored |= index.closed(key, stored[key], f"t{n}")
    left = index.open_cases({key: stored.get(key) for key in index.open_keys()})
    assert [trip.case_id for trip in left] == ["t9", "t7", "t5", "t3", "t1"]
