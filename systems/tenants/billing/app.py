"""BillingService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI
from pydantic import EmailStr

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import Money, ResourceId, Timestamp, Wire
from systems.tenants.billing.account import Account
from systems.tenants.billing.accounts import Accounts
from systems.tenants.estate.catalogue import Catalogue
from systems.tenants.estate.service import KeeperOf, create_estate_service
from systems.tenants.estate.things import Things
from systems.tenants.slugs import Slug

_STORE = "billing-store"


class AccountRequest(Wire):
    """An account: what is billed for whom, and where invoices go."""

    slug: Slug
    plan: Literal["starter", "business"] = "starter"
    email: EmailStr


class InvoiceState(Wire):
    """A final invoice: what is owed for the days since the account was opened."""

    number: str
    days: int
    total: Money
    issued_at: Timestamp


@asynccontextmanager
async def _things(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[Things]:
    app.state.accounts = Accounts(Catalogue(StateStore(sidecar, _STORE), "billing", Account))
    yield app.state.accounts


app = create_estate_service("BillingService", _STORE, "account", AccountRequest, _things)


@app.put(
    "/accounts/{resource_id}/invoice",
    tags=["accounts"],
    summary="Make the final invoice; there is one, however often it is asked for",
    responses=problems(404, 409),
)
async def invoice(resource_id: ResourceId, keeper: KeeperOf) -> InvoiceState:
    accounts: Accounts = app.state.accounts
    await keeper.using(resource_id, accounts.invoice)
    return InvoiceState.model_validate((await accounts.final(resource_id)).model_dump())
