"""What another release stored: read all the same, and not lost when it is written back."""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator import models, trip_index
from orchestrator.models import (
    Approval,
    Attention,
    Blocked,
    Halt,
    Milestone,
    Progress,
    TripOrder,
    TripRecord,
    TripRequest,
)
from orchestrator.records import TripRecords
from orchestrator.saga import Entry, Fault
from orchestrator.views import trip_summary, trip_view
from tests.support.later_release import UNKNOWN, with_more
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID
from tests.unit.test_trip_workflow import book

NOW = datetime(2024, 12, 1, tzinfo=UTC)


def record(**facts: Any) -> TripRecord:
    fault = Fault(number=1, reason="unavailable", detail="No.", started_at=NOW, ended_at=NOW)
    entry = Entry(step="charge", resource="p", faults=[fault], started_at=NOW, tried_at=NOW)
    blocked = Blocked(step="refund", resource="p", reason="unavailable", detail="No.")
    progress = Progress(
        status="needs_attention",
        halt=Halt(step="charge", reason="unavailable", detail="No."),
        approval=Approval(limit=1, asked_at=NOW, deadline=NOW),
        attention=Attention(since=NOW, blocked=[blocked]),
        entries=[entry],
        milestones=[Milestone(event="needs_attention", at=NOW)],
    )
    known = {"trip_id": "t1", "digest": "d", "created_at": NOW, "progress": progress}
    return TripRecord(request=TripRequest.model_validate(VALID), **known | facts)


def records_of_later_release(**facts: Any) -> tuple[TripRecords, MemoryStore]:
    """Return records with one trip, stored with a field more in the record and everything in it."""
    sidecar = MemoryStore()
    records = TripRecords(sidecar)  # type: ignore[arg-type]
    asyncio.run(records.accept(record(**facts)))
    sidecar.values["trip:t1"] = with_more(sidecar.values["trip:t1"])
    return records, sidecar


def test_a_record_with_fields_that_are_not_known_is_read_and_shown_without_them() -> None:
    records, _ = records_of_later_release()
    found = asyncio.run(records.get("t1"))
    assert found is not None
    assert UNKNOWN not in trip_view(found).model_dump_json()
    assert UNKNOWN not in trip_summary(found).model_dump_json()
    assert trip_view(found) == trip_view(record())


def test_fields_that_are_not_known_are_still_there_once_a_cancellation_is_written() -> None:
    records, sidecar = records_of_later_release()
    before = deepcopy(sidecar.values["trip:t1"])
    asyncio.run(records.request_cancel("t1", NOW))
    after = sidecar.values["trip:t1"]
    assert after.pop("cancel_requested_at")
    assert after == before


def test_fields_of_the_record_that_are_not_known_are_still_there_once_it_is_kept() -> None:
    records, sidecar = records_of_later_release()
    before = deepcopy(sidecar.values["trip:t1"])
    asyncio.run(records.keep("t1", Progress(status="needs_attention")))
    after = sidecar.values["trip:t1"]
    for part in ("request", "terms", UNKNOWN):
        assert after[part] == before[part]


def test_fields_of_the_index_that_are_not_known_are_still_there_once_a_trip_was_added() -> None:
    _, sidecar = records_of_later_release()
    added = trip_index.Item(trip_id="t2", created_at=NOW)
    opened, [log] = trip_index.open_key("t1"), trip_index.logs_of("customer-123")
    stored = {key: with_more(sidecar.values[key]) for key in (opened, log)}
    stored[opened]["items"].pop(UNKNOWN)
    changed = trip_index.with_trip(stored, added)
    assert changed[opened]["items"].pop("t2") == changed[log]["items"].pop()
    assert changed == stored


def test_a_workflow_is_given_what_was_asked_of_a_later_release() -> None:
    order = TripOrder(trip_id="t1", request=record().request)
    given = with_more(order.model_dump(mode="json"))
    assert TripOrder.model_validate(given).model_dump(mode="json", exclude_none=True) == {
        **given,
        "request": with_more(order.request.model_dump(mode="json", exclude_none=True)),
        "terms": with_more(order.terms.model_dump(mode="json", exclude_none=True)),
    }


def test_an_airport_that_is_gone_is_refused_at_the_door_and_read_in_what_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sidecar = MemoryStore()
    records = TripRecords(sidecar)  # type: ignore[arg-type]
    asyncio.run(records.accept(record()))
    monkeypatch.setattr(models, "_airports", lambda: frozenset({"JFK"}))
    with pytest.raises(ValidationError, match="SFO"):
        TripRequest.model_validate(VALID)
    found = asyncio.run(records.get("t1"))
    assert found is not None
    assert trip_view(found).request.flight.origin == "SFO"
    given = TripOrder(trip_id="t1", request=found.request).model_dump(mode="json")
    assert TripOrder.model_validate(given).request == found.request


def test_what_is_stored_is_the_same_trip_as_what_was_asked() -> None:
    records = TripRecords(MemoryStore())  # type: ignore[arg-type]
    asyncio.run(records.accept(record()))
    found = asyncio.run(records.get("t1"))
    assert found == record()
    assert found is not None
    assert found.request.digest() == TripRequest.model_validate(VALID).digest()


def test_a_decision_that_says_more_is_still_a_decision() -> None:
    said = with_more({"approved": True, "by": "bob"})
    _, kept = book({}, limit=499, waiting=[("approval", said)])
    assert kept.status == "confirmed"
