"""Statuses and reasons in plain words."""

_REASONS = {
    "sold_out": "there was nothing left that fits",
    "card_declined": "the card was declined",
    "insufficient_funds": "the card has not enough on it",
    "unknown_payment_method": "there is no such payment method",
    "unknown_city": "no hotels are known in that city",
    "unknown_offer": "there is no such offer",
    "hold_expired": "a hold had run out before it could be confirmed",
    "reservation_cancelled": "a reservation was cancelled elsewhere",
    "approval_refused": "approval was refused",
    "approval_timed_out": "nobody approved it in time",
    "cancelled_by_customer": "the customer changed their mind",
    "unavailable": "a service did not answer, however often it was asked",
    "circuit_open": "a service has been failing, so it was not asked again",
    "interrupted": "its workflow ended before it had an answer",
    "workflow_failed": "its workflow broke",
    "workflow_terminated": "its workflow was ended from outside",
    "workflow_unreadable": "the engine has lost its workflow",
    "workflow_stalled": "the engine holds its workflow back",
    "no_answer": "a service answered something that makes no sense",
    "unreadable_record": "this release cannot read its record",
    "mixed_currencies": "flight and hotel are priced in two currencies",
}
_STATUSES = {
    "running": "running",
    "confirmed": "confirmed",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "failed": "failed",
    "needs_attention": "needs attention",
}


def reason(code: str) -> str:
    """Return a reason code in words."""
    return _REASONS.get(code, code.replace("_", " "))


def status(code: str) -> str:
    """Return a status in words."""
    return _STATUSES.get(code, code)


def money(value: dict[str, object] | None) -> str:
    """Return an amount in minor units of a currency with cents: ``1,019.00 USD``."""
    if not value:
        return ""
    amount = value["amount"]
    assert isinstance(amount, int)
    return f"{amount / 100:,.2f} {value['currency']}"
