"""PaymentService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiohttp
from fastapi import Depends, FastAPI, Request

from services.kit.clock import utc_now
from services.kit.meters import CHARGES, note
from services.kit.problems import refusals
from services.kit.refusals import Refusal
from services.kit.service import create_service
from services.kit.state import StateStore
from services.kit.wire import Money, ResourceId, as_asked
from services.payment import ledger
from services.payment.ledger import Asked, Charge
from services.payment.models import ChargeRequest, ChargeState, PostingLine
from services.payment.store import ChargeStore

_STORE = "payment-store"


@asynccontextmanager
async def _live(app: FastAPI, session: aiohttp.ClientSession) -> AsyncIterator[None]:
    app.state.charges = ChargeStore(StateStore(session, _STORE))
    yield


async def _charges(request: Request) -> ChargeStore:
    found: ChargeStore = request.app.state.charges
    return found


Charges = Annotated[ChargeStore, Depends(_charges)]

app = create_service("PaymentService", _STORE, _live)


@app.put(
    "/charges/{charge_id}",
    tags=["charges"],
    summary="Charge; repeated with the same body, the same answer",
    responses=refusals(402, 409, 422),
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
    "/charges/{charge_id}", tags=["charges"], summary="Look at a charge", responses=refusals(404)
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
