"""PaymentService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from prometheus_client import Counter

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import Money, ResourceId, as_asked
from kit.documents import Documents
from kit.meters import note
from kit.service import create_service
from services.payment import ledger
from services.payment.ledger import Asked, Charge
from services.payment.models import ChargeRequest, ChargeState, PostingLine
from services.payment.payment_routes import router
from services.payment.payments import Payment

CHARGES = Counter("charges_total", "Charges by what was done with them", ["done"])

_STORE = "payment-store"
_STATUSES = {
    "card_declined": 402,
    "insufficient_funds": 402,
    "unknown_charge": 404,
    "unknown_payment": 404,
    "unknown_payment_method": 422,
}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    store = StateStore(sidecar, _STORE)
    app.state.charges = Documents(store, "charge", Charge)
    app.state.payments = Documents(store, "payment", Payment)
    yield


async def _charges(request: Request) -> Documents[Charge]:
    found: Documents[Charge] = request.app.state.charges
    return found


Charges = Annotated[Documents[Charge], Depends(_charges)]

app = create_service("PaymentService", _STORE, _live, _STATUSES)
app.include_router(router)


@app.put(
    "/charges/{charge_id}",
    tags=["charges"],
    summary="Charge; repeated with the same body, the same answer",
    responses=problems(402, 409, 422),
)
async def charge(charge_id: ResourceId, wanted: ChargeRequest, charges: Charges) -> ChargeState:
    asked = Asked(
        id=charge_id,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        method=wanted.payment_method,
        request=as_asked(wanted),
    )
    made = await charges.change(charge_id, lambda known: ledger.charge(asked, known, utc_now()))
    note(CHARGES, made.status, charge_id)
    declined = ledger.decline_of(made)
    if declined:
        raise declined
    return _to_wire(made)


@app.post(
    "/charges/{charge_id}/refund",
    tags=["charges"],
    summary="Give all of it back; of something unknown, leave a tombstone",
)
async def refund(charge_id: ResourceId, charges: Charges) -> ChargeState:
    made = await charges.change(charge_id, lambda known: ledger.refund(charge_id, known, utc_now()))
    note(CHARGES, "refunded" if made.status == "refunded" else "nothing to refund", charge_id)
    return _to_wire(made)


@app.get(
    "/charges/{charge_id}", tags=["charges"], summary="Look at a charge", responses=problems(404)
)
async def get(charge_id: ResourceId, charges: Charges) -> ChargeState:
    found = await charges.get(charge_id)
    if found is None:
        raise Refusal("unknown_charge", f"There is no charge {charge_id}.")
    return _to_wire(found)


def _to_wire(stored: Charge) -> ChargeState:
    return ChargeState(
        id=stored.id,
        status=stored.status,
        amount=Money(amount=stored.amount, currency=stored.currency),
        payment_method=stored.method,
        reason=stored.reason,
        postings=[PostingLine.model_validate(dict(p), extra="ignore") for p in stored.postings],
    )
