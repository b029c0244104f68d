"""Wire types of NotificationService."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Discriminator, EmailStr, Field, Tag

from base.wire import IsoDate, Money, Timestamp, Wire
from base.wire import ShortText as Text
from services.notification.facts import Facts


class FlightLine(Wire):
    """The flight of the trip; times are local, with their UTC offset."""

    reservation_id: Text
    number: Text
    origin: Annotated[Text, Field(alias="from")]
    destination: Annotated[Text, Field(alias="to")]
    departure: datetime
    arrival: datetime
    passengers: Annotated[int, Field(strict=True, ge=1, le=9)]
    price: Money


class HotelLine(Wire):
    """The stay of the trip."""

    reservation_id: Text
    name: Text
    city: Text
    check_in: IsoDate
    check_out: IsoDate
    guests: Annotated[int, Field(strict=True, ge=1, le=9)]
    price: Money


class Confirmation(Wire):
    """A trip is confirmed."""

    template: Literal["confirmation"]
    to: EmailStr
    trip_id: Text
    flight: FlightLine
    hotel: HotelLine
    total: Money


class Cancellation(Wire):
    """A trip is cancelled; ``refunded`` is what was given back, if anything was charged."""

    template: Literal["cancellation"]
    to: EmailStr
    trip_id: Text
    refunded: Money | None = None


class Refusal(Wire):
    """A trip was not booked; ``why`` goes on from "because", ``refunded`` as for a cancellation."""

    template: Literal["refusal"]
    to: EmailStr
    trip_id: Text
    why: Text
    refunded: Money | None = None


TripNotice = Confirmation | Cancellation | Refusal
OF_TRIPS = ("confirmation", "cancellation", "refusal")


class Notice(Wire):
    """A general notice: ``template`` is the name of one of the system's own templates."""

    template: Annotated[Text, Field(json_schema_extra={"not": {"enum": list(OF_TRIPS)}})]
    to: EmailStr
    facts: Facts


def _kind(asked: object) -> str:
    template = asked.get("template") if isinstance(asked, dict) else getattr(asked, "template", "")
    return template if isinstance(template, str) and template in OF_TRIPS else "notice"


NotificationRequest = Annotated[
    Annotated[Confirmation, Tag("confirmation")]
    | Annotated[Cancellation, Tag("cancellation")]
    | Annotated[Refusal, Tag("refusal")]
    | Annotated[Notice, Tag("notice")],
    Discriminator(_kind),
]
"""What to tell whom."""


class NotificationState(Wire):
    """A notification; ``text`` is the mail as plain text."""

    id: str
    status: Literal["sent"]
    to: str
    subject: str
    text: str
    sent_at: Timestamp
