"""A trip as the API shows it."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from orchestrator.models import Halt, TripRecord, TripRequest, TripStatus, Wire
from orchestrator.saga import Entry, Result

Timestamp = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ),
    Field(description="ISO 8601 in UTC."),
]


class StepView(Wire):
    """One step or compensation of the saga."""

    step: str
    resource: str | None = None
    result: Result
    reason: str | None = None
    detail: str | None = None
    started_at: Timestamp
    ended_at: Timestamp | None = None


class HaltView(Wire):
    """Why a trip is not, or not yet, confirmed."""

    step: str
    reason: str
    detail: str


class TripView(Wire):
    """A trip: how far it has come, or how it ended.

    ``flight``, ``hotel`` and ``charge`` are as their services last showed them; ``total`` is in
    minor units.
    """

    trip_id: str
    status: TripStatus
    step: str | None = None
    customer_id: str
    customer_email: str
    request: TripRequest
    flight: dict[str, Any] | None = None
    hotel: dict[str, Any] | None = None
    charge: dict[str, Any] | None = None
    total: dict[str, Any] | None = None
    halt: HaltView | None = None
    steps: list[StepView]
    compensations: list[StepView]
    created_at: Timestamp
    ended_at: Timestamp | None = None


def trip_view(record: TripRecord) -> TripView:
    """Return the view of a record."""
    progress = record.progress
    return TripView(
        trip_id=record.trip_id,
        status=progress.status,
        step=progress.step,
        customer_id=record.request.customer_id,
        customer_email=record.request.customer_email,
        request=record.request,
        flight=progress.flight,
        hotel=progress.hotel,
        charge=progress.charge,
        total=progress.total,
        halt=_halt(progress.halt),
        steps=[_step(entry) for entry in progress.entries if not entry.compensation],
        compensations=[_step(entry) for entry in progress.entries if entry.compensation],
        created_at=record.created_at,
        ended_at=record.ended_at,
    )


def _halt(halt: Halt | None) -> HaltView | None:
    return None if halt is None else HaltView(**halt.model_dump())


def _step(entry: Entry) -> StepView:
    shown = entry.model_dump(exclude={"compensation", "resource"})
    return StepView(**shown, resource=entry.resource or None)
