"""What the customer is told of an order, and when."""

from typing import Any

from pydantic_settings import BaseSettings

from sagas import Done, Progress, Step
from systems.orders.answers import Parcel
from systems.orders.request import OrderRequest
from systems.orders.words import WORDS

_NOTIFICATION, _SEND = "notification-service", "PUT notifications/{id}"

SHIPPED = Step("send tracking", _NOTIFICATION, _SEND, "shipped", Done)
REFUNDED = Step("send refund", _NOTIFICATION, _SEND, "refunded", Done)
CANCELLED = Step("send cancellation", _NOTIFICATION, _SEND, "cancelled", Done)
REJECTED = Step("send refusal", _NOTIFICATION, _SEND, "rejected", Done)

_WHY = {"lost": "it was lost on its way", "returned": "it came back to us"}


class MailLinks(BaseSettings):
    """``TRACKING_URL``: where customers reach the tracking page of the shipping service."""

    tracking_url: str = "http://localhost:6103/tracking"


def shipped(order_id: str, order: OrderRequest, results: dict[str, Any]) -> Step[Done]:
    """Tell what was sent, with the tracking numbers."""
    stock = results["stock"]
    parcels = [_parcel(parcel, results) for parcel in stock["parcels"]]
    facts = {
        "orderId": order_id,
        "parcels": parcels,
        "lines": [line for parcel in parcels for line in parcel["lines"]],
        "missing": stock.get("missing", []),
        "total": stock["total"],
    }
    return SHIPPED.given(template="order_fulfilled", to=order.customer_email, facts=facts)


def refunded(
    order_id: str, order: OrderRequest, parcel: Parcel, status: str, results: dict[str, Any]
) -> Step[Done]:
    """Tell that the share of a parcel, lost or returned, was given back."""
    facts = {
        "orderId": order_id,
        "trackingNumber": results[f"label-{parcel.number}"]["trackingNumber"],
        "refunded": parcel.price,
        "why": _WHY[status],
    }
    mail = REFUNDED.nth(parcel.number)
    return mail.given(template="order_refunded", to=order.customer_email, facts=facts)


def end(order_id: str, order: OrderRequest, ended: Progress) -> Step[Done] | None:
    """Tell that nothing comes, and why. Of what was sent, the customer has been told."""
    if ended.succeeded:
        return None
    facts = {"orderId": order_id, "refunded": _refunded(ended.results.get("payment"))}
    if ended.status == "cancelled":
        facts["why"] = "you asked for it"
        return CANCELLED.given(template="order_cancelled", to=order.customer_email, facts=facts)
    facts["why"] = WORDS.reason(ended.halt.reason if ended.halt else "")
    return REJECTED.given(template="order_rejected", to=order.customer_email, facts=facts)


def _parcel(parcel: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    number = results[f"label-{parcel['number']}"]["trackingNumber"]
    lines = [
        {name: line[name] for name in ("name", "quantity", "price")} for line in parcel["lines"]
    ]
    url = f"{MailLinks().tracking_url}/{number}"
    return {"trackingNumber": number, "trackingUrl": url, "lines": lines}


def _refunded(payment: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what was given back of what had been captured, or None."""
    refunded: dict[str, Any] | None = (payment or {}).get("refunded")
    return refunded if refunded and refunded["amount"] else None
