"""The rules of payments in two phases: a total is authorised, then captured in shares.

Amounts are integers in minor units. An authorisation holds the money of a card for some days; only
a capture moves it. A payment is ``authorised``, ``captured`` (part of it or all), ``declined`` (for
good) or ``cancelled``: what was not captured is void then, what was captured is refunded. A refund
or a cancel of something unknown leaves a tombstone, which refuses the late original. Postings are
never changed: what is given back is a posting of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal
from services.payment.methods import decline_of

PaymentStatus = Literal["authorised", "captured", "declined", "cancelled"]
CaptureStatus = Literal["captured", "refunded"]


class Movement(BaseModel, extra="allow"):
    """What moved, in minor units; a refund is negative."""

    kind: Literal["capture", "refund"]
    capture: str
    amount: int
    at: datetime


class Capture(BaseModel, extra="allow"):
    """A share; one that was refunded before it came has the amount 0."""

    amount: int = 0
    status: CaptureStatus = "captured"


class Payment(BaseModel, extra="allow"):
    """A payment as it is stored; a tombstone has no request."""

    id: str
    status: PaymentStatus
    request: dict[str, Any] | None = None
    amount: int = 0
    currency: str = "USD"
    method: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    captures: dict[str, Capture] = {}
    postings: list[Movement] = []

    @property
    def captured(self) -> int:
        """What was captured, refunded or not."""
        return sum(posting.amount for posting in self.postings if posting.kind == "capture")

    @property
    def refunded(self) -> int:
        return -sum(posting.amount for posting in self.postings if posting.kind == "refund")


@dataclass(frozen=True)
class Wanted:
    """A payment that is to be authorised, for ``seconds``."""

    id: str
    amount: int
    currency: str
    method: str
    request: dict[str, Any]
    seconds: float


def authorise(wanted: Wanted, known: Payment | None, now: datetime) -> Payment:
    """Return the payment as it has to stand. Asking again for the same changes nothing.

    Refuses ``unknown_payment_method``, ``idempotency_conflict`` and ``payment_cancelled``. A
    decline is not refused here but recorded.
    """
    if known is not None and (known.request is not None or known.status == "cancelled"):
        return _same_again(wanted, known)
    declined = decline_of(wanted.method)
    return Payment(
        id=wanted.id,
        status="declined" if declined else "authorised",
        request=wanted.request,
        amount=wanted.amount,
        currency=wanted.currency,
        method=wanted.method,
        reason=declined.reason if declined else None,
        expires_at=None if declined else now + timedelta(seconds=wanted.seconds),
        captures=known.captures if known else {},
    )


def capture(
    payment_id: str,
    capture_id: str,
    amount: int,
    currency: str,
    known: Payment | None,
    now: datetime,
) -> Payment:
    """Return the payment with a share of it captured. Asking again for the same changes nothing.

    Refuses ``unknown_payment``, ``payment_cancelled``, ``not_authorised`` (it was declined),
    ``idempotency_conflict``, ``capture_refunded``, ``authorisation_expired``, ``other_currency``,
    and ``exceeds_authorisation``.
    """
    if known is None or (known.request is None and known.status != "cancelled"):
        raise Refusal("unknown_payment", f"There is no payment {payment_id}.")
    _require_open(known)
    if taken := known.captures.get(capture_id):
        return _same_share(known, capture_id, taken, amount)
    if known.expires_at is None or known.expires_at <= now:
        raise Refusal("authorisation_expired", f"The authorisation of {payment_id} ran out.")
    if currency != known.currency:
        raise Refusal("other_currency", f"{payment_id} is authorised in {known.currency}.")
    if known.captured + amount > known.amount:
        left = known.amount - known.captured
        raise Refusal("exceeds_authorisation", f"Of {payment_id} only {left} is left to capture.")
    posting = Movement(kind="capture", capture=capture_id, amount=amount, at=now)
    return _with(known, capture_id, Capture(amount=amount), [posting], "captured")


def refund(payment_id: str, capture_id: str, known: Payment | None, now: datetime) -> Payment:
    """Return the payment with a share given back; of an unknown one, with a tombstone."""
    payment = known or Payment(id=payment_id, status="authorised")
    taken = payment.captures.get(capture_id, Capture(status="captured"))
    if capture_id in payment.captures and taken.status == "refunded":
        return payment
    back = Movement(kind="refund", capture=capture_id, amount=-taken.amount, at=now)
    postings = [back] if taken.amount else []
    share = taken.model_copy(update={"status": "refunded"})
    return _with(payment, capture_id, share, postings, payment.status)


def cancel(payment_id: str, known: Payment | None, now: datetime) -> Payment:
    """Return the payment settled to nothing: void, and refunded what was captured."""
    if known is None:
        return Payment(id=payment_id, status="cancelled")
    if known.status in ("cancelled", "declined"):
        return known
    payment = known
    for capture_id in known.captures:
        payment = refund(payment_id, capture_id, payment, now)
    return payment.model_copy(update={"status": "cancelled"})


def decline(payment: Payment) -> Refusal | None:
    """Return why the payment was declined, or None."""
    return decline_of(payment.method) if payment.status == "declined" else None


def _with(
    payment: Payment,
    capture_id: str,
    share: Capture,
    postings: list[Movement],
    status: PaymentStatus,
) -> Payment:
    changed = {
        "captures": payment.captures | {capture_id: share},
        "postings": [*payment.postings, *postings],
        "status": status,
    }
    return payment.model_copy(update=changed)


def _require_open(known: Payment) -> None:
    if known.status == "cancelled":
        raise Refusal("payment_cancelled", f"{known.id} is cancelled.")
    if known.status == "declined":
        raise Refusal("not_authorised", f"{known.id} was declined.")


def _same_again(wanted: Wanted, known: Payment) -> Payment:
    if known.status == "cancelled":
        raise Refusal("payment_cancelled", f"{known.id} is cancelled.")
    if known.request != wanted.request:
        raise Refusal("idempotency_conflict", f"{known.id} was authorised with another request.")
    return known


def _same_share(known: Payment, capture_id: str, taken: Capture, amount: int) -> Payment:
    if taken.status == "refunded":
        raise Refusal("capture_refunded", f"{capture_id} of {known.id} is refunded.")
    if taken.amount != amount:
        raise Refusal("idempotency_conflict", f"{capture_id} was captured with another amount.")
    return known
