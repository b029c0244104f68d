"""The audit trail, read from a trip's record."""

from datetime import UTC, datetime, timedelta

from sagas.core.progress import Entry, Fault, Halt, Milestone, Progress
from sagas.records.audit import trail
from sagas.records.record import Record
from tests.unit.test_trip_request import VALID

START = datetime(2024, 12, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def record() -> Record:
    lost = Fault(number=1, reason="unavailable", detail="No.", started_at=at(1), ended_at=at(2))
    refused = Entry(
        step="charge",
        resource="t1:payment",
        result="refused",
        reason="card_declined",
        tries=2,
        faults=[lost],
        started_at=at(1),
        tried_at=at(3),
        ended_at=at(4),
    )
    undo = Entry(
        step="refund",
        resource="t1:payment",
        compensation=True,
        result="done",
        started_at=at(4),
        tried_at=at(4),
        ended_at=at(5),
    )
    progress = Progress(
        status="rejected",
        halt=Halt(step="charge", reason="card_declined", detail="Declined."),
        entries=[refused, undo],
        milestones=[Milestone(event="resumed", at=at(4.5))],
    )
    return Record(
        case_id="t1",
        digest="",
        request=VALID,
        owner="customer-123",
        created_at=at(0),
        cancel_requested_at=at(3.5),
        ended_at=at(5),
        progress=progress,
    )


def test_every_try_refusal_and_compensation_is_told_in_order() -> None:
    told = [
        (event.event, event.step, event.attempt, event.reason) for event in trail(record(), "trip")
    ]
    assert told == [
        ("accepted", None, None, None),
        ("step_started", "charge", None, None),
        ("try_failed", "charge", 1, "unavailable"),
        ("cancel_requested", None, None, None),
        ("step_refused", "charge", 2, "card_declined"),
        ("step_started", "refund", None, None),
        ("resumed", None, None, None),
        ("step_done", "refund", 1, None),
        ("ended", None, None, "card_declined"),
    ]


def test_what_undoes_is_marked() -> None:
    assert {e.step: e.compensation for e in trail(record(), "trip") if e.step} == {
        "charge": False,
        "refund": True,
    }


def test_a_running_trip_has_no_end_yet() -> None:
    running = record()
    running.progress.status, running.ended_at = "running", None
    assert [event.event for event in trail(running, "trip")][-1] != "ended"


def test_clocks_that_differ_put_nothing_before_the_beginning_or_after_the_end() -> None:
    skewed = record()
    skewed.created_at, skewed.ended_at = at(2), at(3)
    told = [event.event for event in trail(skewed, "trip")]
    assert (told[0], told[-1]) == ("accepted", "ended")
