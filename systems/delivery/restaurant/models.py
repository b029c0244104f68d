"""Wire types of RestaurantService. Money is in minor units; coordinates are degrees."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import Money, Timestamp, Wire
from systems.delivery.geography import Place
from systems.delivery.restaurant.fees import Cause
from systems.delivery.restaurant.quotes import Wanted
from systems.delivery.restaurant.tickets import DenyReason, Status

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[52.5265])]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[13.4102])]


class Spot(Wire):
    """A place on the globe, in degrees north and east."""

    latitude: Latitude
    longitude: Longitude

    @property
    def place(self) -> Place:
        return Place(latitude=self.latitude, longitude=self.longitude)


class LineRequest(Wire):
    """So many of a dish, by its id on the menu."""

    dish: Name
    quantity: Annotated[int, Field(strict=True, ge=1, le=20)]


class OrderRequest(Wire):
    """What is wanted of a restaurant."""

    restaurant: Name
    lines: Annotated[list[LineRequest], Field(min_length=1, max_length=20)]

    @property
    def wanted(self) -> list[Wanted]:
        return [Wanted(line.dish, line.quantity) for line in self.lines]


class QuoteRequest(OrderRequest):
    """What is wanted, and where to."""

    door: Spot


class TicketRequest(OrderRequest):
    """What to cook; how many seconds the restaurant has for its answer."""

    answer_seconds: Annotated[float, Field(gt=0, le=86_400)]


class LineState(Wire):
    """So many of a dish, and what they cost together."""

    dish: str
    name: str
    quantity: int
    price: Money


class QuoteState(Wire):
    """What it costs and how long it takes: ``ride`` is the price of the ride."""

    restaurant: str
    name: str
    pickup: Spot
    lines: list[LineState]
    food: Money
    ride: Money
    prep_seconds: int
    ride_seconds: int
    eta_seconds: int


class DishState(Wire):
    """A dish on a menu."""

    id: str
    name: str
    price: Money


class RestaurantState(Wire):
    """A restaurant, as a customer sees it."""

    id: str
    name: str
    town: str
    place: Spot
    is_open: bool
    zone_metres: int
    prep_seconds: int
    menu: list[DishState]


class Denial(Wire):
    """Why a restaurant denies an order."""

    reason: DenyReason = "other"


class Failure(Wire):
    """Why a kitchen cannot cook what it has accepted."""

    reason: Text = "kitchen"


class HandOver(Wire):
    """Who takes the food."""

    driver: Text


class Cancel(Wire):
    """Whose doing it is that a ticket is cancelled."""

    cause: Cause = "platform"


class Payout(Wire):
    """What the restaurant gets."""

    amount: Money


class Cooked(Wire):
    """What the signals ``answer`` (accepted, denied) and ``food`` (ready, failed) say."""

    status: Literal["accepted", "denied", "ready", "failed"]
    reason: str | None = None


class TicketState(Wire):
    """A ticket; ``cancelled`` is one that was called off, and then a tombstone has nothing else."""

    id: str
    status: Status | Literal["cancelled"]
    phase: Status | None = None
    restaurant: str | None = None
    lines: list[LineState] | None = None
    food: Money | None = None
    answer_by: Timestamp | None = None
    prep_seconds: int | None = None
    reason: str | None = None
    driver: str | None = None
    cause: Cause | None = None
    fee: Money | None = None
    payout: Money | None = None
