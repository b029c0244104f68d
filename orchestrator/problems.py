"""Problem responses (RFC 9457) of the orchestrator."""

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem
from fastapi_problem.handler import (
    ExceptionHandler,
    add_exception_handler,
    new_exception_handler,
)
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.admission import Busy
from orchestrator.records import UnreadableRecord
from orchestrator.sidecar import CallFailed
from orchestrator.views import TripView

MAX_BODY_BYTES = 64 * 1024


class ProblemBody(BaseModel):
    """RFC 9457, with a ``reason`` code where a rule refused."""

    type: str
    title: str
    status: int
    detail: str | None = None
    reason: str | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that answers with these problems."""
    content = {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


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


def _busy(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    assert isinstance(exc, Busy)
    return Problem(
        title="Too many bookings",
        type_="busy",
        detail=str(exc),
        status=429,
        reason="busy",
        headers={"Retry-After": str(exc.retry_after)},
    )


def _unavailable(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    return Problem(
        title="Orchestrator unavailable",
        type_="unavailable",
        detail=f"Try again, with the same trip id: {exc}",
        status=503,
        headers={"Retry-After": "1"},
    )


def _unreadable(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    """Return a 503, no refusal: nobody here knows how the trip stands, but another replica may."""
    assert isinstance(exc, UnreadableRecord)
    return Problem(
        title="Unreadable record",
        type_="unreadable_record",
        detail=f"{exc}. Ask the release that wrote it; if that cannot either, mend the record.",
        status=503,
        reason="unreadable_record",
    )


def _invalid(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    """Name each bad field, without echoing input that may be megabytes long."""
    assert isinstance(exc, RequestValidationError)
    errors: list[dict[str, Any]] = [
        {
            "loc": [part if isinstance(part, int) else part[:64] for part in error["loc"]],
            "msg": error["msg"][:200],
            "type": error["type"],
        }
        for error in exc.errors()[:20]
    ]
    return Problem(
        title="Invalid request",
        type_="invalid_request",
        detail="; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors[:3]),
        status=422,
        reason="invalid_request",
        errors=errors,
    )


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of ``app`` an ``application/problem+json``, also a body that is too long."""
    handler = new_exception_handler(
        logger=logging.getLogger("orchestrator"),
        handlers={CallFailed: _unavailable, Busy: _busy, UnreadableRecord: _unreadable},
        request_validation_handler=_invalid,
    )
    add_exception_handler(app, handler)
    app.add_exception_handler(CallFailed, handler)
    app.add_exception_handler(Busy, handler)
    app.add_exception_handler(UnreadableRecord, handler)
    app.add_middleware(_BodyLimit)


class _BodyLimit:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                raise HTTPException(413, f"A request body has at most {MAX_BODY_BYTES} bytes.")
            return message

        await self._app(scope, bounded, send)
