"""Wire types of DriverService. Coordinates are degrees, distances metres, times seconds."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import Money, Timestamp, Wire
from systems.delivery.driver.offers import Status
from systems.delivery.restaurant.models import Spot

DriverId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Position(Spot):
    """Where a driver is, and whether offers are welcome: the phone's heartbeat."""

    online: bool = True


class OfferRequest(Wire):
    """A ride to offer: to the nearest driver ``within`` a circle around the pick-up, but to none
    that was ``asked`` before, open for so many seconds."""

    pickup: Spot
    door: Spot
    within: Annotated[float, Field(gt=0, le=100_000)]
    asked: Annotated[list[DriverId], Field(default_factory=list, max_length=64)]
    seconds: Annotated[float, Field(gt=0, le=3_600)]


class Pin(Wire):
    """What a customer shows at the door."""

    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class Payout(Wire):
    """What the driver gets."""

    amount: Money


class Told(Wire):
    """What the signal ``driver`` says."""

    status: Literal["accepted", "declined", "arrived", "given_back", "lost", "delivered"]


class OfferState(Wire):
    """An offer; a tombstone (withdrawn before it came) has only id and status."""

    id: str
    status: Status
    driver: str | None = None
    pickup: Spot | None = None
    door: Spot | None = None
    expires_at: Timestamp | None = None
    accepted_at: Timestamp | None = None
    picked_up_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    payout: int | None = None


class DriverState(Wire):
    """A driver: where and when last seen, and what is in hand."""

    id: str
    online: bool
    place: Spot
    seen_at: Timestamp
    offer: OfferState | None = None


class TrackState(Wire):
    """An offer, where its driver is, and the way there, the oldest point first."""

    offer: OfferState
    place: Spot | None = None
    seen_at: Timestamp | None = None
    trail: list[Spot] = Field(default_factory=list)
