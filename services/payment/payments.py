"""The rules of a payment: a total is authorised, and captured share by share; a cancel settles it.

An authorisation is a hold on the card: no money moves before a share of it is captured. All shares
together, given back or not, never exceed the total. Amounts are integers in minor units, and every
movement is a posting that never changes. The rules are pure: they take what is stored and the time,
and return what is to be stored, or refuse.

Status: ``authorised`` until a share is captured, ``partially_captured`` until all of it is, then
``captured``; ``declined`` for good; ``expired`` when time ran out before all was captured (what was
captured stays so); ``cancelled`` for ever, also as the tombstone of a payment that never was. A
share that is given back changes no status: the postings tell it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal
from services.payment import cards
from services.payment.cards import Asked

Status = Literal["authorised", "partially_captured", "captured", "declined", "cancelled", "expired"]
ShareStatus = Literal["captured", "refunded"]


class Posting(BaseModel, extra="allow"):
    """What moved of one share, in minor units; a refund is negative."""

    kind: Literal["capture", "refund"]
    capture_id: str
    amount: int
    at: datetime


class Payment(BaseModel, extra="allow"):
    """A payment as it is stored.

    It has no request if it was cancelled before it came, and no status as long as only refunds of
    its captures came: ``tombstones`` are the ids of captures that were refunded before they came.
    ``expires_at`` is None when nothing is left on hold.
    """

    id: str
    status: Status | None = None
    request: dict[str, Any] | None = None
    amount: int = 0
    currency: str = "USD"
    method: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    postings: list[Posting] = []
    tombstones: list[str] = []

    @property
    def authorised(self) -> int:
        """The total that the card agreed to."""
        return 0 if self.status == "declined" else self.amount

    @property
    def captured(self) -> int:
        """What was taken, whether it was given back or not."""
        return sum(posting.amount for posting in self.postings if posting.kind == "capture")

    @property
    def refunded(self) -> int:
        """What was given back of it."""
        return -sum(posting.amount for posting in self.postings if posting.kind == "refund")

    def status_at(self, now: datetime) -> Status | None:
        """Return the status as it is at ``now``: a hold that ran out is expired at once."""
        lapsed = self.expires_at is not None and self.expires_at <= now
        return "expired" if lapsed else self.status

    @property
    def shares(self) -> dict[str, "Share"]:
        """The shares that were captured or refunded, by the id of their capture."""
        found = {gone: Share(gone, "refunded", None, self.currency) for gone in self.tombstones}
        for posting in self.postings:
            status: ShareStatus = "captured" if posting.kind == "capture" else "refunded"
            share = Share(posting.capture_id, status, abs(posting.amount), self.currency)
            found[posting.capture_id] = share
        return found


@dataclass(frozen=True)
class Share:
    """A part of a payment, as it stands; the amount is None if its refund came before it."""

    id: str
    status: ShareStatus
    amount: int | None
    currency: str


@dataclass(frozen=True)
class Capture:
    """A share that is asked for."""

    id: str
    amount: int
    currency: str


def authorise(asked: Asked, known: Payment | None, now: datetime, seconds: float) -> Payment:
    """Return the payment with its total on hold for so many seconds, or declined.

    Asking again for the same changes nothing. Refuses: ``unknown_payment_method``;
    ``idempotency_conflict`` (the id was used for another payment); ``payment_cancelled`` (perhaps
    before it came). That it is declined or expired is not refused here but recorded: see
    `refusal_of`.
    """
    known = known or Payment(id=asked.id)
    if known.status is not None:
        return _same_again(asked, known, now)
    declined = cards.decline(asked.method)
    answer = (
        {"status": "declined", "reason": declined.reason}
        if declined
        else {"status": "authorised", "expires_at": now + timedelta(seconds=seconds)}
    )
    return known.model_copy(
        update={
            "request": asked.request,
            "amount": asked.amount,
            "currency": asked.currency,
            "method": asked.method,
            **answer,
        }
    )


def capture(asked: Capture, payment_id: str, known: Payment | None, now: datetime) -> Payment:
    """Return the payment with one more share captured. Asking again for the same changes nothing.

    Refuses: ``unknown_payment``; ``idempotency_conflict`` (the id was used for another share);
    ``payment_cancelled``; ``capture_refunded`` (perhaps before it came); ``currency_mismatch``;
    ``exceeds_authorisation``; and if the payment was declined, as that did. That it is expired is
    not refused here but recorded: see `refusal_of`.
    """
    if known is None or known.status is None:
        raise unknown(payment_id)
    if known.status == "cancelled":
        raise _cancelled(known)
    share = known.shares.get(asked.id)
    return _new_share(asked, known, now) if share is None else _same_share(asked, share, known)


def refund(capture_id: str, payment_id: str, known: Payment | None, now: datetime) -> Payment:
    """Return the payment with that share given back; of an unknown capture, leave a tombstone."""
    known = known or Payment(id=payment_id)
    share = known.shares.get(capture_id)
    if share is None:
        return known.model_copy(update={"tombstones": [*known.tombstones, capture_id]})
    return _given_back(known, [share], now)


def cancel(
    payment_id: str, known: Payment | None, now: datetime, keep: Capture | None = None
) -> Payment:
    """Return the payment settled: what is on hold is let go, what was captured and not refunded is
    given back. Of something unknown, leave a tombstone. A decline stays declined, and what is
    cancelled stays as it was settled.

    Of what is on hold, ``keep`` is captured first, or as much of it as can be: the fee for the
    cancel. Refuses ``currency_mismatch``.
    """
    known = known or Payment(id=payment_id)
    if known.status in ("declined", "cancelled"):
        return known
    settled = _given_back(known, known.shares.values(), now)
    if keep and (fee := min(keep.amount, _left(known, now))):
        if keep.currency != known.currency:
            raise _other_currency(known)
        taken = Posting(kind="capture", capture_id=keep.id, amount=fee, at=now)
        settled = settled.model_copy(update={"postings": [*settled.postings, taken]})
    return settled.model_copy(update={"status": "cancelled", "expires_at": None})


def refusal_of(payment: Payment) -> Refusal | None:
    """Return why nothing can be captured of the payment: it was declined, or it expired."""
    if payment.status == "expired":
        why = f"The authorisation of {payment.id} ran out at {payment.expires_at}."
        return Refusal("authorisation_expired", why)
    return _decline_of(payment)


def unknown(payment_id: str) -> Refusal:
    """Return the refusal of a payment that nobody asked for."""
    return Refusal("unknown_payment", f"There is no payment {payment_id}.")


def _decline_of(payment: Payment) -> Refusal | None:
    return cards.decline(str(payment.method)) if payment.status == "declined" else None


def _cancelled(payment: Payment) -> Refusal:
    return Refusal("payment_cancelled", f"{payment.id} is cancelled.")


def _same_again(asked: Asked, known: Payment, now: datetime) -> Payment:
    if known.request is not None and known.request != asked.request:
        raise Refusal("idempotency_conflict", f"{known.id} was asked for with another request.")
    if known.status == "cancelled":
        raise _cancelled(known)
    return _lapsed(known, now)


def _same_share(asked: Capture, share: Share, known: Payment) -> Payment:
    if share.status == "refunded":
        raise Refusal("capture_refunded", f"{asked.id} is refunded.")
    if (share.amount, share.currency) != (asked.amount, asked.currency):
        raise Refusal("idempotency_conflict", f"{asked.id} captured another amount.")
    return known


def _new_share(asked: Capture, known: Payment, now: datetime) -> Payment:
    if declined := _decline_of(known):
        raise declined
    known = _lapsed(known, now)
    if known.status == "expired":
        return known
    if asked.currency != known.currency:
        raise _other_currency(known)
    left = _left(known, now)
    if asked.amount > left:
        why = f"Of {known.id}, {left} is left to capture, and {asked.amount} was asked for."
        raise Refusal("exceeds_authorisation", why)
    taken = Posting(kind="capture", capture_id=asked.id, amount=asked.amount, at=now)
    status = (
        {"status": "captured", "expires_at": None}
        if asked.amount == left
        else {"status": "partially_captured"}
    )
    return known.model_copy(update={"postings": [*known.postings, taken], **status})


def _left(known: Payment, now: datetime) -> int:
    """Return how much can still be captured."""
    return 0 if known.status_at(now) == "expired" else known.authorised - known.captured


def _other_currency(known: Payment) -> Refusal:
    return Refusal("currency_mismatch", f"{known.id} is in {known.currency}.")


def _given_back(known: Payment, shares: Iterable[Share], now: datetime) -> Payment:
    refunds = [
        Posting(kind="refund", capture_id=share.id, amount=-share.amount, at=now)
        for share in shares
        if share.status == "captured" and share.amount is not None
    ]
    return known.model_copy(update={"postings": [*known.postings, *refunds]})


def _lapsed(known: Payment, now: datetime) -> Payment:
    """Record that a hold ran out: what was refused to one is not granted to another whose clock is
    behind."""
    return known.model_copy(update={"status": known.status_at(now)})
