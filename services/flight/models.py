"""Wire types of FlightService."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from base.wire import IsoDate, Money, Timestamp, Wire
from kit.holds import Status

Iata = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["SFO"])]
Passengers = Annotated[int, Field(strict=True, ge=1, le=9)]
OfferId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$"), Field(examples=["SFO-JFK-20241215-1"])
]


class FlightSearch(Wire):
    """Seats wanted on one day."""

    origin: Annotated[Iata, Field(alias="from")]
    destination: Annotated[Iata, Field(alias="to")]
    date: IsoDate
    passengers: Passengers


class FlightHold(FlightSearch):
    """Seats to be held on the flight that was offered as ``offerId``."""

    offer_id: OfferId


class Flight(Wire):
    """One departure; times are local, with their UTC offset."""

    offer_id: OfferId
    number: str
    origin: Annotated[Iata, Field(alias="from")]
    destination: Annotated[Iata, Field(alias="to")]
    departure: datetime
    arrival: datetime


class FlightOffer(Flight):
    """A departure with enough seats; the price is for all passengers."""

    price: Money
    seats_left: int


class FlightOffers(Wire):
    """The flights with enough seats, cheapest first; empty where none has."""

    offers: list[FlightOffer]


class FlightReservation(Wire):
    """A reservation; a tombstone (cancelled before it came) has only id and status."""

    id: str
    status: Status
    expires_at: Timestamp | None = None
    flight: Flight | None = None
    passengers: int | None = None
    price: Money | None = None
