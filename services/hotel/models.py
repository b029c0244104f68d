"""Wire types of HotelService."""

from typing import Annotated

from pydantic import Field, StringConstraints

from base.wire import IsoDate, Money, OneLine, Timestamp, Wire
from kit.holds import Status

City = Annotated[
    str, StringConstraints(min_length=1, max_length=64), OneLine, Field(examples=["New York"])
]
Guests = Annotated[int, Field(strict=True, ge=1, le=9)]
OfferId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9-]{1,64}$"),
    Field(examples=["new-york-85a1-grand"]),
]


class HotelSearch(Wire):
    """Rooms wanted for a stay; the night of the check-out is not part of it."""

    city: City
    check_in: IsoDate
    check_out: IsoDate
    guests: Guests


class HotelHold(HotelSearch):
    """Rooms to be held in the hotel that was offered as ``offerId``."""

    offer_id: OfferId


class Stay(Wire):
    """A stay in one hotel; two guests to a room."""

    offer_id: OfferId
    name: str
    city: str
    check_in: IsoDate
    check_out: IsoDate
    rooms: int


class HotelOffer(Stay):
    """A stay that can be had; the price is for all rooms and nights."""

    price: Money
    rooms_left: int


class HotelOffers(Wire):
    """The hotels with enough rooms on every night, cheapest first; empty where none has."""

    offers: list[HotelOffer]


class HotelReservation(Wire):
    """A reservation; a tombstone (cancelled before it came) has only id and status."""

    id: str
    status: Status
    expires_at: Timestamp | None = None
    stay: Stay | None = None
    guests: int | None = None
    price: Money | None = None
