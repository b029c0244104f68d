"""Problem responses of participants: what a rule refuses, and a store that does not answer."""

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi_problem.error import Problem

from base.errors import Refusal, Unavailable
from base.problems import answer_with_problems

_REFUSED = 409

Statuses = Mapping[str, int]
"""The HTTP status of refusals, by their reason; that of others is 409 Conflict."""


def problem_for(refusal: Refusal, statuses: Statuses) -> Problem:
    """Return the problem for a refusal."""
    return Problem(
        title=refusal.reason.replace("_", " ").capitalize(),
        type_=refusal.reason,
        detail=refusal.detail,
        status=statuses.get(refusal.reason, _REFUSED),
        reason=refusal.reason,
        **refusal.more,
    )


def _unavailable(fault: Unavailable) -> Problem:
    return Problem(
        title="State store unavailable",
        type_="store_unavailable",
        detail=str(fault),
        status=503,
        headers={"Retry-After": "1"},
    )


def answer_as_participant(app: FastAPI, statuses: Statuses) -> None:
    """Make every error of ``app`` a problem."""
    answer_with_problems(
        app,
        "service",
        {Refusal: lambda no: problem_for(no, statuses), Unavailable: _unavailable},
    )
