"""What another release stored: read all the same, and not lost when it is written back."""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator import values
from orchestrator.request import TripRequest
from orchestrator.trip import TRIP
from sagas.core.progress import (
    Attention,
    Blocked,
    Entry,
    Fault,
    Halt,
    Milestone,
    Order,
    Progress,
    Wait,
)
from sagas.records import index
from sagas.records.record import Record, digest
from sagas.records.records import Records
from sagas.web.views import Views
from tests.support.later_release import UNKNOWN, with_more
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID
from tests.unit.test_trip_workflow import book

NOW = datetime(2024, 12, 1, tzinfo=UTC)
VIEWS = Views(TRIP)


def record(**facts: Any) -> Record:
    fault = Fault(number=1, reason="unavailable", detail="No.", started_at=NOW, ended_at=NOW)
    entry = Entry(step="charge", resource="p", faults=[fault], started_at=NOW, tried_at=NOW)
    blocked = Blocked(step="refund", resource="p", reason="unavailable", detail="No.")
    progress = Progress(
        status="needs_attention",
        halt=Halt(step="charge", reason="unavailable", detail="No."),
        waits=[Wait(signal="approval", since=NOW, until=NOW)],
        attention=Attention(since=NOW, blocked=[blocked]),
        entries=[entry],
        milestones=[Milestone(event="needs_attention", at=NOW)],
    )
    known = {"case_id": "t1", "digest": "d", "created_at": NOW, "progress": progress}
    return Record(request=VALID, owner="customer-123", **known | facts)


def records_of_later_release(**facts: Any) -> tuple[Records, MemoryStore]:
    """Return records with one trip, stored with a field more in the record and everything in it."""
    sidecar = MemoryStore()
    records = Records(sidecar, TRIP)  # type: ignore[arg-type]
    asyncio.run(records.accept(record(**facts)))
    sidecar.values["case:t1"] = with_more(sidecar.values["case:t1"])
    return records, sidecar


def test_a_record_with_fields_that_are_not_known_is_read_and_shown_without_them() -> None:
    records, _ = records_of_later_release()
    found = asyncio.run(records.get("t1"))
    assert found is not None
    assert UNKNOWN not in VIEWS.of(found).model_dump_json()
    assert UNKNOWN not in VIEWS.page([found], None).model_dump_json()
    assert VIEWS.of(found) == VIEWS.of(record())


def test_fields_that_are_not_known_are_still_there_once_a_cancellation_is_written() -> None:
    records, sidecar = records_of_later_release()
    before = deepcopy(sidecar.values["case:t1"])
    asyncio.run(records.request_cancel("t1", NOW))
    after = sidecar.values["case:t1"]
    assert after.pop("cancel_requested_at")
    assert after == before


def test_fields_of_the_record_that_are_not_known_are_still_there_once_it_is_kept() -> None:
    records, sidecar = records_of_later_release()
    before = deepcopy(sidecar.values["case:t1"])
    asyncio.run(records.keep("t1", Progress(status="needs_attention")))
    after = sidecar.values["case:t1"]
    for part in ("request", "terms", UNKNOWN):
        assert after[part] == before[part]


def test_fields_of_the_index_that_are_not_known_are_still_there_once_a_trip_was_added() -> None:
    _, sidecar = records_of_later_release()
    added = index.Item(case_id="t2", created_at=NOW)
    opened, [log] = index.open_key("t1"), index.logs_of("customer-123")
    stored = {key: with_more(sidecar.values[key]) for key in (opened, log)}
    stored[opened]["items"].pop(UNKNOWN)
    changed = index.with_case(stored, added)
    assert changed[opened]["items"].pop("t2") == changed[log]["items"].pop()
    assert changed[log]["unsettled"].pop() == "t2"
    assert changed == stored


def test_a_workflow_is_given_what_was_asked_of_a_later_release() -> None:
    order = Order(case_id="t1", request=VALID, terms={"approval_limit": 1})
    given = with_more(order.model_dump(mode="json", exclude_none=True))
    read = Order.model_validate(given)
    assert read.model_dump(mode="json", exclude_none=True) == given
    asked = TRIP.read(read.request)
    assert asked.flight.origin == "SFO"
    assert getattr(asked.flight, UNKNOWN) == "more"


def test_an_airport_that_is_gone_is_refused_at_the_door_and_read_in_what_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sidecar = MemoryStore()
    records = Records(sidecar, TRIP)  # type: ignore[arg-type]
    asyncio.run(records.accept(record()))
    monkeypatch.setattr(values, "_airports", lambda: frozenset({"JFK"}))
    with pytest.raises(ValidationError, match="SFO"):
        TripRequest.model_validate(VALID)
    found = asyncio.run(records.get("t1"))
    assert found is not None
    assert VIEWS.of(found).model_dump(by_alias=True)["request"]["flight"]["from"] == "SFO"
    assert TRIP.read(found.request).flight.origin == "SFO"


def test_what_is_stored_is_the_same_trip_as_what_was_asked() -> None:
    records = Records(MemoryStore(), TRIP)  # type: ignore[arg-type]
    asyncio.run(records.accept(record()))
    found = asyncio.run(records.get("t1"))
    assert found == record()
    assert found is not None
    assert digest(TRIP.read(found.request)) == digest(TripRequest.model_validate(VALID))


def test_a_decision_that_says_more_is_still_a_decision() -> None:
    said = with_more({"approved": True, "by": "bob"})
    _, kept = book({}, limit=499, waiting=[("approval", said)])
    assert kept.status == "confirmed"
