"""What the books of stock keep beside the shelves: reservations and receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from base.errors import Refusal
from kit.holds import Status
from systems.orders.inventory.packing import Quantities
from systems.orders.inventory.shelves import Shelves

ParcelStatus = Literal["reserved", "shipped", "released", "returned"]


class Pile(BaseModel, extra="allow"):
    """So many pieces of an article, at a price of one piece that stays as it was."""

    sku: str
    quantity: int
    unit_price: int


class Parcel(BaseModel, extra="allow"):
    """What one warehouse sends. Parcels are numbered from 1."""

    number: int
    warehouse: str
    status: ParcelStatus = "reserved"
    lines: list[Pile]


class Reservation(BaseModel, extra="allow"):
    """A reservation as it is stored; a tombstone has no request and no parcels."""

    id: str
    status: Status
    request: dict[str, Any] | None = None
    parcels: list[Parcel] = []
    missing: dict[str, int] = {}
    created_at: datetime
    expires_at: datetime | None = None

    @property
    def pools(self) -> list[str]:
        return sorted({line.sku for parcel in self.parcels for line in parcel.lines})


class Receipt(BaseModel, extra="allow"):
    """Goods that came in, as it is stored."""

    id: str
    sku: str
    warehouse: str
    quantity: int


@dataclass(frozen=True)
class Asked:
    """What is to be reserved, for how long; ``partial`` takes what is there of it."""

    id: str
    request: dict[str, Any]
    quantities: Quantities
    prices: Mapping[str, int]
    partial: bool
    seconds: float


K = TypeVar("K", Reservation, Receipt)


@dataclass(frozen=True)
class Change(Generic[K]):
    """What is to be stored, together with these shelves. A ``refusal`` is given once it is."""

    kept: K
    shelves: Shelves
    refusal: Refusal | None = None
