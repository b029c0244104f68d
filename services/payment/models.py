"""Wire types of PaymentService."""

from typing import Annotated, Literal

from pydantic import Field

from base.wire import Money, ShortText, Timestamp, Wire
from services.payment.cards import DEFAULT_METHOD, PaymentMethod
from services.payment.ledger import Status
from services.payment.payments import ShareStatus
from services.payment.payments import Status as PaymentStatus

Method = Annotated[PaymentMethod, Field(examples=[DEFAULT_METHOD])]


class ChargeRequest(Wire):
    """What to charge, to whom, by what."""

    customer_id: ShortText
    amount: Money
    payment_method: Method = DEFAULT_METHOD


class PostingLine(Wire):
    """One line of the ledger, in minor units; a refund is negative."""

    kind: Literal["charge", "refund"]
    amount: int
    at: Timestamp


class ChargeState(Wire):
    """A charge; a tombstone (refunded before it came) has amount 0 and no postings."""

    id: str
    status: Status
    amount: Money
    payment_method: str | None = None
    reason: str | None = None
    postings: list[PostingLine]


class AuthorisationRequest(ChargeRequest):
    """What to authorise in all, for whom, on what; no money moves."""


class CaptureRequest(Wire):
    """The share to capture, in the currency of the payment."""

    amount: Money


class CancelRequest(Wire):
    """What to keep of a payment that is cancelled: a fee, in the currency of the payment."""

    keep: Money | None = None


class CaptureState(Wire):
    """A share of a payment; a tombstone (refunded before it came) has no amount."""

    id: str
    payment_id: str
    status: ShareStatus
    amount: Money | None = None


class PaymentLine(Wire):
    """What moved of one share, in minor units; a refund is negative."""

    kind: Literal["capture", "refund"]
    capture_id: str
    amount: int
    at: Timestamp


class PaymentState(Wire):
    """A payment; a tombstone (cancelled before it came) has amounts of 0 and no postings.

    What was taken and kept is ``captured`` less ``refunded``. ``expires_at`` is the time from which
    no more can be captured; None when nothing is left to capture.
    """

    id: str
    status: PaymentStatus
    authorised: Money
    captured: Money
    refunded: Money
    payment_method: str | None = None
    reason: str | None = None
    expires_at: Timestamp | None = None
    postings: list[PaymentLine]
