"""What may be asked for, an order; and what the saga needs of the participants' answers."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, EmailStr, Field, StringConstraints

from base.wire import OneLine, Wire
from systems.orders.inventory.models import LineRequest
from systems.orders.shipping.models import Address


class OrderRequest(Wire):
    """Articles for one address; the prices are the catalogue's."""

    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=128), OneLine]
    customer_email: EmailStr
    address: Address
    payment_method: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")] = (
        "pm_card_visa"
    )
    lines: Annotated[list[LineRequest], Field(min_length=1, max_length=20)]


class OrderTerms(BaseModel, extra="allow"):
    """How long an order waits, in seconds: for the customer to decide on a shortage, ``decision``;
    for stock, before it is tried again, ``waiting``; and before warehouse and carrier are asked
    what they may have told in vain, ``packing_look`` and ``carrier_look``."""

    decision_seconds: float = 86_400.0
    waiting_seconds: float = 21_600.0
    packing_look_seconds: float = 300.0
    carrier_look_seconds: float = 21_600.0

    def wait(self, name: str) -> timedelta:
        """Return how long a wait of this name lasts."""
        return timedelta(seconds=getattr(self, f"{name}_seconds"))


class Money(BaseModel):
    """Minor units, with an ISO 4217 code."""

    amount: int
    currency: str


class Quote(BaseModel):
    total: Money


class Line(BaseModel):
    sku: str
    quantity: int


class Parcel(BaseModel):
    """What one warehouse sends: ``price`` is its share of the total, ``weight`` is in grams."""

    number: int
    warehouse: str
    lines: list[Line]
    price: Money
    weight: int


class Stock(BaseModel):
    parcels: list[Parcel]
    total: Money


class Label(BaseModel):
    tracking_number: str = Field(alias="trackingNumber")


class Picked(BaseModel):
    """What became of a pick: packed, or what of it was not found."""

    status: str = "short"
    missing: list[Line] = []


class Carried(BaseModel):
    """Where a parcel is."""

    status: str

    @property
    def arrived(self) -> bool:
        return self.status in ("delivered", "lost", "returned")


class Choice(Wire):
    """What the customer wants done when not all is there: ``wait`` for it, have ``ship``ped what
    is there, or ``cancel``."""

    choice: Literal["wait", "ship", "cancel"]
