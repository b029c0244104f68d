"""Problem responses (RFC 9457) for refusals, bad input and faults."""

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
from starlette.requests import Request

from services.kit.refusals import Refusal
from services.kit.state import StateConflict, StateUnavailable

_STATUS = {
    "card_declined": 402,
    "insufficient_funds": 402,
    "unknown_reservation": 404,
    "unknown_charge": 404,
    "unknown_notification": 404,
    "unknown_airport": 422,
    "unknown_city": 422,
    "unknown_offer": 422,
    "unknown_payment_method": 422,
    "same_airport": 422,
    "invalid_stay": 422,
}
_REFUSED = 409


def problem_for(refusal: Refusal) -> Problem:
    """Return the problem for a refusal: its own status, or 409 Conflict."""
    return Problem(
        title=refusal.reason.replace("_", " ").capitalize(),
        type_=refusal.reason,
        detail=refusal.detail,
        status=_STATUS.get(refusal.reason, _REFUSED),
        reason=refusal.reason,
    )


class ProblemBody(BaseModel):
    """RFC 9457, with a ``reason`` code where a rule refused."""

    type: str
    title: str
    status: int
    detail: str | None = None
    reason: str | None = None


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that refuses with these statuses."""
    content = {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}
    return {status: {"description": "Refused", "content": content} for status in statuses}


def _refused(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    assert isinstance(exc, Refusal)
    return problem_for(exc)


def _unavailable(_: ExceptionHandler, __: Request, exc: Exception) -> Problem:
    return Problem(
        title="State store unavailable",
        type_="store_unavailable",
        detail=str(exc),
        status=503,
        headers={"Retry-After": "1"},
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
    """Make every error of ``app`` an ``application/problem+json``."""
    handler = new_exception_handler(
        logger=logging.getLogger("service"),
        handlers={
            Refusal: _refused,
            StateConflict: _unavailable,
            StateUnavailable: _unavailable,
        },
        request_validation_handler=_invalid,
    )
    add_exception_handler(app, handler)
    for kind in (Refusal, StateConflict, StateUnavailable):
        app.add_exception_handler(kind, handler)
