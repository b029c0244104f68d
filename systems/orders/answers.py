"""What the saga needs of the participants' answers; more may be in them."""

from pydantic import BaseModel, Field

from sagas import Refused


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

    def known(self) -> "Picked | Refused":
        """Refuse while it is still being packed."""
        pending = Refused(reason="pending", detail="Being packed.")
        return pending if self.status == "picking" else self


class Carried(BaseModel):
    """Where a parcel is."""

    status: str

    @property
    def arrived(self) -> bool:
        return self.status in ("delivered", "lost", "returned")

    def known(self) -> "Carried | Refused":
        """Refuse while it is on its way."""
        return self if self.arrived else Refused(reason="pending", detail="On its way.")
