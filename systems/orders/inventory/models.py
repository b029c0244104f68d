"""Wire types of InventoryService."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import Money, Timestamp, Wire, as_asked
from kit.holds import Status
from systems.orders.inventory import catalogue
from systems.orders.inventory.records import Asked, ParcelStatus

Sku = Annotated[
    str, StringConstraints(pattern=r"^[A-Z0-9-]{1,32}$"), Field(examples=["CUP-STONEWARE"])
]
Quantity = Annotated[int, Field(strict=True, ge=1, le=99)]
Warehouse = Literal["berlin", "chicago", "osaka"]


class LineRequest(Wire):
    """So many pieces of an article."""

    sku: Sku
    quantity: Quantity


Lines = Annotated[list[LineRequest], Field(min_length=1, max_length=20)]


class LinesRequest(Wire):
    """What is wanted; lines of the same article count together."""

    lines: Lines

    @property
    def quantities(self) -> dict[str, int]:
        """How many pieces, by sku."""
        together: dict[str, int] = {}
        for line in self.lines:
            together[line.sku] = together.get(line.sku, 0) + line.quantity
        return together


class ReservationRequest(LinesRequest):
    """Stock to be reserved; ``partial`` takes what is there of it."""

    partial: bool = False

    def asked(self, reservation_id: str, seconds: float) -> Asked:
        """Return what is asked for, at the prices of the catalogue. Refuses ``unknown_sku``."""
        return Asked(
            id=reservation_id,
            request=as_asked(self),
            quantities=self.quantities,
            prices={sku: catalogue.article(sku).price for sku in self.quantities},
            partial=self.partial,
            seconds=seconds,
        )


class ParcelRequest(Wire):
    """A parcel of a reservation, by its number."""

    parcel: Annotated[int, Field(strict=True, ge=1)]


class ReceiptRequest(Wire):
    """Pieces that came in; a negative number corrects a count that found fewer."""

    sku: Sku
    warehouse: Warehouse
    quantity: Annotated[int, Field(strict=True, ge=-100_000, le=100_000)]


class ReceiptState(ReceiptRequest):
    """Goods that were taken in."""

    id: str


class PricedLine(Wire):
    """So many pieces of an article: ``price`` is of all of them, ``weight`` too, in grams."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    price: Money
    weight: int


class QuoteState(Wire):
    """What is wanted with the prices of the catalogue."""

    lines: list[PricedLine]
    total: Money


class ParcelState(Wire):
    """What one warehouse sends; its price is its share of the total, its weight in grams."""

    number: int
    warehouse: str
    status: ParcelStatus
    lines: list[PricedLine]
    price: Money
    weight: int


class Missing(Wire):
    """How many pieces of an article are not there."""

    sku: str
    quantity: int


class ReservationState(Wire):
    """A reservation; a tombstone (cancelled before it came) has no parcels. ``total`` is the price
    of all parcels, ``missing`` what a partial reservation had to leave out."""

    id: str
    status: Status
    expires_at: Timestamp | None = None
    parcels: list[ParcelState]
    missing: list[Missing]
    total: Money


class Counts(Wire):
    """Pieces: on hand and reserved and shipped are together those received."""

    received: int
    on_hand: int
    reserved: int
    shipped: int


class StockLine(Counts):
    """The pieces of an article, all together and by warehouse."""

    sku: str
    name: str
    warehouses: dict[str, Counts]


class StockState(Wire):
    """The stock of all articles."""

    articles: list[StockLine]
