"""What is asked of a card and what it answers: the payment methods, and which of them decline.

The test payment methods bear the names of Stripe's (https://docs.stripe.com/testing).
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StringConstraints

from base.errors import Refusal

PaymentMethod = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
DEFAULT_METHOD = "pm_card_visa"

_ACCEPTED = frozenset({DEFAULT_METHOD, "pm_card_mastercard", "pm_card_amex"})
_DECLINED = {
    "pm_card_chargeDeclined": ("card_declined", "The card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "insufficient_funds",
        "The card was declined: insufficient funds.",
    ),
}


@dataclass(frozen=True)
class Asked:
    """What is asked of a card: an amount in minor units, to be charged or authorised under ``id``.

    ``request`` is what tells two requests under the same id apart.
    """

    id: str
    amount: int
    currency: str
    method: str
    request: dict[str, Any]


def decline(method: str) -> Refusal | None:
    """Return why the card declines, or None. Refuses ``unknown_payment_method``."""
    if method in _DECLINED:
        return Refusal(*_DECLINED[method])
    if method not in _ACCEPTED:
        raise Refusal("unknown_payment_method", f"There is no payment method {method}.")
    return None
