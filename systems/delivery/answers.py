"""What the saga needs of the participants' answers and words, and what it finds out itself."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sagas import Refused
from systems.delivery import shares


class Money(BaseModel):
    """Minor units, with an ISO 4217 code."""

    amount: int
    currency: str


class Spot(BaseModel):
    latitude: float
    longitude: float


class Dish(BaseModel):
    """So many of a dish, and what they cost together."""

    name: str
    quantity: int
    price: Money


class Quote(BaseModel):
    """Prices by the menu, and times in seconds of the city."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    pickup: Spot
    lines: list[Dish] = Field(default_factory=list)
    food: Money
    ride: Money
    prep_seconds: int
    ride_seconds: int
    eta_seconds: int

    @property
    def most(self) -> Money:
        """What is put on hold for it."""
        return self.money(shares.authorised(self.food.amount, self.ride.amount))

    def money(self, amount: int) -> Money:
        """Return an amount in the currency of the menu."""
        return Money(amount=amount, currency=self.food.currency)


class Asked(BaseModel):
    """Which driver a ride is offered to."""

    driver: str


class Kitchen(BaseModel):
    """What a restaurant says of an order."""

    status: str
    reason: str | None = None


class Driver(BaseModel):
    """What a driver says of an offer."""

    status: str


class Bill(BaseModel):
    """What the customer paid, and who got it."""

    captured: Money
    restaurant: Money
    driver: Money
    platform: Money

    @classmethod
    def of(cls, quote: Quote, tip_percent: int) -> "Bill":
        parts = shares.delivered(quote.food.amount, quote.ride.amount, tip_percent)
        named = {**parts._asdict(), "platform": parts.platform}
        return cls(**{name: quote.money(amount) for name, amount in named.items()})


_NO = ("denied", "failed", "cancelled")


def cannot(said: Kitchen) -> Refused | None:
    """Return the refusal that a word of the kitchen amounts to, or None."""
    if said.status not in _NO:
        return None
    why = said.reason or "no reason was given"
    return Refused(reason=said.status, detail=f"The restaurant says: {why.replace('_', ' ')}.")


class News:
    """A look that finds nothing new as long as the status is one of these."""

    def __init__(self, *old: str) -> None:
        self._old = old

    def kitchen(self, seen: Kitchen) -> Kitchen | Refused:
        return self._none(seen.status) or seen

    def driver(self, seen: Driver) -> Driver | Refused:
        return self._none(seen.status) or seen

    def _none(self, status: str) -> Refused | None:
        return Refused(reason="pending", detail=f"It is {status}.") if status in self._old else None
