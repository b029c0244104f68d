"""A workflow that is started again after its trip has ended, for Dapr runs a completed id again."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.trip import TRIP
from sagas.core.frame import forward, reverse
from sagas.core.progress import Order
from sagas.records.record import Record
from sagas.records.records import Records
from tests.unit.participants import RealActivities, Services, records, services
from tests.unit.test_trip_request import VALID

__all__ = ["records", "services"]  # fixtures

NOW = datetime(2024, 12, 1, tzinfo=UTC)
BOOKED = {"t1:flight": "confirmed", "t1:hotel": "confirmed", "t1:payment": "charged"}
UNDONE = {"t1:flight": "cancelled", "t1:hotel": "cancelled", "t1:payment": "refunded"}


@pytest.fixture
def record(records: Records) -> Record:
    fresh = Record(case_id="t1", digest="", request=VALID, owner="c1", created_at=NOW)
    return asyncio.run(records.accept(fresh))


def run(record: Record, **engine_does: Any) -> RealActivities:
    """Run the workflow that books a trip."""
    engine = RealActivities(**engine_does)
    order = Order(case_id="t1", request=record.request, terms=record.terms, again=record.again)
    engine.run(forward(TRIP, 1)(engine, order))  # type: ignore[arg-type]
    return engine


def run_cancellation(record: Record) -> None:
    engine = RealActivities()
    engine.instance_id = "t1.cancellation"
    order = Order(case_id="t1", request=record.request, reverses=record.progress)
    engine.run(reverse(TRIP)(engine, order))  # type: ignore[arg-type]


def on_record(records: Records) -> Record:
    found = asyncio.run(records.get("t1"))
    assert found is not None
    return found


def left(services: Services) -> dict[str, str]:
    """Return what the services have of the trip, mails apart."""
    return {k: v for k, v in services.states.items() if k in UNDONE}


@pytest.mark.parametrize("named", [False, True], ids=["searched for", "offers named"])
@pytest.mark.parametrize("offers", [["o1"], ["o2"], []], ids=["as before", "another", "none"])
def test_a_late_start_neither_books_nor_strips_a_confirmed_trip(
    record: Record, records: Records, services: Services, offers: list[str], named: bool
) -> None:
    if named:
        for part in ("flight", "hotel"):
            record.request[part] = record.request[part] | {"offerId": "o1"}
    run(record)
    before, mails = on_record(records), services.states.keys() - UNDONE.keys()
    services.offers = offers
    run(record)
    assert left(services) == BOOKED
    assert on_record(records) == before
    assert services.states.keys() - UNDONE.keys() == mails


def test_a_late_start_does_not_book_what_was_rejected(
    record: Record, records: Records, services: Services
) -> None:
    services.offers = []
    run(record)
    before = on_record(records)
    assert before.progress.status == "rejected"
    services.offers = ["o1"]
    run(record)
    assert left(services) == {}
    assert on_record(records) == before


def test_a_late_start_that_is_told_to_cancel_leaves_a_confirmed_trip_alone(
    record: Record, records: Records, services: Services
) -> None:
    run(record)
    run(record, events={"hold flight": ["cancel"]})
    assert left(services) == BOOKED
    assert on_record(records).progress.status == "confirmed"


@pytest.mark.parametrize("offers", [["o1"], ["o2"], []])
def test_a_late_start_of_a_trip_that_was_reopened_is_no_booking(
    record: Record, records: Records, services: Services, offers: list[str]
) -> None:
    run(record)
    reopened = asyncio.run(records.request_cancel("t1", NOW))
    assert reopened is not None
    services.offers = offers
    run(record)
    assert left(services) == BOOKED, "the cancellation has a workflow of its own"
    run_cancellation(reopened)
    assert left(services) == UNDONE
    told = on_record(records)
    assert told.progress.status == "cancelled"
    run_cancellation(reopened)
    assert on_record(records) == told


def test_a_run_that_does_not_know_of_the_broken_one_before_it_gives_the_money_back(
    record: Record, records: Records, services: Services
) -> None:
    """The start was late, and so came without word of the resume that is on record."""
    services.states = {"t1:flight": "held", "t1:hotel": "held", "t1:payment": "charged"}
    asyncio.run(records.take_up(record, record.progress, NOW, lost=False))
    services.offers = []
    run(record)
    assert left(services) == UNDONE
    assert on_record(records).progress.status == "rejected"
