"""Wire types of NotificationService."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Discriminator, EmailStr, Field, JsonValue, StringConstraints, Tag

from base.wire import IsoDate, Money, Timestamp, Wire

Text = Annotated[str, StringConstraints(min_length=1, max_length=128)]


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


class Notice(Wire):
    """Anything else: a template of the system's own, and the facts that it speaks of."""

    template: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")]
    to: EmailStr
    facts: dict[str, JsonValue]


_TRIPS = frozenset({"confirmation", "cancellation", "refusal"})


def _kind_of(wanted: Any) -> str:
    template = wanted.get("template") if isinstance(wanted, dict) else wanted.template
    return template if template in _TRIPS else "notice"


NotificationRequest = Annotated[
    Annotated[Confirmation, Tag("confirmation")]
    | Annotated[Cancellation, Tag("cancellation")]
    | Annotated[Refusal, Tag("refusal")]
    | Annotated[Notice, Tag("notice")],
    Discriminator(_kind_of),
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
