"""The calls of a delivery, as a proxy sees them."""

from systems.delivery.tests.town import (
    DRIVERS,
    NOTIFICATION,
    PAYMENT,
    RESTAURANTS,
)
from tests.support.every_call import Call

QUOTE = Call("quote", RESTAURANTS, "POST", "/quotes")
PICK_UP = Call("pick up", DRIVERS, "POST", ":driver-1/pick-up")
CALLS = [
    QUOTE,
    Call("authorise", PAYMENT, "PUT", ":payment"),
    Call("send order", RESTAURANTS, "PUT", ":ticket"),
    Call("offer ride", DRIVERS, "PUT", ":driver-1"),
    PICK_UP,
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
