"""PaymentService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from base.sidecar import Sidecar
from base.state import StateStore
from kit.documents import Documents
from kit.service import create_service
from services.payment import charge_routes
from services.payment.ledger import Charge

_STORE = "payment-store"
_STATUSES = {
    "card_declined": 402,
    "insufficient_funds": 402,
    "unknown_charge": 404,
    "unknown_payment_method": 422,
}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app.state.charges = Documents(StateStore(sidecar, _STORE), "charge", Charge)
    yield


app = create_service("PaymentService", _STORE, _live, _STATUSES)
app.include_router(charge_routes.router)
