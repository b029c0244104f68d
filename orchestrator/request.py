"""What may be asked for: a trip."""

from typing import Annotated

from pydantic import EmailStr, Field, StringConstraints, model_validator

from base.wire import IsoDate, OneLine, ShortText, Wire
from orchestrator.values import Iata, Method, OfferId, People


class FlightWish(Wire):
    """The flight wanted: the cheapest that fits, or the one offered as ``offerId``."""

    origin: Annotated[Iata, Field(alias="from")]
    destination: Annotated[Iata, Field(alias="to")]
    date: IsoDate
    passengers: People
    offer_id: OfferId | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> "FlightWish":
        if self.origin == self.destination:
            raise ValueError(f"a flight from {self.origin} to {self.destination} goes nowhere")
        return self


class HotelWish(Wire):
    """The stay wanted: the cheapest that fits, or the one offered as ``offerId``."""

    city: Annotated[str, StringConstraints(min_length=1, max_length=64), OneLine]
    check_in: IsoDate
    check_out: IsoDate
    guests: People
    offer_id: OfferId | None = None

    @model_validator(mode="after")
    def _lasts(self) -> "HotelWish":
        if self.check_out <= self.check_in:
            raise ValueError("checkOut must be after checkIn")
        return self


class TripRequest(Wire):
    """One request for a whole trip."""

    customer_id: ShortText
    customer_email: EmailStr
    flight: FlightWish
    hotel: HotelWish
    payment_method: Method = "pm_card_visa"
