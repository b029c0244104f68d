"""A trip as the API shows it."""

from typing import Any

from base.wire import Timestamp, Wire
from orchestrator.listing import Listed
from orchestrator.models import StoredRequest, TripRecord, TripStatus
from orchestrator.saga import Entry, Result


class StepView(Wire):
    """One step or compensation of the saga; ``attempts`` is how often it was tried so far."""

    step: str
    resource: str | None = None
    result: Result
    attempts: int
    reason: str | None = None
    detail: str | None = None
    started_at: Timestamp
    ended_at: Timestamp | None = None


class HaltView(Wire):
    """Why a trip is not, or not yet, confirmed."""

    step: str
    reason: str
    detail: str


class ApprovalView(Wire):
    """What the trip waits for, or waited for, as its total is above ``limit`` (minor units)."""

    limit: int
    asked_at: Timestamp
    deadline: Timestamp
    approved: bool | None = None
    by: str | None = None


class BlockedView(Wire):
    """A step that could not be completed, and why: an undo, or a mail."""

    step: str
    resource: str
    reason: str
    detail: str


class AttentionView(Wire):
    """What has to be mended before the trip can be resumed."""

    since: Timestamp
    blocked: list[BlockedView]


class TripSummary(Wire):
    """A trip in a list."""

    trip_id: str
    status: TripStatus
    step: str | None = None
    customer_id: str
    total: dict[str, Any] | None = None
    halt: HaltView | None = None
    attention: AttentionView | None = None
    created_at: Timestamp
    ended_at: Timestamp | None = None


class TripList(Wire):
    """A page of trips, newest first. While there is a ``next``, there may be more: a page that
    is filtered can be short, or empty."""

    trips: list[TripSummary]
    next: str | None = None


class TripView(TripSummary):
    """A trip: how far it has come, or how it ended.

    ``flight``, ``hotel`` and ``charge`` are as their services last showed them; ``total`` is in
    minor units.
    """

    customer_email: str
    request: StoredRequest
    flight: dict[str, Any] | None = None
    hotel: dict[str, Any] | None = None
    charge: dict[str, Any] | None = None
    approval: ApprovalView | None = None
    cancel_requested_at: Timestamp | None = None
    trace_id: str | None = None
    steps: list[StepView]
    compensations: list[StepView]


def trip_view(record: TripRecord) -> TripView:
    """Return the view of a record."""
    progress = record.progress
    return TripView(
        **_summary(record),
        customer_email=record.request.customer_email,
        request=_as(StoredRequest, record.request),
        flight=progress.flight,
        hotel=progress.hotel,
        charge=progress.charge,
        approval=_as(ApprovalView, progress.approval),
        cancel_requested_at=record.cancel_requested_at,
        trace_id=record.trace_id,
        steps=[_step(entry) for entry in progress.entries if not entry.compensation],
        compensations=[_step(entry) for entry in progress.entries if entry.compensation],
    )


def trip_summary(record: Listed) -> TripSummary:
    """Return what a list shows of a trip."""
    return TripSummary(**_summary(record))


def _summary(record: Listed) -> dict[str, Any]:
    progress = record.progress
    return {
        "trip_id": record.trip_id,
        "status": progress.status,
        "step": progress.step,
        "customer_id": record.customer_id,
        "total": progress.total,
        "halt": _as(HaltView, progress.halt),
        "attention": _as(AttentionView, progress.attention),
        "created_at": record.created_at,
        "ended_at": record.ended_at,
    }


def _as(view: type[Wire], value: Any) -> Any:
    return None if value is None else view.model_validate(value.model_dump(), extra="ignore")


def _step(entry: Entry) -> StepView:
    return StepView(
        step=entry.step,
        resource=entry.resource or None,
        result=entry.result,
        attempts=entry.tries,
        reason=entry.reason,
        detail=entry.detail,
        started_at=entry.started_at,
        ended_at=entry.ended_at,
    )
