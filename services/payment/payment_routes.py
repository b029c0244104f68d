"""The routes of payments in two phases: authorise, capture, refund, cancel, look."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import Counter
from pydantic_settings import BaseSettings

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from base.wire import Money, ResourceId, as_asked
from kit.documents import Documents
from kit.meters import note
from services.payment import models as wire
from services.payment import payments as rules
from services.payment.models import CaptureRequest, CaptureState, ChargeRequest, PaymentState
from services.payment.payments import Payment, Wanted

PAYMENTS = Counter("payments_total", "Payments by what was done with them", ["done"])


class PaymentSettings(BaseSettings):
    """``AUTHORISATION_SECONDS``: how long a card holds what is authorised; seven days, as cards do
    (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method)."""

    authorisation_seconds: float = 7 * 86_400.0


async def _payments(request: Request) -> Documents[Payment]:
    found: Documents[Payment] = request.app.state.payments
    return found


Payments = Annotated[Documents[Payment], Depends(_payments)]
settings = PaymentSettings()
router = APIRouter(prefix="/payments/{payment_id}", tags=["payments"])


@router.put(
    "",
    summary="Authorise; repeated with the same body, the same answer",
    responses=problems(402, 409, 422),
)
async def authorise(
    payment_id: ResourceId, wanted: ChargeRequest, payments: Payments
) -> PaymentState:
    asked = Wanted(
        id=payment_id,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        method=wanted.payment_method,
        request=as_asked(wanted),
        seconds=settings.authorisation_seconds,
    )
    made = await payments.change(payment_id, lambda known: rules.authorise(asked, known, utc_now()))
    note(PAYMENTS, made.status, payment_id)
    if declined := rules.decline(made):
        raise declined
    return _to_wire(made)


@router.put(
    "/captures/{capture_id}",
    summary="Capture a share; all together at the most what is authorised",
    responses=problems(404, 409, 422),
)
async def capture(
    payment_id: ResourceId, capture_id: ResourceId, wanted: CaptureRequest, payments: Payments
) -> PaymentState:
    amount, currency = wanted.amount.amount, wanted.amount.currency
    made = await payments.change(
        payment_id,
        lambda known: rules.capture(payment_id, capture_id, amount, currency, known, utc_now()),
    )
    note(PAYMENTS, "captured", payment_id)
    return _to_wire(made)


@router.post(
    "/captures/{capture_id}/refund",
    summary="Give a share back; of an unknown one, leave a tombstone",
)
async def refund(
    payment_id: ResourceId, capture_id: ResourceId, payments: Payments
) -> PaymentState:
    made = await payments.change(
        payment_id, lambda known: rules.refund(payment_id, capture_id, known, utc_now())
    )
    note(PAYMENTS, "refunded", payment_id)
    return _to_wire(made)


@router.post(
    "/cancel",
    summary="Settle to nothing: void, or refund what was captured; or leave a tombstone",
)
async def cancel(payment_id: ResourceId, payments: Payments) -> PaymentState:
    made = await payments.change(
        payment_id, lambda known: rules.cancel(payment_id, known, utc_now())
    )
    note(PAYMENTS, made.status, payment_id)
    return _to_wire(made)


@router.get("", summary="Look at a payment", responses=problems(404))
async def get(payment_id: ResourceId, payments: Payments) -> PaymentState:
    found = await payments.get(payment_id)
    if found is None:
        raise Refusal("unknown_payment", f"There is no payment {payment_id}.")
    return _to_wire(found)


def _to_wire(stored: Payment) -> PaymentState:
    def money(amount: int) -> Money:
        return Money(amount=amount, currency=stored.currency)

    return PaymentState(
        id=stored.id,
        status=stored.status,
        amount=money(stored.amount),
        captured=money(stored.captured),
        refunded=money(stored.refunded),
        payment_method=stored.method,
        reason=stored.reason,
        expires_at=stored.expires_at,
        captures=[
            CaptureState(id=name, status=share.status, amount=money(share.amount))
            for name, share in stored.captures.items()
        ],
        postings=[wire.Movement.model_validate(dict(p), extra="ignore") for p in stored.postings],
    )
