"""The routes of the console. Fragments are what the pages ask for again, every second."""

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import airportsdata
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import TypeAdapter, ValidationError

from base.errors import Unavailable
from orchestrator import words
from orchestrator.admission import Busy
from orchestrator.audit import trail
from orchestrator.console.apps import Apps
from orchestrator.console.timeline import WIDTH, lanes
from orchestrator.listing import BadCursor
from orchestrator.models import (
    Decision,
    FlightWish,
    HotelWish,
    TripId,
    TripRecord,
    TripRequest,
    TripStatus,
)
from orchestrator.participants import Participants
from orchestrator.problems import bad_cursor
from orchestrator.requests import FLIGHT, HOTEL, NOTIFICATION
from orchestrator.routes import Booking, Known, Lists
from orchestrator.trips import NotNow, OtherRequest

_PAGE = 20
_AIRPORTS_SHOWN = 12
_STATUSES = ("running", "needs_attention", "confirmed", "rejected", "cancelled", "failed")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_TRIP_ID: TypeAdapter[str] = TypeAdapter(TripId)

templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.filters |= {
    "reason": words.reason,
    "status": words.status,
    "money": words.money,
    "clock": lambda at: at.astimezone(UTC).strftime("%H:%M:%S"),
    "day": lambda at: at.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC"),
}
templates.env.globals |= {"statuses": _STATUSES, "axis": WIDTH}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


async def _apps(request: Request) -> Apps:
    found: Apps = request.app.state.apps
    return found


async def _services(request: Request) -> Participants:
    found: Participants = request.app.state.services
    return found


Services = Annotated[Participants, Depends(_services)]
Status = Annotated[TripStatus | None, Query()]
MailKind = Literal["confirmation", "cancellation", "refusal"]


def _shown(request: Request, name: str, status_code: int = 200, **facts: Any) -> Response:
    return templates.TemplateResponse(
        request, name, facts, status_code=status_code, headers=_HEADERS
    )


@router.get("/")
async def home(request: Request, lists: Lists, status: Status = None) -> Response:
    return _shown(request, "home.html", **await _list(lists, status, None), chosen=status)


@router.get("/console/trips")
async def trips(request: Request, lists: Lists, status: Status = None) -> Response:
    return _shown(request, "_trips.html", **await _list(lists, status, None), chosen=status)


@router.get("/console/older")
async def older(request: Request, lists: Lists, cursor: str, status: Status = None) -> Response:
    return _shown(request, "older.html", **await _list(lists, status, cursor), chosen=status)


@router.get("/console/mails/{trip_id}/{kind}")
async def mail(request: Request, trip_id: TripId, kind: MailKind, services: Services) -> Response:
    answer = await services.invoke(NOTIFICATION, "GET", f"notifications/{trip_id}:{kind}")
    return _shown(request, "mail.html", trip_id=trip_id, mail=answer.value or None)


@router.get("/console/apps")
async def apps(request: Request, apps: Annotated[Apps, Depends(_apps)]) -> Response:
    return _shown(request, "_apps.html", apps=await apps.states())


@router.get("/console/trips/{trip_id}")
async def trip(request: Request, record: Known) -> Response:
    return _shown(request, "trip.html", **_facts(request, record))


@router.get("/console/trips/{trip_id}/live")
async def live(request: Request, record: Known) -> Response:
    return _shown(request, "_trip.html", **_facts(request, record))


@router.get("/console/book")
async def form(request: Request) -> Response:
    return _shown(request, "book.html", trip_id=f"trip-{secrets.token_hex(4)}", asked={}, error="")


@router.get("/console/airports")
async def airports(request: Request) -> Response:
    """Show the airports that fit what is typed in the field that asks."""
    asked = request.query_params
    q = asked.get(asked.get("for", ""), "")
    return _shown(request, "_airports.html", airports=await asyncio.to_thread(_airports, q))


@router.get("/console/offers")
async def offers(request: Request, services: Services) -> Response:
    """Show what there is for the form as it is filled so far."""
    asked = dict(request.query_params)
    try:
        wish = _wish(asked)
        found = await asyncio.gather(
            services.invoke(FLIGHT, "POST", "search", _search(wish.flight)),
            services.invoke(HOTEL, "POST", "search", _search(wish.hotel)),
        )
    except ValidationError as invalid:
        return _shown(request, "_offers.html", error=_first(invalid), flights=[], hotels=[])
    except Unavailable as fault:
        return _shown(request, "_offers.html", error=str(fault), flights=[], hotels=[])
    refused = " ".join(answer.refusal.detail for answer in found if answer.refusal)
    flights, hotels = (answer.value.get("offers", []) for answer in found)
    return _shown(request, "_offers.html", error=refused, flights=flights, hotels=hotels)


