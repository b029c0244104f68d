"""Wire types of ShippingService."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import Moment, OneLine, Timestamp, Wire
from systems.orders.shipping import addresses
from systems.orders.shipping.labels import Event, Status, Told

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), OneLine
]
MayBeEmpty = Annotated[str, StringConstraints(strip_whitespace=True, max_length=128), OneLine]


class Address(Wire):
    """Where a parcel goes; which fields are needed is up to the country."""

    country_code: Annotated[
        str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["DE", "US"])
    ]
    name: Text
    company_name: MayBeEmpty = ""
    street_address: Annotated[Text, Field(examples=["Kastanienallee 7"])]
    city: MayBeEmpty = ""
    city_area: MayBeEmpty = ""
    country_area: MayBeEmpty = ""
    postal_code: MayBeEmpty = ""
    sorting_code: MayBeEmpty = ""

    def checked(self) -> addresses.Address:
        """Return it as its country writes it. Refuses ``invalid_address``."""
        return addresses.checked(addresses.Address(**self.model_dump()))


class AddressCheck(Wire):
    """The address of an order."""

    address: Address


class LabelRequest(Wire):
    """A label for a parcel, whose weight is in grams."""

    address: Address
    weight: Annotated[int, Field(strict=True, ge=1, le=100_000_000)]


class CarrierEvent(Wire):
    """What the carrier tells of a parcel, and when it happened."""

    event_id: Text
    tracking_number: Text
    status: Told
    at: Moment

    @property
    def event(self) -> Event:
        return Event(id=self.event_id, status=self.status, at=self.at)


class Tracked(Wire):
    """An event of a parcel."""

    id: str
    status: Told
    at: Timestamp


class Carried(Wire):
    """What the signal ``carrier`` says: where the parcel is now."""

    tracking_number: str
    status: Status
    at: Timestamp


class LabelState(Wire):
    """A label; a tombstone (voided before it came) has only id and status."""

    id: str
    status: Status | Literal["voided"]
    tracking_number: str | None = None
    address: Address | None = None
    weight: int | None = None
    events: list[Tracked] | None = None
