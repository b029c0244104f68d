"""The calls of a delivery, as a proxy sees them."""

from collections.abc import Callable
from dataclasses import dataclass

from systems.delivery.tests.town import (
    DRIVERS,
    NOTIFICATION,
    PAYMENT,
    RESTAURANTS,
    longitude,
)
from tests.support.fault_proxy import Seen, about


@dataclass(frozen=True)
class Call:
    """A call of a step: ``path`` is how its path ends. ``by_place``: its order can only be told
    from where it goes."""

    step: str
    service: str
    method: str
    path: str
    by_place: bool = False

    def of(self, order_id: str) -> Callable[[Seen], bool]:
        """Match the call of one order."""
        text = str(longitude(order_id)) if self.by_place else order_id
        return about(text, self.method, self.path)


CALLS = [
    Call("quote", RESTAURANTS, "POST", "/quotes", by_place=True),
    Call("authorise", PAYMENT, "PUT", ":payment"),
    Call("send order", RESTAURANTS, "PUT", ":ticket"),
    Call("offer ride", DRIVERS, "PUT", ":driver-1"),
    Call("pick up", DRIVERS, "POST", ":driver-1/pick-up"),
]
HAND_OVER = Call("hand over", RESTAURANTS, "POST", ":ticket/hand-over")
FORWARD = [
    HAND_OVER,
    Call("ride", DRIVERS, "POST", ":driver-1/ride"),
    Call("capture", PAYMENT, "PUT", "/captures/bill"),
    Call("pay restaurant", RESTAURANTS, "POST", ":ticket/payout"),
    Call("pay driver", DRIVERS, "POST", ":driver-1/payout"),
    Call("send receipt", NOTIFICATION, "PUT", ":receipt"),
]
UNDONE = {
    "authorise": "cancel payment",
    "send order": "cancel ticket",
    "offer ride": "withdraw offer",
}
