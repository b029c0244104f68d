"""Pages of trips: what they show, how often they read the store, and which cursors they take."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from base.errors import Unavailable
from base.state import Stored
from orchestrator.trip import TRIP
from sagas.core.progress import Progress
from sagas.records import index
from sagas.records.listing import BadCursor, Listing, Page
from sagas.records.record import Record
from sagas.records.records import Records
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

START = datetime(2024, 12, 1, tzinfo=UTC)


class Lists:
    """Lists of trips over a store in memory; trips are named after when they were booked."""

    def __init__(self) -> None:
        self.sidecar = MemoryStore()
        self.records = Records(self.sidecar, TRIP)  # type: ignore[arg-type]

    def book(self, n: int, status: str = "confirmed", customer: str = "c1") -> None:
        record = Record(
            case_id=f"t{n}",
            digest="",
            request=VALID | {"customerId": customer},
            owner=customer,
            created_at=START + timedelta(seconds=n),
            progress=Progress(status=status),
        )
        asyncio.run(self.records.accept(record))

    def end(self, n: int) -> None:
        asyncio.run(self.records.keep(f"t{n}", Progress(status="cancelled")))

    def page(
        self,
        status: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        customer: str | None = None,
    ) -> Page:
        return asyncio.run(Listing(self.records).page(customer, status, limit, cursor))

    def pages(self, meanwhile: Callable[[], None] = lambda: None, **question: Any) -> list[Page]:
        found = [self.page(**question)]
        while cursor := found[-1].cursor:
            meanwhile()
            found.append(self.page(cursor=cursor, **question))
        return found


def names(*pages: Page) -> list[str]:
    return [record.case_id for page in pages for record in page.records]


def cursor_of(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.fixture(scope="module")
def many() -> Lists:
    """Return 600 trips, of which 19 old ones failed, and every third was rejected."""
    lists = Lists()
    for n in range(600):
        failed = 200 <= n < 219
        lists.book(n, "failed" if failed else "confirmed" if n % 3 else "rejected")
    return lists


def test_a_rare_status_costs_few_reads_however_few_trips_are_still_wanted(many: Lists) -> None:
    many.sidecar.reads = 0
    page = many.page("failed", 20)
    assert names(page) == [f"t{n}" for n in range(218, 199, -1)]
    assert many.sidecar.reads <= 13
    assert page.cursor


def test_a_page_without_a_filter_reads_no_record_that_it_does_not_show(many: Lists) -> None:
    many.sidecar.reads = 0
    assert names(many.page(limit=5)) == [f"t{n}" for n in range(599, 594, -1)]
    assert many.sidecar.reads <= 3


@pytest.mark.parametrize("customer", [None, "c1"])
@pytest.mark.parametrize("limit", [7, 100])
def test_the_pages_of_a_status_show_each_of_its_trips_once_newest_first(
    many: Lists, customer: str | None, limit: int
) -> None:
    wanted = [f"t{n}" for n in range(599, -1, -1) if n % 3 == 0 and not 200 <= n < 219]
    pages = many.pages(status="rejected", limit=limit, customer=customer)
    assert names(*pages) == wanted
    assert all(len(page.records) == limit for page in pages[:-2])


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_the_last_page_has_no_next(limit: int) -> None:
    lists = Lists()
    for n in range(6):
        lists.book(n, "needs_attention")
    for status in (None, "needs_attention"):
        assert len(lists.pages(status=status, limit=limit)) == 6 // limit


def test_no_open_trip_is_skipped_or_repeated_although_others_end_and_come_meanwhile() -> None:
    lists = Lists()
    for n in range(10):
        lists.book(n, "needs_attention" if n % 2 else "running")
    ending, coming = iter([(9, 7), (5, 0)]), iter([11, 13])

    def meanwhile() -> None:
        for n in next(ending):
            lists.end(n)
        lists.book(next(coming), "needs_attention")

    pages = lists.pages(meanwhile, status="needs_attention", limit=2)
    assert names(*pages) == ["t9", "t7", "t5", "t3", "t1"]


class Forgetful(MemoryStore):
    """A store that, read for several keys, tells some as not there."""

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        found = await super().read(keys)
        return {key: Stored() if n % 2 else found[key] for n, key in enumerate(keys)}


@pytest.mark.parametrize("question", [{}, {"customer": "c1"}, {"status": "running"}], ids=str)
def test_what_seems_absent_when_it_is_read_with_others_is_shown_all_the_same(
    question: dict[str, Any],
) -> None:
    lists = Lists()
    for n in range(120):
        lists.book(n, "running")
    values, lists.sidecar = lists.sidecar.values, Forgetful()
    lists.sidecar.values = values
    lists.records = Records(lists.sidecar, TRIP)  # type: ignore[arg-type]
    assert names(lists.page(limit=100, **question)) == [f"t{n}" for n in range(119, 19, -1)]


def test_a_page_of_a_log_that_is_gone_is_no_fault_of_the_cursor() -> None:
    lists = Lists()
    for n in range(60):
        lists.book(n)
    del lists.sidecar.values[index.page_key(index.logs_of("c1")[0], 0)]
    with pytest.raises(Unavailable, match="lost"):
        lists.page(limit=20, customer="c1")


@pytest.mark.parametrize(
    "value",
    [
        7,
        -1,
        None,
        [],
        "t1",
        [[0, 1]],
        ["2024-12-01T00:00:00+00:00"],
        ["2024-12-01T00:00:00", "t1"],
        ["2024-13-01T00:00:00+00:00", "t1"],
        ["0001-01-01T00:00:00+23:59", "t1"],
        ["9999-12-31T23:59:59-23:59", "t1"],
        [1733011200, "t1"],
        ["2024-12-01T00:00:00+00:00", 1],
    ],
)
def test_a_cursor_of_no_page_of_open_cases_is_told_so(value: Any) -> None:
    lists = Lists()
    lists.book(1, "running")
    with pytest.raises(BadCursor):
        lists.page("running", cursor=cursor_of(value))


@pytest.mark.parametrize(
    "value",
    [
        7,
        [],
        [1, 2],
        [[0]],
        [[0, 50]],
        [[0, -1]],
        [[-1, 1]],
        [[10**9, 3]],
        [[0, 1], [0, 1]],
        ["2024-12-01T00:00:00+00:00", "t1"],
    ],
)
def test_a_cursor_of_no_page_of_a_customer_is_told_so(value: Any) -> None:
    lists = Lists()
    lists.book(1)
    with pytest.raises(BadCursor):
        lists.page(customer="c1", cursor=cursor_of(value))


@pytest.mark.parametrize("cursor", ["x", "\x00", "é", "=", "[" * 100_000, "W1tb" * 30_000])
@pytest.mark.parametrize("status", [None, "running"])
def test_what_is_no_cursor_at_all_is_told_so(status: str | None, cursor: str) -> None:
    with pytest.raises(BadCursor):
        Lists().page(status, cursor=cursor)
