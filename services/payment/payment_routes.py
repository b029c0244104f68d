"""Payments over HTTP: a total is authorised, captured share by share, and settled by a cancel."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import Counter

from base.clock import utc_now
from base.problems import problems
from base.wire import Money, ResourceId, as_asked
from kit.documents import Documents
from kit.meters import note
from services.payment import payments as rules
from services.payment.cards import Asked
from services.payment.models import (
    AuthorisationRequest,
    CancelRequest,
    CaptureRequest,
    CaptureState,
    PaymentLine,
    PaymentState,
)
from services.payment.payments import Capture, Payment, Share

PAYMENTS = Counter("payments_total", "Payments by what was done with them", ["done"])

_FEE = "cancellation-fee"  # the capture of what a cancel keeps

router = APIRouter(prefix="/payments/{payment_id}", tags=["payments"])


async def _payments(request: Request) -> Documents[Payment]:
    found: Documents[Payment] = request.app.state.payments
    return found


async def _authorisation_seconds(request: Request) -> float:
    seconds: float = request.app.state.authorisation_seconds
    return seconds


Payments = Annotated[Documents[Payment], Depends(_payments)]


@router.put(
    "",
    summary="Authorise the total; repeated with the same body, the same answer",
    responses=problems(402, 409, 422),
)
async def authorise(
    payment_id: ResourceId,
    wanted: AuthorisationRequest,
    payments: Payments,
    seconds: Annotated[float, Depends(_authorisation_seconds)],
) -> PaymentState:
    asked = Asked(
        id=payment_id,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        method=wanted.payment_method,
        request=as_asked(wanted),
    )
    made = await payments.make(
        payment_id, lambda known: rules.authorise(asked, known, utc_now(), seconds)
    )
    shown, refusal = _to_wire(made), rules.refusal_of(made)
    note(PAYMENTS, shown.status if refusal else "authorised", payment_id)
    if refusal:
        raise refusal
    return shown


@router.put(
    "/captures/{capture_id}",
    summary="Capture a share, up to the total; repeated with the same body, the same answer",
    responses=problems(402, 404, 409, 422),
)
async def capture(
    payment_id: ResourceId, capture_id: ResourceId, wanted: CaptureRequest, payments: Payments
) -> CaptureState:
    asked = Capture(capture_id, wanted.amount.amount, wanted.amount.currency)
    made = await payments.change(
        payment_id, lambda known: rules.capture(asked, payment_id, known, utc_now())
    )
    if capture_id not in made.shares and (refusal := rules.refusal_of(made)):
        note(PAYMENTS, "expired", capture_id)
        raise refusal
    note(PAYMENTS, "captured", capture_id)
    return _share_to_wire(made.shares[capture_id], payment_id)


@router.post(
    "/captures/{capture_id}/refund",
    summary="Give that share back; of an unknown capture, leave a tombstone",
)
async def refund(
    payment_id: ResourceId, capture_id: ResourceId, payments: Payments
) -> CaptureState:
    made = await payments.change(
        payment_id, lambda known: rules.refund(capture_id, payment_id, known, utc_now())
    )
    note(PAYMENTS, "refunded", capture_id)
    return _share_to_wire(made.shares[capture_id], payment_id)


@router.post(
    "/cancel",
    summary="Settle to nothing, or to the fee to keep: void what is on hold, refund what was "
    "captured; of something unknown, leave a tombstone",
    responses=problems(409, 422),
)
async def cancel(
    payment_id: ResourceId, payments: Payments, wanted: CancelRequest | None = None
) -> PaymentState:
    fee = wanted.keep if wanted else None
    keep = Capture(_FEE, fee.amount, fee.currency) if fee else None
    made = await payments.change(
        payment_id, lambda known: rules.cancel(payment_id, known, utc_now(), keep)
    )
    shown = _to_wire(made)
    note(PAYMENTS, "cancelled" if shown.status == "cancelled" else "nothing to cancel", payment_id)
    return shown


@router.get("", summary="Look at a payment", responses=problems(404))
async def get(payment_id: ResourceId, payments: Payments) -> PaymentState:
    return _to_wire(await payments.get(payment_id) or Payment(id=payment_id))


def _to_wire(stored: Payment) -> PaymentState:
    status = stored.status_at(utc_now())
    if status is None:
        raise rules.unknown(stored.id)
    return PaymentState(
        id=stored.id,
        status=status,
        authorised=Money(amount=stored.authorised, currency=stored.currency),
        captured=Money(amount=stored.captured, currency=stored.currency),
        refunded=Money(amount=stored.refunded, currency=stored.currency),
        payment_method=stored.method,
        reason=stored.reason,
        expires_at=stored.expires_at,
        postings=[PaymentLine.model_validate(dict(p), extra="ignore") for p in stored.postings],
    )


def _share_to_wire(share: Share, payment_id: str) -> CaptureState:
    money = None if share.amount is None else Money(amount=share.amount, currency=share.currency)
    return CaptureState(id=share.id, payment_id=payment_id, status=share.status, amount=money)
