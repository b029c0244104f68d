"""Payment methods of tests, with the names of Stripe's (https://docs.stripe.com/testing)."""

from base.errors import Refusal

DEFAULT_METHOD = "pm_card_visa"

_ACCEPTED = frozenset({DEFAULT_METHOD, "pm_card_mastercard", "pm_card_amex"})
_DECLINED = {
    "pm_card_chargeDeclined": ("card_declined", "The card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "insufficient_funds",
        "The card was declined: insufficient funds.",
    ),
}


def decline_of(method: str | None) -> Refusal | None:
    """Return why a method is declined, or None. Refuses ``unknown_payment_method``."""
    if method in _DECLINED:
        return Refusal(*_DECLINED[method])
    if method not in _ACCEPTED:
        raise Refusal("unknown_payment_method", f"There is no payment method {method}.")
    return None
