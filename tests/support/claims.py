"""An orchestrator of insurance claims without an engine: the toolkit's routes, and claims that
stand still until they are told something."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from base.wire import Money, Wire
from sagas import Durable, Kind, Saga, Signal, Step, Words
from sagas.core.progress import Attention, Blocked, Entry, Halt, Progress, Wait
from sagas.engine.admission import Busy
from sagas.engine.cases import NotNow, OtherRequest
from sagas.engine.viewers import Viewers
from sagas.records.listing import Page
from sagas.records.record import Record
from sagas.web.problems import answer_as_orchestrator
from sagas.web.routes import routes

EXAMPLE = {"memberId": "jane", "amount": {"amount": 120000, "currency": "EUR"}}

_START = datetime(2024, 12, 1, tzinfo=UTC)


class ClaimRequest(Wire):
    """What somebody claims."""

    member_id: str
    amount: Money
    note: str | None = None


class Assessment(Wire):
    """What an assessor says."""

    covered: bool
    percent: int
    verdict: Literal["pay", "ask", "refuse"] = "pay"
    note: str | None = None
    tags: list[str] = Field(default=[])


class _Answer(BaseModel):
    pass


withdraw = Step("withdraw reserve", "reserve-service", "POST reserves/{id}/cancel", "r", _Answer)
reserve = Step("reserve", "reserve-service", "PUT reserves/{id}", "r", _Answer, withdraw)
ASSESSMENT = Signal("assessment", Assessment)
RECEIPT = Signal("receipt", _Answer, by="participant")


def settle(saga: Saga, claim: ClaimRequest) -> Durable[None]:  # noqa: ARG001
    """It is never run here."""
    yield from saga.hear(ASSESSMENT, within=timedelta(days=1))


def claims(example: dict[str, Any] | None = EXAMPLE) -> Kind[ClaimRequest]:
    """Return the kind, with an example or without."""
    return Kind(
        noun="claim",
        done="paid",
        request=ClaimRequest,
        rows={"reserve": [reserve]},
        workflows=[settle],
        closing=lambda *_: None,
        owner=lambda claim: claim.member_id,
        title=lambda claim: f"{claim.amount.amount}",
        signals=[ASSESSMENT, RECEIPT],
        words=Words(owner="member"),
        example=example,
    )


class Desk:
    """Claims by id, in place of `Cases` and `Listing`. ``told`` are the words that came in, with
    the attempts that they are about. With an id of ``busy`` nothing is begun."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Take everything off the desk."""
        self.records: dict[str, Record] = {}
        self.asked: dict[str, ClaimRequest] = {}
        self.told: list[tuple[str, str, dict[str, Any]]] = []
        self.wished: list[tuple[str | None, str | None, int]] = []

    def put(self, case_id: str, status: str, **progress: Any) -> None:
        """Let there be a claim that has come so far."""
        ended = None if status in ("running", "needs_attention") else at(9)
        self.records[case_id] = Record(
            case_id=case_id,
            digest="",
            request=EXAMPLE,
            owner="jane",
            created_at=at(0),
            ended_at=ended,
            progress=Progress(status=status, **progress),
        )

    async def begin(
        self, case_id: str, request: ClaimRequest, wait_seconds: float, _by: str | None = None
    ) -> Record:
        if case_id == "busy":
            raise Busy(7)
        if case_id in self.asked and self.asked[case_id] != request:
            raise OtherRequest(case_id)
        self.asked[case_id] = request
        self.put(case_id, "paid" if wait_seconds else "running")
        return self.records[case_id]

    async def get(self, case_id: str) -> Record | None:
        return self.records.get(case_id)

    async def cancel(self, case_id: str, _by: str | None = None) -> Record | None:
        if case_id in self.records and not self.records[case_id].ended:
            self.put(case_id, "cancelled", halt=halt("cancelled_by_member"))
        return self.records.get(case_id)

    async def resume(self, case_id: str, _by: str | None = None) -> Record | None:
        if self.records[case_id].progress.status != "needs_attention":
            raise NotNow("There is nothing to resume.")
        self.put(case_id, "running", step="withdraw reserve")
        return self.records[case_id]

    async def signal(
        self,
        case_id: str,
        signal: Signal[Any],
        attempt: str,
        word: BaseModel,
        _by: str | None = None,
    ) -> Record | None:
        self.told.append((signal.name, attempt, word.model_dump()))
        return self.records.get(case_id)

    async def page(
        self, owner: str | None, status: str | None, limit: int, cursor: str | None
    ) -> Page:
        assert cursor is None
        self.wished.append((owner, status, limit))
        return Page(list(self.records.values()), None)


def at(second: int) -> datetime:
    """Return a time of the day on which all happens."""
    return _START + timedelta(seconds=second)


def halt(reason: str) -> Halt:
    """Return why a claim is not paid."""
    return Halt(step="assessment", reason=reason, detail="It says [so].")


def line(step: str, second: int, **facts: Any) -> Entry:
    """Return a step that was done, or what else is said of it."""
    started = {"started_at": at(second), "tried_at": at(second)}
    return Entry.model_validate({"step": step, "resource": "r", "result": "done"} | started | facts)


def wait(attempt: str = "", over: bool = False) -> Wait:
    """Return the wait for an assessment."""
    return Wait(signal="assessment", attempt=attempt, since=at(1), until=at(60), over=over)


def blocked() -> Attention:
    """Return what a person is needed for."""
    why = Blocked(step="withdraw reserve", resource="r", reason="unavailable", detail="Down.")
    return Attention(since=at(2), blocked=[why])


def orchestrator(desk: Desk, kind: Kind[ClaimRequest]) -> FastAPI:
    """Return the app that looks after the claims on the desk."""
    app = FastAPI()
    answer_as_orchestrator(app, kind)
    app.include_router(routes(kind))
    app.state.cases, app.state.listing, app.state.wait_seconds = desk, desk, 30
    app.state.viewers = Viewers(desk, 100)  # type: ignore[arg-type]
    return app
