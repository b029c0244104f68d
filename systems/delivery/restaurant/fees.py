"""What a ticket that is cancelled costs, by how far the kitchen is and whose doing it was."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from systems.delivery.shares import RESTAURANT_PERCENT, percent

Cause = Literal["customer", "restaurant", "platform"]
Phase = Literal["sent", "accepted", "ready"]

PERCENT_OF_FOOD: Mapping[Phase, int] = {"sent": 0, "accepted": 50, "ready": 100}
"""Free before the restaurant accepts, a share while it cooks, all once it is done."""


class Settled(NamedTuple):
    """The ``fee`` that the customer pays, and the ``payout`` that the restaurant gets, whoever pays
    it, in minor units."""

    fee: int
    payout: int


def settled(food: int, phase: Phase, cause: Cause) -> Settled:
    """Return what a cancel comes to. A restaurant that is at fault gets nothing; at the platform's
    fault the customer pays nothing, and the platform pays the restaurant."""
    share = percent(food, PERCENT_OF_FOOD[phase])
    fee = share if cause == "customer" else 0
    payout = 0 if cause == "restaurant" else percent(share, RESTAURANT_PERCENT)
    return Settled(fee, payout)
