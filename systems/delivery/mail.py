"""What the customer is told of a delivery, and when."""

from typing import Any

from sagas import Done, Progress, Step
from systems.delivery.request import DeliveryRequest
from systems.delivery.words import WORDS

_NOTIFICATION, _SEND = "notification-service", "PUT notifications/{id}"

RECEIPT = Step("send receipt", _NOTIFICATION, _SEND, "receipt", Done)
CANCELLED = Step("send cancellation", _NOTIFICATION, _SEND, "cancelled", Done)
REJECTED = Step("send refusal", _NOTIFICATION, _SEND, "rejected", Done)


def receipt(delivery_id: str, order: DeliveryRequest, results: dict[str, Any]) -> Step[Done]:
    """Tell what was brought, and what it came to."""
    quote, bill = results["quote"], results["bill"]
    tip = bill["captured"]["amount"] - quote["food"]["amount"] - quote["ride"]["amount"]
    facts = {
        "deliveryId": delivery_id,
        "restaurant": quote["name"],
        "address": order.door.address,
        "lines": quote["lines"],
        "ride": quote["ride"],
        "tip": bill["captured"] | {"amount": tip},
        "total": bill["captured"],
    }
    return RECEIPT.given(template="delivery_receipt", to=order.customer_email, facts=facts)


def end(delivery_id: str, order: DeliveryRequest, ended: Progress) -> Step[Done] | None:
    """Tell that nothing comes, why, and what it costs. Of what came there is a receipt."""
    if ended.succeeded:
        return None
    facts: dict[str, Any] = {"deliveryId": delivery_id, "fee": _fee(ended.results)}
    if ended.status == "cancelled":
        facts["why"] = "you asked for it"
        return CANCELLED.given(template="delivery_cancelled", to=order.customer_email, facts=facts)
    facts["why"] = WORDS.reason(ended.halt.reason if ended.halt else "")
    return REJECTED.given(template="delivery_rejected", to=order.customer_email, facts=facts)


def _fee(results: dict[str, Any]) -> dict[str, Any] | None:
    """Return what was kept of the payment, or None."""
    kept: dict[str, Any] | None = results.get("payment", {}).get("captured")
    return kept if kept and kept["amount"] else None
