"""Problem responses (RFC 9457) of the orchestrator."""

from fastapi import FastAPI
from fastapi_problem.error import Problem

from base.errors import Unavailable
from base.problems import answer_with_problems
from orchestrator.admission import Busy
from orchestrator.records import UnreadableRecord
from orchestrator.views import TripView


def unknown_trip(trip_id: str) -> Problem:
    """Return a 404 for a trip nobody booked."""
    return Problem(
        title="Unknown trip",
        type_="unknown_trip",
        detail=f"There is no trip {trip_id}.",
        status=404,
        reason="unknown_trip",
    )


def other_request(trip_id: str) -> Problem:
    """Return a 409 for an id that another booking has taken."""
    return Problem(
        title="Trip id is taken",
        type_="idempotency_conflict",
        detail=f"{trip_id} was booked with another request; choose another id.",
        status=409,
        reason="idempotency_conflict",
    )


def bad_cursor() -> Problem:
    """Return a 422 for a cursor that no page of this question gave."""
    return Problem(
        title="Invalid cursor",
        type_="invalid_cursor",
        detail="Give the `next` of the page before, with the same question.",
        status=422,
        reason="invalid_cursor",
    )


def not_now(reason: str, detail: str) -> Problem:
    """Return a 409 for what the trip's state does not allow."""
    return Problem(title="Not now", type_=reason, detail=detail, status=409, reason=reason)


def not_booked(trip: TripView) -> Problem:
    """Return a 409 that says which step ended the trip, why, and what was undone."""
    shown = trip.model_dump(mode="json", by_alias=True, exclude_none=True)
    halt = trip.halt
    return Problem(
        title=f"Trip {trip.status}",
        type_=f"trip_{trip.status}",
        detail=f"{halt.step}: {halt.detail}" if halt else f"The trip is {trip.status}.",
        status=409,
        step=halt.step if halt else None,
        reason=halt.reason if halt else trip.status,
        compensations=shown["compensations"],
        trip=shown,
    )


def _busy(busy: Busy) -> Problem:
    return Problem(
        title="Too many bookings",
        type_="busy",
        detail=str(busy),
        status=429,
        reason="busy",
        headers={"Retry-After": str(busy.retry_after)},
    )


def _unavailable(fault: Unavailable) -> Problem:
    return Problem(
        title="Orchestrator unavailable",
        type_="unavailable",
        detail=f"Try again, with the same trip id: {fault}",
        status=503,
        headers={"Retry-After": "1"},
    )


def _unreadable(record: UnreadableRecord) -> Problem:
    """Return a 503, no refusal: nobody here knows how the trip stands, but another replica may."""
    return Problem(
        title="Unreadable record",
        type_="unreadable_record",
        detail=f"{record}. Ask the release that wrote it; if that cannot either, mend the record.",
        status=503,
        reason="unreadable_record",
    )


def answer_as_orchestrator(app: FastAPI) -> None:
    """Make every error of ``app`` a problem."""
    answer_with_problems(
        app,
        "orchestrator",
        {Busy: _busy, Unavailable: _unavailable, UnreadableRecord: _unreadable},
    )
