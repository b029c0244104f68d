"""Calls that are made together in one activity, each with an outcome of its own.

Every activity costs the engine two turns and two jobs, so steps that run side by side share one.
An answer is a value or a refusal; what is raised is a fault, and only faults are tried again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from pydantic import BaseModel

from base.errors import ProjectError

UNAVAILABLE, CIRCUIT_OPEN = "unavailable", "circuit_open"
DETAIL_LENGTH = 300  # of what is kept in histories and records

_log = logging.getLogger("sagas")
_tracer = trace.get_tracer(__name__)


class CircuitOpen(ProjectError):
    """A circuit breaker kept the call back: trying again at once is no use."""


class Refused(BaseModel):
    """A participant's no. It is an answer, not a fault: it is never retried."""

    reason: str
    detail: str


class Answer(BaseModel):
    """What a call returns: a value, or a refusal."""

    value: dict[str, Any] = {}
    refusal: Refused | None = None


class Call(BaseModel):
    """A call for ``step``: the id of what it acts on, and the body to send.

    One that comes ``last`` is made only once all others are done. ``by``: the id of the workflow
    that makes it, where that has to be the one that counts.
    """

    step: str
    id: str = ""
    body: dict[str, Any] = {}
    last: bool = False
    by: str | None = None


class Calls(BaseModel):
    """What an activity is given, and in a secure system the seal of the workflow that asks."""

    calls: list[Call]
    seal: str = ""


class Failure(BaseModel):
    """Why a call has no answer."""

    reason: str
    detail: str


class Outcome(BaseModel):
    """What one call came to, and when (UTC): an answer or a failure; neither if it was not made."""

    answer: Answer | None = None
    failure: Failure | None = None
    at: datetime

    @property
    def done(self) -> bool:
        return self.answer is not None and self.answer.refusal is None


class Outcomes(BaseModel):
    """What an activity returns: an outcome for each call, in the same order."""

    outcomes: list[Outcome]


Made = Callable[[Call], Awaitable[Answer]]


async def settle(calls: Calls, make: Made) -> Outcomes:
    """Make the calls side by side, then the last one."""
    first = [call for call in calls.calls if not call.last]
    outcomes = list(await asyncio.gather(*(_made(call, make) for call in first)))
    for call in calls.calls[len(first) :]:
        go_on = all(outcome.done for outcome in outcomes)
        outcomes.append(await _made(call, make) if go_on else Outcome(at=_now()))
    return Outcomes(outcomes=outcomes)


async def _made(call: Call, make: Made) -> Outcome:
    with _tracer.start_as_current_span(call.step) as span:
        try:
            return Outcome(answer=await make(call), at=_now())
        except Exception as fault:
            span.record_exception(fault)
            _log.warning("%s failed: %s", call.step, fault, extra={"resource": call.id})
            reason = CIRCUIT_OPEN if isinstance(fault, CircuitOpen) else UNAVAILABLE
            failure = Failure(reason=reason, detail=str(fault)[:DETAIL_LENGTH])
            return Outcome(failure=failure, at=_now())


def _now() -> datetime:
    return datetime.now(UTC)
