"""The audit trail of a case: everything that happened, in order, read from its record."""

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from base.wire import Timestamp, Wire
from sagas.core.progress import Entry, Fault
from sagas.records.record import Record


class AuditEvent(Wire):
    """One thing that happened to a case.

    ``event`` is ``accepted``, ``step_started``, ``try_failed``, ``step_done``, ``step_refused``,
    ``step_failed``, ``cancel_requested``, ``needs_attention``, ``resumed``, ``late_signal``,
    ``ended``, or the kind's word for success if the case was cancelled after that; and
    ``resume_requested`` and ``signal_sent`` where people are asked who they are: then ``by`` names
    who asked.
    ``attempt`` counts the tries of a step from 1; of a step that ended it is how many it took.
    ``compensation`` marks what undoes an earlier step. ``reason`` and ``detail`` say why.
    """

    at: Timestamp
    event: str
    step: str | None = None
    resource: str | None = None
    compensation: bool | None = None
    attempt: int | None = None
    reason: str | None = None
    detail: str | None = None
    by: str | None = None


def trail(record: Record, noun: str) -> list[AuditEvent]:
    """Return what happened to the case, oldest first.

    Times of steps are those of the workflow's turns: when it called, and when it took the answer.
    """
    return [event for _, _, event in _in_order(record, noun)]


class Told:
    """Which events of a case a listener has been told.

    Events belong to lines: a step that was entered, or something that happened once to the whole
    case. Those of one line come to be known in order, but those of two may not: so what was told is
    the latest of each line. ``id`` says that in text, for a listener to go on from.
    """

    def __init__(self, noun: str, last_event_id: str = "") -> None:
        """Take up where an ``id`` was given; after what is none, everything is news."""
        self._noun = noun
        known = last_event_id.split(",") if _ID.fullmatch(last_event_id) else []
        self._latest = {line: int(number) for line, _, number in (k.partition(".") for k in known)}

    @property
    def id(self) -> str:
        return ",".join(f"{line}.{number}" for line, number in sorted(self._latest.items()))

    def news(self, record: Record) -> Iterator[AuditEvent]:
        """Tell what was not told yet, oldest first."""
        for line, number, event in _in_order(record, self._noun):
            if number > self._latest.get(line, -1):
                self._latest[line] = number
                yield event


_ID = re.compile(r"[0-9a-f]{8}\.\d{1,9}(,[0-9a-f]{8}\.\d{1,9}){0,4999}", re.ASCII)


class _Event(NamedTuple):
    """An event, and what it is: which one on which line, wherever it stands in the record."""

    line: str
    number: int
    told: AuditEvent


def _in_order(record: Record, noun: str) -> list[_Event]:
    """Return the events oldest first. Whatever clocks say, those of one line are in their order, a
    case is accepted before all else, and nothing comes after its end."""
    timed: list[tuple[int, datetime, _Event]] = []
    for line in _lines(record, noun):
        times = accumulate((event.told.at for event in line), max)
        timed += ((_RANKS.get(e.told.event, 0), at, e) for at, e in zip(times, line, strict=True))
    return [event for _, _, event in sorted(timed, key=lambda one: one[:2])]


_RANKS = {"accepted": -1, "ended": 1}


def _lines(record: Record, noun: str) -> Iterator[list[_Event]]:
    yield _once(AuditEvent(at=record.created_at, event="accepted", by=record.begun_by))
    for entry in record.progress.entries:
        yield list(_of_step(entry))
    for milestone in record.progress.milestones:
        event = AuditEvent(
            at=milestone.at, event=milestone.event, detail=milestone.detail, by=milestone.by
        )
        yield _once(event)
    if record.cancel_requested_at:
        asked, by = record.cancel_requested_at, record.cancelled_by
        yield _once(AuditEvent(at=asked, event="cancel_requested", by=by))
    if record.ended_at:
        yield _once(_end(record, noun, record.ended_at))


def _once(event: AuditEvent) -> list[_Event]:
    return [_Event(_line_id(event.event, event.at), 0, event)]


def _of_step(entry: Entry) -> Iterator[_Event]:
    """The start has number 0, each fault that of its try, the end one more than there were tries.

    The same step may be entered again, but not at the same time.
    """
    line = _line_id(f"{entry.step} {entry.resource}", entry.started_at)
    yield _Event(line, 0, _told(entry, "step_started", entry.started_at))
    for fault in entry.faults:
        failed = _told(entry, "try_failed", fault.ended_at, fault.number, fault)
        yield _Event(line, fault.number, failed)
    if entry.ended_at:
        ended = _told(entry, _ENDINGS[entry.result], entry.ended_at, entry.tries, entry)
        yield _Event(line, entry.tries + 1, ended)


def _line_id(what: str, begun: datetime) -> str:
    return sha256(f"{what} {begun.timestamp():.6f}".encode()).hexdigest()[:8]


_ENDINGS: dict[str, str] = {
    "done": "step_done",
    "refused": "step_refused",
    "failed": "step_failed",
}


def _told(
    entry: Entry,
    event: str,
    at: datetime,
    attempt: int | None = None,
    why: Entry | Fault | None = None,
) -> AuditEvent:
    return AuditEvent(
        at=at,
        event=event,
        step=entry.step,
        resource=entry.resource or None,
        compensation=entry.compensation,
        attempt=attempt,
        reason=why.reason if why else None,
        detail=why.detail if why else None,
    )


def _end(record: Record, noun: str, at: datetime) -> AuditEvent:
    progress = record.progress
    return AuditEvent(
        at=at,
        event="ended",
        reason=progress.halt.reason if progress.halt else None,
        detail=f"The {noun} is {progress.status}.",
    )
