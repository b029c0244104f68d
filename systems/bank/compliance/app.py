"""ComplianceService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from pydantic import Field
from pydantic_settings import BaseSettings

from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire, as_asked
from kit.documents import Documents
from kit.service import create_service
from systems.bank.accounts.models import Text
from systems.bank.compliance import sdn
from systems.bank.compliance.screening import Outcome, Screener, Screening, refusal_of

_STORE = "compliance-store"


class ComplianceSettings(BaseSettings):
    """``SDN_LIST``: the sanctions list, a file in the format of SDN.CSV."""

    sdn_list: Path = Path(__file__).parent / "sdn.csv"


class Party(Wire):
    """Who takes part in a transfer, and as what."""

    role: Text
    name: Text


class ScreeningRequest(Wire):
    """The parties of a transfer."""

    parties: Annotated[list[Party], Field(min_length=1, max_length=10)]


class MatchState(Wire):
    """A name on the list, and how much a party's is like it, from 0 to 1."""

    number: str
    name: str
    program: str
    likeness: float


class PartyState(Wire):
    """What was found of a party."""

    role: str
    name: str
    outcome: Outcome
    matches: list[MatchState]


class ScreeningState(Wire):
    """What was found, by which version of the list."""

    id: str
    outcome: Outcome
    parties: list[PartyState]
    list_version: str


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app.state.screener = Screener(sdn.read(ComplianceSettings().sdn_list))
    app.state.screenings = Documents(StateStore(sidecar, _STORE), "screening", Screening)
    yield


async def _screener(request: Request) -> Screener:
    found: Screener = request.app.state.screener
    return found


async def _screenings(request: Request) -> Documents[Screening]:
    found: Documents[Screening] = request.app.state.screenings
    return found


ScreenerOf = Annotated[Screener, Depends(_screener)]
Screenings = Annotated[Documents[Screening], Depends(_screenings)]
app = create_service("ComplianceService", _STORE, _live, {"unknown_screening": 404})


@app.put("/screenings/{screening_id}", tags=["screenings"], responses=problems(409, 422))
async def screen(
    screening_id: ResourceId, wanted: ScreeningRequest, kept: Screenings, screener: ScreenerOf
) -> ScreeningState:
    """Screen all parties, once. 409 ``sanctions_match``: one of them is on the list."""
    request, parties = as_asked(wanted), [(each.role, each.name) for each in wanted.parties]

    def rule(known: Screening | None) -> Screening:
        if known is not None and known.request != request:
            raise Refusal("idempotency_conflict", f"{screening_id} was of other parties.")
        return known or screener.screen(screening_id, request, parties)

    screened = await kept.make(screening_id, rule)
    if no := refusal_of(screened):
        raise no
    return _told(screened)


@app.get("/screenings/{screening_id}", tags=["screenings"], responses=problems(404))
async def get(screening_id: ResourceId, kept: Screenings) -> ScreeningState:
    """Look at a screening, whatever was found."""
    found = await kept.get(screening_id)
    if found is None:
        raise Refusal("unknown_screening", f"There is no screening {screening_id}.")
    return _told(found)


def _told(kept: Screening) -> ScreeningState:
    facts = kept.model_dump(exclude={"request"})
    return ScreeningState.model_validate(facts, extra="ignore")
