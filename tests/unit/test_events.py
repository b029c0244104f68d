"""The live stream of a trip: every event once, whenever it is looked at and taken up again."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sagas.core.progress import Entry, Fault, Milestone, Progress, Result
from sagas.engine import viewers
from sagas.engine.viewers import Viewers
from sagas.records.audit import AuditEvent, trail
from sagas.records.record import Record
from sagas.web import stream as streaming
from tests.unit.test_trip_request import VALID

START = datetime(2024, 12, 1, tzinfo=UTC)
FAULTS_KEPT = 20

Sent = list[tuple[str, AuditEvent]]


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "_LOOK_SECONDS", 0)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def line(
    step: str,
    started: float,
    ended: float | None = None,
    faults: int = 0,
    result: Result = "done",
    compensation: bool = False,
) -> Entry:
    """Return a line of a step that failed once a second, the latest faults kept."""
    times = [(n, at(started + n)) for n in range(1, faults + 1)]
    failed = [
        Fault(number=n, reason="unavailable", detail="No.", started_at=when, ended_at=when)
        for n, when in times
    ]
    return Entry(
        step=step,
        resource="t1:flight",
        compensation=compensation,
        result="running" if ended is None else result,
        tries=faults if result == "failed" else faults + 1,
        faults=failed[-FAULTS_KEPT:],
        started_at=at(started),
        tried_at=at(started),
        ended_at=None if ended is None else at(ended),
    )


def look(*entries: Entry, ended: float | None = None, **facts: Any) -> Record:
    milestones = facts.pop("milestones", [])
    return Record(
        case_id="t1",
        digest="",
        request=VALID,
        owner="customer-123",
        created_at=at(0),
        ended_at=None if ended is None else at(ended),
        progress=Progress(
            status="running" if ended is None else "cancelled",
            entries=list(entries),
            milestones=milestones,
        ),
        **facts,
    )


class Looking:
    """Trips of which one is found otherwise at each look."""

    def __init__(self, looks: Iterable[Record]) -> None:
        self._looks = iter(looks)

    async def get(self, _: str) -> Record:
        return next(self._looks)


def stream(looks: list[Record], last_event_id: str = "", count: int = 10**6) -> Sent:
    """Return what is sent, of a stream that is broken off after ``count`` events."""

    async def received() -> Sent:
        found: Sent = []
        watching = Viewers(Looking(looks[1:]), 1)  # type: ignore[arg-type]
        events = streaming.events("trip", looks[0], watching, last_event_id)
        async for sent in events:
            found.append((str(sent.id), AuditEvent.model_validate_json(str(sent.raw_data))))
            if len(found) == count:
                break
        return found

    return asyncio.run(received())


def told(sent: Sent) -> list[tuple[str, str | None, int | None]]:
    return [(event.event, event.step, event.attempt) for _, event in sent]


def shown(events: Iterable[AuditEvent]) -> list[str]:
    return sorted(event.model_dump_json(exclude_none=True) for event in events)


def late() -> list[Record]:
    """Return looks at a trip that is cancelled; each time something earlier comes to be known."""
    flight, hotel = line("hold flight", 1, 3), line("hold hotel", 1, 2)
    stopped: dict[str, Any] = {"cancel_requested_at": at(2.5)}
    undone = line("cancel flight", 4, 5, compensation=True)
    return [
        look(line("hold flight", 1), line("hold hotel", 1)),
        look(line("hold flight", 1), line("hold hotel", 1), **stopped),
        look(flight, line("hold hotel", 1), **stopped),
        look(flight, hotel, line("cancel flight", 4, compensation=True), **stopped),
        look(flight, hotel, undone, ended=3.5, **stopped),
    ]


def faulty() -> list[Record]:
    """Return looks at an undo that fails more often than its record keeps, and then again."""

    def undo(begins: float, faults: int, ended: float | None = None, **facts: Any) -> Entry:
        return line("refund", begins, ended, faults, compensation=True, **facts)

    failed = undo(1, 30, 31, result="failed")
    parked = Milestone(event="needs_attention", at=at(31))
    resumed = Milestone(event="resumed", at=at(40))
    return [
        look(undo(1, 18)),
        look(undo(1, 25)),
        look(failed, milestones=[parked]),
        look(failed, undo(40, 2), milestones=[parked, resumed]),
        look(failed, undo(40, 2, 43), milestones=[parked, resumed], ended=44),
    ]


def everything(looks: list[Record]) -> list[str]:
    return sorted({event for each in looks for event in shown(trail(each, "trip"))})


@pytest.mark.parametrize("looks", [late(), faulty()], ids=["late", "faulty"])
def test_every_event_is_sent_once_in_whatever_order_it_comes_to_be_known(
    looks: list[Record],
) -> None:
    assert shown(event for _, event in stream(looks)) == everything(looks)


@pytest.mark.parametrize("looks", [late(), faulty()], ids=["late", "faulty"])
def test_a_stream_that_broke_is_taken_up_after_any_event_without_losing_or_repeating_one(
    looks: list[Record],
) -> None:
    whole = stream(looks)
    for count in range(1, len(whole) + 1):
        before = stream(looks, count=count)
        for missed in range(len(looks)):
            after = stream(looks[missed:], last_event_id=before[-1][0])
            seen = shown(event for _, event in [*before, *after])
            assert len(seen) == len(set(seen))
            assert set(seen) >= set(shown(trail(looks[-1], "trip")))


def test_faults_that_the_record_has_dropped_cost_no_other_event() -> None:
    looks = faulty()
    fault_numbers = [
        n for event, _, n in told(stream([looks[0], *looks[2:]])) if event == "try_failed"
    ]
    assert fault_numbers == [*range(1, 31), 1, 2]
    fault_numbers = [n for event, _, n in told(stream(looks[2:])) if event == "try_failed"]
    assert fault_numbers == [*range(11, 31), 1, 2]


def test_a_listener_to_a_confirmed_trip_hears_only_its_cancellation_when_it_asks_again() -> None:
    booked = line("charge", 1, 2)
    confirmed = look(booked, ended=3)
    confirmed.progress.status = "confirmed"
    undone = look(
        booked,
        line("refund", 10, 11, compensation=True),
        milestones=[Milestone(event="confirmed", at=at(2))],
        cancel_requested_at=at(9),
        ended=12,
    )
    before = stream([confirmed])
    assert told(before)[-1] == ("ended", None, None)
    assert told(stream([undone], last_event_id=before[-1][0])) == [
        ("confirmed", None, None),
        ("cancel_requested", None, None),
        ("step_started", "refund", None),
        ("step_done", "refund", 1),
        ("ended", None, None),
    ]


def test_a_workflow_that_began_anew_is_told_from_its_beginning() -> None:
    broke, anew = line("charge", 1), line("charge", 20, 21)
    sent = stream([look(broke), look(anew, ended=22)])
    assert told(sent)[1:3] == [("step_started", "charge", None), ("step_started", "charge", None)]


def test_a_clock_that_is_behind_puts_no_end_before_its_start() -> None:
    closed_by_another_clock = line("send confirmation", 5, 4)
    assert told(stream([look(closed_by_another_clock, ended=6)])) == [
        ("accepted", None, None),
        ("step_started", "send confirmation", None),
        ("step_done", "send confirmation", 1),
        ("ended", None, None),
    ]


@pytest.mark.parametrize("unknown", ["7", "0", "-1", "é", "x" * 10_000, "00000000.0", ",", "a.b"])
def test_after_an_event_that_is_not_known_everything_is_told(unknown: str) -> None:
    looks = late()
    assert told(stream(looks[-1:], last_event_id=unknown)) == told(stream(looks[-1:]))
