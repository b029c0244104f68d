"""How long a delivery waits for whom, and how far it looks for a driver."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel

Wait = Literal["answer", "offer", "counter", "cold", "grace", "ride", "search"]


class DeliveryTerms(BaseModel, extra="allow"):
    """Seconds of the city, of which ``speed`` pass in one of ours. For the restaurant's ``answer``;
    for a driver's to an ``offer``; for a driver to come to the ``counter``, and to stand there
    until the food gets ``cold``; for the kitchen, beyond what it usually takes, ``grace``; for the
    ``ride``; and for a ``search``, until nobody is found.

    Seconds of ours: before a search is tried again, ``pause``; before somebody is asked what they
    may have told in vain, ``look``; for words that are under way when time is over, ``late``.
    Circles are in metres, each of them twice as wide as the last.
    """

    speed: float = 1.0
    answer_seconds: float = 300.0
    offer_seconds: float = 45.0
    counter_seconds: float = 1_800.0
    cold_seconds: float = 1_800.0
    grace_seconds: float = 900.0
    ride_seconds: float = 3_600.0
    search_seconds: float = 900.0
    pause_seconds: float = 5.0
    look_seconds: float = 60.0
    late_seconds: float = 2.0
    circle_metres: float = 1_500.0
    widest_metres: float = 6_000.0

    def wait(self, name: Wait) -> timedelta:
        """Return how long a wait of this name lasts."""
        return self.city(getattr(self, f"{name}_seconds"))

    def city(self, seconds: float) -> timedelta:
        """Return how long so many seconds of the city last."""
        return timedelta(seconds=seconds / self.speed)

    @property
    def look(self) -> timedelta:
        return timedelta(seconds=self.look_seconds)

    @property
    def late(self) -> timedelta:
        return timedelta(seconds=self.late_seconds)

    @property
    def pause(self) -> timedelta:
        return timedelta(seconds=self.pause_seconds)

    def driver(self, status: str) -> timedelta:
        """Return how long a driver may stay where this status is."""
        if status == "offered":
            return self.wait("offer") + self.late
        waits: dict[str, Wait] = {"accepted": "counter", "arrived": "cold", "riding": "ride"}
        return self.wait(waits[status])
