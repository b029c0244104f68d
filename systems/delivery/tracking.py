"""Live tracking over HTTP: where a delivery is, now and as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from base.clock import utc_now
from base.errors import Unavailable
from base.problems import problems
from sagas.engine.cases import Cases
from sagas.engine.participants import Participants
from sagas.records.record import Record
from sagas.web.people.deeds import Deed, asks
from sagas.web.problems import unknown
from sagas.web.routes import CaseId, CasesOf
from systems.delivery import phases
from systems.delivery.delivery import DELIVERY
from systems.delivery.driver.models import TrackState
from systems.delivery.geography import Place
from systems.delivery.participants import DRIVER_SERVICE
from systems.delivery.terms import DeliveryTerms
from systems.delivery.track import Tracking, differs, tracking

_LOOK_SECONDS = 0.7

router = APIRouter(prefix="/deliveries/{delivery_id}/tracking", tags=["tracking"])


async def _services(request: Request) -> Participants:
    found: Participants = request.app.state.services
    return found


Services = Annotated[Participants, Depends(_services)]


async def known(delivery_id: CaseId, cases: CasesOf) -> Record:
    """Return the record of a delivery. Raises the problem that there is none."""
    record = await cases.get(delivery_id)
    if record is None:
        raise unknown(DELIVERY, delivery_id)
    return record


Known = Annotated[Record, Depends(known)]


@router.get("", summary="Where it is now", responses=problems(404, 422, 503))
@asks(Deed.LOOK)
async def look(record: Known, services: Services) -> Tracking:
    return await seen(record, services)


@router.get(
    "/events",
    summary="Where it is, live, as server-sent events",
    response_class=EventSourceResponse,
    responses=problems(404, 422, 503),
)
@asks(Deed.LOOK)
async def events(
    record: Known, cases: CasesOf, services: Services
) -> AsyncIterator[ServerSentEvent]:
    """``tracking`` whenever something changed, and ``end`` once the delivery has ended."""
    async for told in _changes(record, cases, services):
        yield ServerSentEvent(raw_data=told.model_dump_json(by_alias=True), event="tracking")
    yield ServerSentEvent(raw_data="{}", event="end")


async def seen(record: Record, services: Participants) -> Tracking:
    """Return where a delivery is. What cannot be asked now is left out."""
    door = Place.model_validate(record.request["door"], extra="ignore")
    terms = DeliveryTerms.model_validate(record.terms)
    at_work, track = phases.at_work(record.progress), None
    if at_work:
        path = f"offers/{record.case_id}:{at_work.offer}/track"
        try:
            answer = await services.invoke(DRIVER_SERVICE, "GET", path)
            track = None if answer.refusal else TrackState.model_validate(answer.value)
        except Unavailable:
            track = None
    return tracking(record.case_id, record.progress, door, track, terms, utc_now())


async def _changes(record: Record, cases: Cases, services: Participants) -> AsyncIterator[Tracking]:
    last: Tracking | None = None
    while True:
        told = await seen(record, services)
        if differs(told, last):
            last = told
            yield told
        if record.ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        record = await cases.get(record.case_id) or record
