"""The console's pages that only trips have: the booking form, offers, airports, mails."""

import asyncio
import secrets
from functools import cache
from typing import Annotated, Any, Literal

import airportsdata
from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from base.errors import Refusal, Unavailable
from orchestrator.answers import FLIGHT, HOTEL, NOTIFICATION
from orchestrator.request import FlightWish, HotelWish, TripRequest
from orchestrator.trip import TRIP
from sagas.engine.participants import Participants
from sagas.web.console.pages import begun, why
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed, asks
from sagas.web.routes import CaseId, CasesOf

_AIRPORTS_SHOWN = 12

MailKind = Literal["confirmation", "cancellation", "refusal"]


async def _services(request: Request) -> Participants:
    found: Participants = request.app.state.services
    return found


Services = Annotated[Participants, Depends(_services)]


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()
    _add_form(router, show)
    _add_fragments(router, show)
    return router


def _add_form(router: APIRouter, show: Show) -> None:
    @router.get("/console/book")
    @asks(Deed.BEGIN)
    async def form(request: Request) -> Response:
        trip_id = f"trip-{secrets.token_hex(4)}"
        return show(request, "book.html", trip_id=trip_id, asked={}, error="")

    @router.post("/console/book")
    @asks(Deed.BEGIN)
    async def book(request: Request, cases: CasesOf) -> Response:
        asked = {name: str(value) for name, value in (await request.form()).items()}
        trip_id = asked.get("tripId", "")
        try:
            return await begun(TRIP, cases, trip_id, _wish(asked))
        except (ValidationError, Refusal) as wrong:
            facts = {"trip_id": trip_id, "asked": asked}
            return show(request, "book.html", 422, error=why(wrong), **facts)


def _add_fragments(router: APIRouter, show: Show) -> None:
    @router.get("/console/mails/{trip_id}/{kind}")
    @asks(Deed.LOOK)
    async def mail(
        request: Request, trip_id: CaseId, kind: MailKind, services: Services
    ) -> Response:
        answer = await services.invoke(NOTIFICATION, "GET", f"notifications/{trip_id}:{kind}")
        return show(request, "mail.html", trip_id=trip_id, mail=answer.value or None)

    @router.get("/console/airports")
    @asks(Deed.KNOW)
    async def airports(request: Request) -> Response:
        """Show the airports that fit what is typed in the field that asks."""
        asked = request.query_params
        q = asked.get(asked.get("for", ""), "")
        return show(request, "_airports.html", airports=await asyncio.to_thread(_airports, q))

    @router.get("/console/offers")
    @asks(Deed.KNOW)
    async def offers(request: Request, services: Services) -> Response:
        """Show what there is for the form as it is filled so far."""
        return show(request, "_offers.html", **await _offered(request, services))


async def _offered(request: Request, services: Participants) -> dict[str, Any]:
    try:
        wish = _wish(dict(request.query_params))
        found = await asyncio.gather(
            services.invoke(FLIGHT, "POST", "search", _search(wish.flight)),
            services.invoke(HOTEL, "POST", "search", _search(wish.hotel)),
        )
    except ValidationError as invalid:
        return {"error": why(invalid), "flights": [], "hotels": []}
    except Unavailable as fault:
        return {"error": str(fault), "flights": [], "hotels": []}
    refused = " ".join(answer.refusal.detail for answer in found if answer.refusal)
    flights, hotels = (answer.value.get("offers", []) for answer in found)
    return {"error": refused, "flights": flights, "hotels": hotels}


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
