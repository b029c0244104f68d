"""Wire types of PaymentService."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from base.wire import Money, Timestamp, Wire
from services.payment.cards import DEFAULT_METHOD
from services.payment.ledger import Status

Method = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$"), Field(examples=[DEFAULT_METHOD])
]


class ChargeRequest(Wire):
    """What to charge, to whom, by what."""

    customer_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
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
