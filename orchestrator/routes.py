"""The routes of trips: book, look, cancel, approve, resume."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from base.problems import problems
from orchestrator.audit import AuditEvent, Told, trail
from orchestrator.listing import BadCursor, Listing
from orchestrator.models import CustomerId, Decision, TripId, TripRecord, TripRequest, TripStatus
from orchestrator.problems import (
    bad_cursor,
    not_booked,
    not_now,
    other_request,
    unknown_trip,
)
from orchestrator.trips import NotNow, OtherRequest, Trips
from orchestrator.views import TripList, TripView, trip_summary, trip_view

_LOOK_SECONDS = 0.3


async def _trips(request: Request) -> Trips:
    found: Trips = request.app.state.trips
    return found


async def _listing(request: Request) -> Listing:
    found: Listing = request.app.state.listing
    return found


Booking = Annotated[Trips, Depends(_trips)]
Lists = Annotated[Listing, Depends(_listing)]


async def _known(trip_id: TripId, trips: Booking) -> TripRecord:
    return _or_unknown(await trips.get(trip_id), trip_id)


Known = Annotated[TripRecord, Depends(_known)]

router = APIRouter()


@router.post(
    "/TripOrchestrator/{trip_id}/BookTrip",
    tags=["trips"],
    summary="Book a trip; the same id and body again is the same trip",
    responses={202: {"model": TripView}, **problems(409, 422, 429, 503)},
    response_model_exclude_none=True,
)
@router.put(
    "/trips/{trip_id}",
    tags=["trips"],
    summary="The same as BookTrip",
    responses={202: {"model": TripView}, **problems(409, 422, 429, 503)},
    response_model_exclude_none=True,
)
async def book(
    trip_id: TripId,
    wanted: TripRequest,
    trips: Booking,
    request: Request,
    response: Response,
    prefer: Annotated[str, Header()] = "",
) -> TripView:
    """Wait for the end, up to 30 s: 200 confirmed, 409 not booked and undone, 202 still running.

    With ``Prefer: respond-async`` the answer is 202 at once. 429 with ``Retry-After``: too many at
    once, nothing was done.
    """
    at_once = "respond-async" in prefer.lower()
    if at_once:
        response.headers["Preference-Applied"] = "respond-async"
    wait_seconds = 0 if at_once else request.app.state.booking_wait_seconds
    try:
        return _answer(await trips.book(trip_id, wanted, wait_seconds), response)
    except OtherRequest as conflict:
        raise other_request(trip_id) from conflict


@router.post(
    "/TripOrchestrator/{trip_id}/GetBooking",
    tags=["trips"],
    summary="Look at a trip",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
@router.get(
    "/trips/{trip_id}",
    tags=["trips"],
    summary="Look at a trip",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
async def get(record: Known) -> TripView:
    return trip_view(record)


@router.get(
    "/trips",
    tags=["trips"],
    summary="List trips, newest first",
    responses=problems(422, 503),
    response_model_exclude_none=True,
)
async def list_trips(
    lists: Lists,
    customer_id: Annotated[CustomerId | None, Query(alias="customerId")] = None,
    status: Annotated[TripStatus | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=400, description="``next`` of a page")] = None,
) -> TripList:
    """A trip that still runs is shown as it is on record; look at it to see its step."""
    try:
        page = await lists.page(customer_id, status, limit, cursor)
    except BadCursor as bad:
        raise bad_cursor() from bad
    return TripList(trips=[trip_summary(record) for record in page.records], next=page.cursor)


@router.get(
    "/trips/{trip_id}/audit",
    tags=["trips"],
    summary="Everything that happened to a trip, in order",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
async def audit(record: Known) -> list[AuditEvent]:
    """Every step, try, result and compensation, with times; also while the trip still runs."""
    return trail(record)


@router.get(
    "/trips/{trip_id}/events",
    tags=["trips"],
    summary="The audit trail, live, as server-sent events",
    response_class=EventSourceResponse,
    responses=problems(404, 422, 503),
)
async def events(
    record: Known, trips: Booking, last_event_id: Annotated[str, Header()] = ""
) -> AsyncIterator[ServerSentEvent]:
    """The stream ends with the trip. ``Last-Event-ID`` with the ``id`` of the last event received
    skips it and all that was sent before it; with any other text, all events are sent.

    An event that comes to be known late is sent late: then ``at`` is earlier than that of an event
    before. Of a step that fails more than twenty times between two looks, the earliest faults are
    not sent.
    """
    told = Told(last_event_id)
    while True:
        for event in told.news(record):
            data = event.model_dump_json(by_alias=True, exclude_none=True)
            yield ServerSentEvent(raw_data=data, id=told.id)
        if record.ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        record = await trips.get(record.trip_id) or record


@router.post(
    "/trips/{trip_id}/cancel",
    tags=["trips"],
    status_code=202,
    summary="The customer changes their mind, at any moment",
    responses=problems(404, 422, 503),
    response_model_exclude_none=True,
)
async def cancel(trip_id: TripId, trips: Booking) -> TripView:
    """A running trip stops at its next safe point and is undone; a confirmed one is undone. Once
    asked is enough; a trip that was not booked stays as it is."""
    return trip_view(_or_unknown(await trips.cancel(trip_id), trip_id))


@router.post(
    "/trips/{trip_id}/approval",
    tags=["operation"],
    status_code=202,
    summary="Approve a trip that waits for it, or refuse to",
    responses=problems(404, 409, 422, 503),
    response_model_exclude_none=True,
)
async def approval(trip_id: TripId, decision: Decision, trips: Booking) -> TripView:
    try:
        return trip_view(_or_unknown(await trips.decide(trip_id, decision), trip_id))
    except NotNow as why:
        raise not_now("nothing_to_approve", str(why)) from why


@router.post(
    "/trips/{trip_id}/resume",
    tags=["operation"],
    status_code=202,
    summary="After what blocked a compensation is mended: try it again",
    responses=problems(404, 409, 422, 503),
    response_model_exclude_none=True,
)
async def resume(trip_id: TripId, trips: Booking) -> TripView:
    try:
        return trip_view(_or_unknown(await trips.resume(trip_id), trip_id))
    except NotNow as why:
        raise not_now("nothing_to_resume", str(why)) from why


def _or_unknown(record: TripRecord | None, trip_id: str) -> TripRecord:
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
