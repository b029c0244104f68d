"""The rules of the ledger: a charge is made once, refunded once, and never after its refund.

Amounts are integers in minor units. A charge is ``charged``, ``declined`` (for good: asked for
again, it is declined again) or ``refunded``, also as the tombstone of a charge that never was.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal
from services.payment import cards
from services.payment.cards import Asked

Status = Literal["charged", "declined", "refunded"]


class Posting(BaseModel, extra="allow"):
    """One line of the ledger: what moved, in minor units; a refund is negative."""

    kind: Literal["charge", "refund"]
    amount: int
    at: datetime


class Charge(BaseModel, extra="allow"):
    """A charge as it is stored; a tombstone has no request and no postings."""

    id: str
    status: Status
    request: dict[str, Any] | None = None
    amount: int = 0
    currency: str = "USD"
    method: str | None = None
    reason: str | None = None
    postings: list[Posting] = []


def charge(asked: Asked, known: Charge | None, now: datetime) -> Charge:
    """Return the charge as it has to stand. Asking again for the same changes nothing.

    Refuses: ``unknown_payment_method``; ``idempotency_conflict`` (the id was used for another
    charge); ``charge_refunded`` (it was refunded, perhaps before it came). A decline is not refused
    here but recorded: see `decline_of`.
    """
    if known is not None:
        return _same_again(asked, known)
    if declined := cards.decline(asked.method):
        return _recorded(asked, "declined", [], reason=declined.reason)
    posting = Posting(kind="charge", amount=asked.amount, at=now)
    return _recorded(asked, "charged", [posting])


def refund(charge_id: str, known: Charge | None, now: datetime) -> Charge:
    """Return the charge with all of it given back; of something unknown, a tombstone."""
    if known is None:
        return Charge(id=charge_id, status="refunded")
    if known.status != "charged":
        return known
    posting = Posting(kind="refund", amount=-known.amount, at=now)
    return known.model_copy(update={"status": "refunded", "postings": [*known.postings, posting]})


def decline_of(charged: Charge) -> Refusal | None:
    """Return why the charge was declined, or None."""
    if charged.status != "declined":
        return None
    return cards.decline(str(charged.method))


def _recorded(
    asked: Asked, status: Status, postings: list[Posting], reason: str | None = None
) -> Charge:
    return Charge(
        id=asked.id,
        status=status,
        request=asked.request,
        amount=asked.amount,
        currency=asked.currency,
        method=asked.method,
        reason=reason,
        postings=postings,
    )


def _same_again(asked: Asked, known: Charge) -> Charge:
    if known.request is not None and known.request != asked.request:
        raise Refusal("idempotency_conflict", f"{known.id} was charged with another request.")
    if known.status == "refunded":
        raise Refusal("charge_refunded", f"{known.id} is refunded.")
    return known
