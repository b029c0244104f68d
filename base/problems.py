"""Problem responses (RFC 9457) that all apps give: for bad input, refusals and faults."""

import logging
from collections.abc import Callable, Mapping
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

ToProblem = Callable[[Any], Problem]


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


def answer_with_problems(
    app: FastAPI, logger: str, by_error: Mapping[type[Exception], ToProblem]
) -> None:
    """Make every error of ``app`` an ``application/problem+json``, those named as it is said."""
    handler = new_exception_handler(
        logger=logging.getLogger(logger),
        handlers={error: _handled(make) for error, make in by_error.items()},
        request_validation_handler=_invalid,
    )
    add_exception_handler(app, handler)
    for error in by_error:
        app.add_exception_handler(error, handler)


def _handled(make: ToProblem) -> Callable[[ExceptionHandler, Request, Exception], Problem]:
    return lambda _, __, error: make(error)


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
