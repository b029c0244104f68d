"""What the saga needs of the services' answers; more may be in them.

An answer without it is a fault of the service: the step fails and is undone, like any other.
"""

from pydantic import BaseModel, Field

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


class FlightLeg(BaseModel):
    number: str
    origin: str = Field(alias="from")
    destination: str = Field(alias="to")
    departure: str
    arrival: str


class FlightReservation(BaseModel):
    id: str
    passengers: int
    price: Price
    flight: FlightLeg


class Stay(BaseModel):
    name: str
    city: str
    check_in: str = Field(alias="checkIn")
    check_out: str = Field(alias="checkOut")


class HotelReservation(BaseModel):
    id: str
    guests: int
    price: Price
    stay: Stay


class Charge(BaseModel):
    id: str
    status: str
