"""TripOrchestrator over HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from dapr.ext.fastapi import DaprApp
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi_problem.error import Problem
from pydantic_settings import BaseSettings

from orchestrator import wiring
from orchestrator.engine import Engine, create_runtime
from orchestrator.models import TripId, TripRecord, TripRequest
from orchestrator.problems import (
    answer_with_problems,
    not_booked,
    other_request,
    problems,
    unknown_trip,
)
from orchestrator.trips import OtherRequest, Trips
from orchestrator.views import TripView, trip_view


class Settings(BaseSettings):
    """``BOOKING_WAIT_SECONDS``: how long a booking waits for its end before it answers 202."""

    booking_wait_seconds: float = 30.0


settings = Settings()
_log = logging.getLogger("orchestrator")


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    runtime = create_runtime()
    app.state.trips = Trips(wiring.records, Engine(), wiring.endings)
    # The sidecar opens its workflow engine only once this app listens: start beside, not before.
    app.state.worker = asyncio.create_task(asyncio.to_thread(runtime.start))
    try:
        yield
    finally:
        await asyncio.to_thread(runtime.shutdown)
        await wiring.sidecar.close()


def _trips(request: Request) -> Trips:
    found: Trips = request.app.state.trips
    return found


Booking = Annotated[Trips, Depends(_trips)]

app = FastAPI(title="TripOrchestrator", version="1.0.0", lifespan=_live)
answer_with_problems(app)
DaprApp(app, router_tags=["Dapr"])


@app.post(
    "/TripOrchestrator/{trip_id}/BookTrip",
    tags=["trips"],
    summary="Book a trip; the same id and body again is the same trip",
    responses={202: {"model": TripView}, **problems(409, 422, 503)},
    response_model_exclude_none=True,
)
@app.put(
    "/trips/{trip_id}",
    tags=["trips"],
    summary="The same as BookTrip",
    responses={202: {"model": TripView}, **problems(409, 422, 503)},
    response_model_exclude_none=True,
)
async def book(
    trip_id: TripId,
    wanted: TripRequest,
    trips: Booking,
    response: Response,
    prefer: Annotated[str, Header()] = "",
) -> TripView:
    """Wait for the end, up to 30 s: 200 confirmed, 409 not booked and undone, 202 still running.

    With ``Prefer: respond-async`` the answer is 202 at once.
    """
    at_once = "respond-async" in prefer.lower()
    if at_once:
        response.headers["Preference-Applied"] = "respond-async"
    wait_seconds = 0 if at_once else settings.booking_wait_seconds
    try:
        return _answer(await trips.book(trip_id, wanted, wait_seconds), response)
    except OtherRequest as conflict:
        raise other_request(trip_id) from conflict


@app.post(
    "/TripOrchestrator/{trip_id}/GetBooking",
    tags=["trips"],
    summary="Look at a trip",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
@app.get(
    "/trips/{trip_id}",
    tags=["trips"],
    summary="Look at a trip",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
async def get(trip_id: TripId, trips: Booking) -> TripView:
    return trip_view(await _known(trip_id, trips))


@app.post(
    "/trips/{trip_id}/resume",
    tags=["operation"],
    status_code=202,
    summary="After what blocked a compensation is mended: try it again",
    responses=problems(404, 409, 422, 503),
    response_model_exclude_none=True,
)
async def resume(trip_id: TripId, trips: Booking) -> TripView:
    record = await _known(trip_id, trips)
    if record.progress.status != "needs_attention":
        raise Problem(
            title="Nothing to resume",
            type_="nothing_to_resume",
            detail=f"The trip is {record.progress.status}.",
            status=409,
            reason="nothing_to_resume",
        )
    await trips.resume(trip_id)
    return trip_view(record)


@app.get("/healthz", tags=["health"], summary="The process is alive")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@app.get(
    "/readyz",
    tags=["health"],
    summary="The sidecar, the store and the workflow engine are reachable",
    responses=problems(503),
)
async def readyz() -> dict[str, str]:
    if not await wiring.sidecar.connected_workers():
        why = "The sidecar's workflow engine does not serve this app (yet)."
        raise Problem(title="Not ready", type_="not_ready", detail=why, status=503)
    await wiring.records.get("readyz")
    return {"status": "ready"}


async def _known(trip_id: str, trips: Trips) -> TripRecord:
    record = await trips.get(trip_id)
    if record is None:
        raise unknown_trip(trip_id)
    return record


def _answer(record: TripRecord, response: Response) -> TripView:
    view = trip_view(record)
    if record.ended and record.progress.status != "confirmed":
        raise not_booked(view)
    if not record.ended:
        response.status_code = 202
        response.headers["Location"] = f"/trips/{record.trip_id}"
    return view
