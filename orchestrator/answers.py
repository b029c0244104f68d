"""What the saga needs of the services' answers; more may be in them.

An answer without it is a fault of the service: the step fails and is undone, like any other.
"""

from collections.abc import Callable

from pydantic import BaseModel, Field

from sagas import Refused

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"


class Price(BaseModel):
    """Minor units, with an ISO 4217 code."""

    amount: int
    currency: str


class Offer(BaseModel):
    offer_id: str = Field(alias="offerId")
    price: Price


class Offers(BaseModel):
    offers: list[Offer]


def cheapest(what: str) -> Callable[[Offers], Offers | Refused]:
    """Return what leaves the cheapest of offers of this kind, and refuses when there is none."""

    def of(found: Offers) -> Offers | Refused:
        if not found.offers:
            return Refused(reason="sold_out", detail=f"No {what} fits the request.")
        return Offers(offers=[min(found.offers, key=lambda offer: offer.price.amount)])

    return of


class FlightLeg(BaseModel):
    number: str
    origin: str = Field(alias="from")
    destination: str = Field(alias="to")
    departure: str
    arrival: str


class Seats(BaseModel):
    id: str
    passengers: int
    price: Price
    flight: FlightLeg


class Stay(BaseModel):
    name: str
    city: str
    check_in: str = Field(alias="checkIn")
    check_out: str = Field(alias="checkOut")


class Rooms(BaseModel):
    id: str
    guests: int
    price: Price
    stay: Stay


class Charge(BaseModel):
    id: str
    status: str
