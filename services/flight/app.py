"""FlightService over HTTP."""

from typing import Any

from base.clock import utc_now
from base.problems import problems
from base.wire import Money, ResourceId, as_asked
from kit.holds import Hold, Reservation
from kit.reservation_service import HoldSettings, InventoryOf, create_reservation_service
from services.flight import inventory
from services.flight import models as wire
from services.flight.inventory import Flight
from services.flight.models import (
    FlightHold,
    FlightOffer,
    FlightOffers,
    FlightReservation,
    FlightSearch,
)

_STATUSES = {"unknown_airport": 422, "same_airport": 422, "unknown_offer": 422}


def _to_wire(stored: Reservation) -> FlightReservation:
    now = {
        "id": stored.id,
        "status": stored.status_at(utc_now()),
        "expires_at": stored.expires_at,
    }
    return FlightReservation.model_validate(stored.details | now, extra="ignore")


app = create_reservation_service(
    "FlightService", "flight-store", FlightReservation, _to_wire, _STATUSES
)
settings = HoldSettings()


@app.post("/search", summary="Flights with enough seats, cheapest first", responses=problems(422))
async def search(wanted: FlightSearch, reservations: InventoryOf) -> FlightOffers:
    flights = inventory.flights(wanted.origin, wanted.destination, wanted.date)
    left = await reservations.free({flight.id: flight.capacity for flight in flights})
    offers = [
        FlightOffer(
            **_shown(flight),
            price=_price(flight, wanted.passengers),
            seats_left=left[flight.id],
        )
        for flight in flights
        if left[flight.id] >= wanted.passengers
    ]
    return FlightOffers(offers=sorted(offers, key=lambda offer: offer.price.amount))


@app.put(
    "/reservations/{reservation_id}",
    tags=["reservations"],
    summary="Hold seats; repeated with the same body, the same answer",
    responses=problems(409, 422),
)
async def hold(
    reservation_id: ResourceId, wanted: FlightHold, reservations: InventoryOf
) -> FlightReservation:
    flight = inventory.flight(wanted.offer_id, wanted.origin, wanted.destination, wanted.date)
    reserved = FlightReservation(
        id=reservation_id,
        status="held",
        flight=wire.Flight(**_shown(flight)),
        passengers=wanted.passengers,
        price=_price(flight, wanted.passengers),
    )
    asked = Hold(
        id=reservation_id,
        request=as_asked(wanted),
        quantity=wanted.passengers,
        capacities={flight.id: flight.capacity},
        details=reserved.model_dump(mode="json", include={"flight", "passengers", "price"}),
        seconds=settings.hold_seconds,
    )
    return _to_wire(await reservations.hold(asked))


def _price(flight: Flight, passengers: int) -> Money:
    return Money(amount=flight.fare * passengers)


def _shown(flight: Flight) -> dict[str, Any]:
    return {
        "offer_id": flight.id,
        "number": flight.number,
        "origin": flight.origin.iata,
        "destination": flight.destination.iata,
        "departure": flight.departure,
        "arrival": flight.arrival,
    }