@router.post("/console/book")
async def book(request: Request, trips: Booking) -> Response:
    asked = {name: str(value) for name, value in (await request.form()).items()}
    trip_id = asked.get("tripId", "")
    try:
        await trips.book(_TRIP_ID.validate_python(trip_id), _wish(asked))
    except ValidationError as invalid:
        error = _first(invalid)
    except OtherRequest:
        error = f"The trip id {trip_id} is taken by another booking."
    except Busy as busy:
        error = str(busy)
    else:
        return _to_trip(trip_id)
    return _shown(request, "book.html", 422, trip_id=trip_id, asked=asked, error=error)


@router.post("/console/trips/{trip_id}/cancel")
async def cancel(trip_id: TripId, trips: Booking) -> Response:
    await trips.cancel(trip_id)
    return _to_trip(trip_id)


@router.post("/console/trips/{trip_id}/approval")
async def decide(trip_id: TripId, trips: Booking, approved: Annotated[bool, Form()]) -> Response:
    decision = Decision(approved=approved, by="console")
    return await _unless_late(trips.decide(trip_id, decision), trip_id)


@router.post("/console/trips/{trip_id}/resume")
async def resume(trip_id: TripId, trips: Booking) -> Response:
    return await _unless_late(trips.resume(trip_id), trip_id)


async def _unless_late(asked: Awaitable[object], trip_id: str) -> Response:
    """Do what was asked; when the trip no longer waits for it, its page tells why."""
    with suppress(NotNow):
        await asked
    return _to_trip(trip_id)


def _to_trip(trip_id: str) -> Response:
    return RedirectResponse(f"/console/trips/{trip_id}", 303)


async def _list(lists: Lists, status: TripStatus | None, cursor: str | None) -> dict[str, Any]:
    try:
        page = await lists.page(None, status, _PAGE, cursor)
    except BadCursor as bad:
        raise bad_cursor() from bad
    attention = await lists.page(None, "needs_attention", _PAGE, None)
    return {"records": page.records, "next": page.cursor, "attention": attention.records}


def _facts(request: Request, record: TripRecord) -> dict[str, Any]:
    zipkin = request.app.state.zipkin_url
    return {
        "record": record,
        "progress": record.progress,
        "lanes": lanes(record, datetime.now(UTC)),
        "audit": trail(record),
        "mails": _mails_sent(record),
        "trace": f"{zipkin}/zipkin/traces/{record.trace_id}" if zipkin and record.trace_id else "",
        "waits_for_approval": not record.ended and record.progress.step == "approval",
        "can_cancel": record.cancel_requested_at is None
        and (not record.ended or record.progress.status == "confirmed"),
    }


def _mails_sent(record: TripRecord) -> list[str]:
    done = {entry.step for entry in record.progress.entries if entry.result == "done"}
    return [kind for kind in get_args(MailKind) if f"send {kind}" in done]


@cache
def _all_airports() -> list[dict[str, Any]]:
    return [dict(row) for row in airportsdata.load("IATA").values()]


def _airports(q: str) -> list[dict[str, Any]]:
    """Return the airports whose code, city or name begins with ``q``, codes first."""
    wanted = q.strip().lower()
    if len(wanted) < 2:
        return []
    ranked = [(rank, row) for row in _all_airports() if (rank := _rank(row, wanted)) is not None]
    return [row for _, row in sorted(ranked, key=lambda r: (r[0], r[1]["iata"]))][:_AIRPORTS_SHOWN]


def _rank(row: dict[str, Any], wanted: str) -> int | None:
    for rank, field in enumerate(("iata", "city", "name")):
        if str(row[field]).lower().startswith(wanted):
            return rank
    return None


def _wish(asked: dict[str, str]) -> TripRequest:
    """Return the request that a form makes. Raises ValidationError."""
    flight = {
        "from": asked.get("from", "").upper(),
        "to": asked.get("to", "").upper(),
        "date": asked.get("date", ""),
        "passengers": _number(asked.get("passengers")),
        "offerId": asked.get("flightOffer") or None,
    }
    hotel = {
        "city": asked.get("city", ""),
        "checkIn": asked.get("checkIn", ""),
        "checkOut": asked.get("checkOut", ""),
        "guests": _number(asked.get("passengers")),
        "offerId": asked.get("hotelOffer") or None,
    }
    return TripRequest.model_validate(
        {
            "customerId": asked.get("customerId", ""),
            "customerEmail": asked.get("email", ""),
            "flight": flight,
            "hotel": hotel,
            "paymentMethod": asked.get("paymentMethod") or "pm_card_visa",
        }
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 0


def _search(wish: FlightWish | HotelWish) -> dict[str, Any]:
    return wish.model_dump(mode="json", by_alias=True, exclude={"offer_id"})


def _first(invalid: ValidationError) -> str:
    error = invalid.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
