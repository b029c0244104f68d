"""Wire types of WarehouseService."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import OneLine, Wire
from systems.orders.warehouse.picks import Status

Text = Annotated[str, StringConstraints(min_length=1, max_length=64), OneLine]


class PickLine(Wire):
    """So many pieces of an article."""

    sku: Text
    quantity: Annotated[int, Field(strict=True, ge=1, le=1980)]


class PickRequest(Wire):
    """What to pick and pack in one parcel, in which warehouse."""

    warehouse: Text
    lines: Annotated[list[PickLine], Field(min_length=1, max_length=20)]


class ShortPick(Wire):
    """What was not found; also what the signal ``short_pick`` says."""

    missing: Annotated[list[PickLine], Field(min_length=1, max_length=20)]


class Packed(Wire):
    """What the signal ``packed`` says."""

    status: Literal["packed"] = "packed"


class HandOver(Wire):
    """The label under which a parcel is given to the carrier."""

    tracking_number: Text


class PickState(Wire):
    """A pick; ``put_back`` is one that was undone, and then the tombstone has nothing else."""

    id: str
    status: Status | Literal["put_back"]
    warehouse: str | None = None
    lines: list[PickLine] | None = None
    missing: list[PickLine] | None = None
    tracking_number: str | None = None
