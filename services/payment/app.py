"""PaymentService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic_settings import BaseSettings

from base.sidecar import Sidecar
from base.state import StateStore
from kit.documents import Documents
from kit.service import create_service
from services.payment import charge_routes, payment_routes
from services.payment.ledger import Charge
from services.payment.payments import Payment

_STORE = "payment-store"
_STATUSES = {
    "card_declined": 402,
    "insufficient_funds": 402,
    "unknown_charge": 404,
    "unknown_payment": 404,
    "unknown_payment_method": 422,
}


class AuthorisationSettings(BaseSettings):
    """``AUTHORISATION_SECONDS``: how long what is authorised can be captured. Seven days are what
    most cards grant (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method)."""

    authorisation_seconds: float = 7 * 24 * 60 * 60


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    state = StateStore(sidecar, _STORE)
    app.state.charges = Documents(state, "charge", Charge)
    app.state.payments = Documents(state, "payment", Payment)
    app.state.authorisation_seconds = AuthorisationSettings().authorisation_seconds
    yield


app = create_service("PaymentService", _STORE, _live, _STATUSES)
app.include_router(charge_routes.router)
app.include_router(payment_routes.router)
