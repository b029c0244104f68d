"""The audit trail of a trip: everything that happened, in order, read from its record."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from orchestrator.models import TripRecord
from orchestrator.saga import Entry
from orchestrator.wire import Timestamp, Wire

Event = Literal[
    "accepted",
    "step_started",
    "try_failed",
    "step_done",
    "step_refused",
    "step_failed",
    "cancel_requested",
    "confirmed",
    "needs_attention",
    "resumed",
    "ended",
]


class AuditEvent(Wire):
    """One thing that happened to a trip.

    ``attempt`` counts the tries of a step from 1; of a step that ended it is how many it took.
    ``compensation`` marks what undoes an earlier step. ``reason`` and ``detail`` say why.
    """

    at: Timestamp
    event: Event
    step: str | None = None
    resource: str | None = None
    compensation: bool | None = None
    attempt: int | None = None
    reason: str | None = None
    detail: str | None = None


def trail(record: TripRecord) -> list[AuditEvent]:
    """Return what happened to the trip, oldest first.

    Times of steps are those of the workflow's turns: when it called, and when it took the answer.
    """
    return sorted(_events(record), key=lambda event: event.at)


def _events(record: TripRecord) -> Iterator[AuditEvent]:
    yield AuditEvent(at=record.created_at, event="accepted")
    for entry in record.progress.entries:
        yield from _of_step(entry)
    for milestone in record.progress.milestones:
        yield AuditEvent(at=milestone.at, event=milestone.event, detail=milestone.detail)
    if record.cancel_requested_at:
        yield AuditEvent(at=record.cancel_requested_at, event="cancel_requested")
    if record.ended_at:
        yield _end(record, record.ended_at)


def _of_step(entry: Entry) -> Iterator[AuditEvent]:
    yield _line(entry, "step_started", entry.started_at)
    for fault in entry.faults:
        failed = _line(entry, "try_failed", fault.ended_at, fault.number)
        yield failed.model_copy(update={"reason": fault.reason, "detail": fault.detail})
    if entry.ended_at:
        ended: Event = _ENDINGS[entry.result]
        line = _line(entry, ended, entry.ended_at, entry.tries)
        yield line.model_copy(update={"reason": entry.reason, "detail": entry.detail})


_ENDINGS: dict[str, Event] = {
    "done": "step_done",
    "refused": "step_refused",
    "failed": "step_failed",
}


def _line(entry: Entry, event: Event, at: datetime, attempt: int | None = None) -> AuditEvent:
    return AuditEvent(
        at=at,
        event=event,
        step=entry.step,
        resource=entry.resource or None,
        compensation=entry.compensation,
        attempt=attempt,
    )


def _end(record: TripRecord, at: datetime) -> AuditEvent:
    progress = record.progress
    return AuditEvent(
        at=at,
        event="ended",
        reason=progress.halt.reason if progress.halt else None,
        detail=f"The trip is {progress.status}.",
    )
