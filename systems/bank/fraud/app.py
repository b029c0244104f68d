"""FraudService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from pydantic import Field
from pydantic_settings import BaseSettings

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire, as_asked
from kit.service import create_service
from systems.bank.accounts.models import Amount, Text
from systems.bank.banks import Iban
from systems.bank.fraud.rules import Facts
from systems.bank.fraud.scores import Score, Scores

_STORE = "fraud-store"


class FraudSettings(BaseSettings):
    """``BUSY_HOUR``: how many transfers of one payer in an hour are many."""

    busy_hour: Annotated[int, Field(ge=1)] = 10


class ScoreRequest(Wire):
    """A transfer; ``payeeName`` is what its initiator calls the payee, ``payeeHolder`` the name of
    the account."""

    payer: Iban
    payee: Iban
    payee_name: Text
    payee_holder: Text
    amount: Amount


class ReasonState(Wire):
    """Something unusual, and its points."""

    code: str
    points: int


class ScoreState(Wire):
    """How likely a fraud is, from 0 to 100, and why."""

    id: str
    status: str
    score: int
    reasons: list[ReasonState]


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app.state.scores = Scores(StateStore(sidecar, _STORE), utc_now)
    yield


async def _scores(request: Request) -> Scores:
    found: Scores = request.app.state.scores
    return found


ScoresOf = Annotated[Scores, Depends(_scores)]
settings = FraudSettings()
app = create_service("FraudService", _STORE, _live, {"unknown_score": 404})


@app.put("/scores/{score_id}", tags=["scores"], responses=problems(409, 422))
async def score(score_id: ResourceId, wanted: ScoreRequest, scores: ScoresOf) -> ScoreState:
    """Score a transfer; repeated with the same body, the same answer."""
    facts = Facts(
        payee=wanted.payee,
        named=wanted.payee_name,
        holder=wanted.payee_holder,
        amount=wanted.amount.amount,
        busy=settings.busy_hour,
    )
    return _told(await scores.score(score_id, as_asked(wanted), wanted.payer, facts))


@app.post("/scores/{score_id}/complete", tags=["scores"], responses=problems(404))
async def complete(score_id: ResourceId, scores: ScoresOf) -> ScoreState:
    """The transfer was completed: its payee is known from now on."""
    return _told(await scores.complete(score_id))


@app.get("/scores/{score_id}", tags=["scores"], responses=problems(404))
async def get(score_id: ResourceId, scores: ScoresOf) -> ScoreState:
    """Look at a score."""
    return _told(await scores.get(score_id))


def _told(kept: Score) -> ScoreState:
    return ScoreState(
        id=kept.id,
        status=kept.status,
        score=kept.score,
        reasons=[ReasonState(code=each.code, points=each.points) for each in kept.reasons],
    )
