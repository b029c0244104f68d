"""Problem responses (RFC 9457) of an orchestrator."""

from typing import Any

from fastapi import FastAPI
from fastapi_problem.error import Problem

from base.errors import Unavailable
from base.problems import ToProblem, answer_with_problems
from base.wire import Wire
from sagas.core.kind import Kind
from sagas.engine.admission import Busy
from sagas.engine.cases import Forbidden
from sagas.engine.viewers import TooManyViewers
from sagas.records.listing import BadCursor
from sagas.records.record import Record
from sagas.records.records import TooLate, TooManyOpen, UnreadableRecord


def unknown(kind: Kind[Any], case_id: str) -> Problem:
    """Return a 404 for a case that nobody began."""
    return Problem(
        title=f"Unknown {kind.noun}",
        type_=f"unknown_{kind.noun}",
        detail=f"There is no {kind.noun} {case_id}.",
        status=404,
        reason=f"unknown_{kind.noun}",
    )


def other_request(kind: Kind[Any], case_id: str) -> Problem:
    """Return a 409 for an id that another request has taken."""
    return Problem(
        title=f"{kind.noun.capitalize()} id is taken",
        type_="idempotency_conflict",
        detail=f"{case_id} was {kind.words.begun} with another request; choose another id.",
        status=409,
        reason="idempotency_conflict",
    )


def not_now(reason: str, detail: str) -> Problem:
    """Return a 409 for what the state of a case does not allow."""
    return Problem(title="Not now", type_=reason, detail=detail, status=409, reason=reason)


def not_done(kind: Kind[Any], record: Record, view: Wire) -> Problem:
    """Return a 409 that says which step ended the case, why, and what was undone."""
    shown = view.model_dump(mode="json", by_alias=True, exclude_none=True)
    halt, status = record.progress.halt, record.progress.status
    return Problem(
        title=f"{kind.noun.capitalize()} {status}",
        type_=f"{kind.noun}_{status}",
        detail=f"{halt.step}: {halt.detail}" if halt else f"The {kind.noun} is {status}.",
        status=409,
        step=halt.step if halt else None,
        reason=halt.reason if halt else status,
        compensations=shown["compensations"],
        **{kind.noun: shown},
    )


def busy_words(kind: Kind[Any], busy: Busy) -> str:
    """Return what somebody is told who has to come back."""
    return f"Too many {kind.words.requests} at once; ask again in {busy.retry_after} s."


def too_many_words(kind: Kind[Any], why: TooManyOpen) -> str:
    """Return what somebody is told who has to end some first."""
    return (
        f"This {kind.words.owner} has {why.most} {kind.plural} that have not ended, and may not "
        "have more; wait for one, or cancel one."
    )


def answer_as_orchestrator(app: FastAPI, kind: Kind[Any]) -> None:
    """Make every error of ``app`` a problem."""

    def busy(error: Busy) -> Problem:
        return Problem(
            title=f"Too many {kind.words.requests}",
            type_="busy",
            detail=busy_words(kind, error),
            status=429,
            reason="busy",
            headers={"Retry-After": str(error.retry_after)},
        )

    def watched(why: TooManyViewers) -> Problem:
        return Problem(
            title="Too many viewers",
            type_="too_many_viewers",
            detail=f"{why} Look at the {kind.noun} now and then, or ask again.",
            status=429,
            reason="too_many_viewers",
            headers={"Retry-After": str(why.retry_after)},
        )

    def too_many(why: TooManyOpen) -> Problem:
        return Problem(
            title=f"Too many open {kind.plural}",
            type_="too_many_open",
            detail=too_many_words(kind, why),
            status=429,
            reason="too_many_open",
        )

    def unavailable(fault: Unavailable) -> Problem:
        return Problem(
            title="Orchestrator unavailable",
            type_="unavailable",
            detail=f"Try again, with the same {kind.noun} id: {fault}",
            status=503,
            headers={"Retry-After": "1"},
        )

    by_error: dict[type[Exception], ToProblem] = {
        Busy: busy,
        TooManyOpen: too_many,
        TooManyViewers: watched,
        Unavailable: unavailable,
        UnreadableRecord: _unreadable,
        TooLate: lambda late: not_now("too_late", str(late)),
        BadCursor: _bad_cursor,
        Forbidden: _forbidden,
    }
    answer_with_problems(app, "sagas", by_error)


def _forbidden(no: Forbidden) -> Problem:
    return Problem(title="Forbidden", type_=no.reason, detail=str(no), status=403, reason=no.reason)


def _bad_cursor(_: BadCursor) -> Problem:
    return Problem(
        title="Invalid cursor",
        type_="invalid_cursor",
        detail="Give the `next` of the page before, with the same question.",
        status=422,
        reason="invalid_cursor",
    )


def _unreadable(record: UnreadableRecord) -> Problem:
    """Return a 503, no refusal: nobody here knows how the case stands, but another replica may."""
    return Problem(
        title="Unreadable record",
        type_="unreadable_record",
        detail=f"{record}. Ask the release that wrote it; if that cannot either, mend the record.",
        status=503,
        reason="unreadable_record",
    )
