"""AccountService over HTTP: the accounts of one bank, and what transfers do with them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from base.clock import utc_now
from base.errors import Unavailable
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.expiry import Clearing
from kit.jobs import Jobs
from kit.reservation_service import expiry_jobs
from kit.service import create_service
from systems.bank.accounts import asked, routes, system_accounts, told
from systems.bank.accounts import models as wire
from systems.bank.accounts.bookkeeping import Bookkeeping, reached
from systems.bank.accounts.books import Books
from systems.bank.accounts.days import booking_day
from systems.bank.accounts.demo import Opening
from systems.bank.accounts.routes import BooksOf, settings

_STATUSES = {
    "unknown_account": 404,
    "unknown_hold": 404,
    "unknown_posting": 404,
    "other_bank": 422,
    "unknown_bank": 422,
    "nothing_to_settle": 422,
    "hold_too_long": 422,
}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    kept = Books(StateStore(sidecar, settings.store), system_accounts.own, utc_now)
    app.state.books = Bookkeeping(kept, Clearing(Jobs(sidecar), utc_now), utc_now)
    app.state.expiry = app.state.books  # it clears what ran out
    app.state.opening = Opening(app.state.books, settings.which, done=not settings.demo)
    opening = asyncio.create_task(app.state.opening.run())
    yield
    opening.cancel()


async def _ready(app: FastAPI) -> None:
    if not app.state.opening.done:
        raise Unavailable("The demonstration accounts are not open yet.")


app = create_service("AccountService", settings.store, _live, _STATUSES, _ready)
app.include_router(expiry_jobs())
app.include_router(routes.accounts)
app.include_router(routes.books)


@app.put("/deposits/{posting_id}", tags=["postings"], responses=problems(404, 409, 422))
async def deposit(
    posting_id: ResourceId, wanted: wire.DepositRequest, books: BooksOf
) -> wire.PostingState:
    """A customer pays cash in, once."""
    return told.posting(await books.credit(asked.deposit(posting_id, wanted)))


@app.put("/credits/{posting_id}", tags=["postings"], responses=problems(404, 409, 422))
async def credit(
    posting_id: ResourceId, wanted: wire.CreditRequest, books: BooksOf
) -> wire.PostingState:
    """Credit the payee from the in-transit account of the payer's bank, once."""
    bank = reached(wanted.payer)
    return told.posting(await books.credit(asked.credit(posting_id, wanted, bank)))


@app.put("/settlements/{posting_id}", tags=["postings"], responses=problems(409, 422))
async def settle(
    posting_id: ResourceId, wanted: wire.SettlementRequest, books: BooksOf
) -> wire.PostingState:
    """Take out of transit what the payee of another bank has, once."""
    banks = settings.which, reached(wanted.payer), reached(wanted.payee)
    return told.posting(await books.credit(asked.settlement(posting_id, wanted, *banks)))


@app.get("/postings/{posting_id}", tags=["postings"], responses=problems(404))
async def posting(posting_id: ResourceId, books: BooksOf) -> wire.PostingState:
    """Look at a credit, a deposit or a settlement."""
    return told.posting(await books.posting(posting_id))


@app.put("/holds/{hold_id}", tags=["holds"], responses=problems(404, 409, 422))
async def hold(hold_id: ResourceId, wanted: wire.HoldRequest, books: BooksOf) -> wire.HoldState:
    """Hold an amount, and the fee; the available balance never falls below zero."""
    seconds = settings.hold_seconds
    return told.hold(await books.hold(asked.hold(hold_id, wanted, settings.transfer_fee, seconds)))


@app.post("/holds/{hold_id}/extend", tags=["holds"], responses=problems(404, 409, 422))
async def extend(hold_id: ResourceId, wanted: wire.ExtendRequest, books: BooksOf) -> wire.HoldState:
    """Let it last longer, seven days at the most."""
    return told.hold(await books.extend(hold_id, wanted.until))


@app.post("/holds/{hold_id}/post", tags=["holds"], responses=problems(404, 409, 422))
async def post(hold_id: ResourceId, wanted: wire.PostRequest, books: BooksOf) -> wire.HoldState:
    """Debit what is held to the in-transit account of the payee's bank."""
    posted = await books.post(hold_id, wanted.posting_id, wanted.payee, wanted.remittance)
    return told.hold(posted)


@app.post("/holds/{hold_id}/void", tags=["holds"], responses=problems(409))
async def void(hold_id: ResourceId, books: BooksOf) -> wire.HoldState:
    """Let it go, unless it is posted or expired; of something unknown, leave a tombstone."""
    return told.hold(await books.void(hold_id))


@app.post("/holds/{hold_id}/release", tags=["holds"])
async def release(hold_id: ResourceId, books: BooksOf) -> wire.HoldState:
    """Let go of what is still pending, whatever became of the hold; or leave a tombstone."""
    return told.hold(await books.release(hold_id))


@app.post("/holds/{hold_id}/reverse", tags=["holds"], responses=problems(422))
async def reverse(
    hold_id: ResourceId, books: BooksOf, wanted: wire.ReverseRequest | None = None
) -> wire.HoldState:
    """Bring home what was posted, by a reversing entry; or release what was not."""
    return told.hold(await books.reverse(hold_id, (wanted or wire.ReverseRequest()).reason))


@app.get("/holds/{hold_id}", tags=["holds"], responses=problems(404))
async def held(hold_id: ResourceId, books: BooksOf) -> wire.HoldState:
    """Look at a hold, and at what it became."""
    return told.hold(await books.held(hold_id))


@app.put("/limits/{limit_id}", tags=["limits"], responses=problems(404, 409, 422))
async def take(limit_id: ResourceId, wanted: wire.LimitRequest, books: BooksOf) -> wire.LimitState:
    """Take an amount of today's limit."""
    return told.limit(await books.take_limit(asked.limit(limit_id, wanted, booking_day(utc_now()))))


@app.post("/limits/{limit_id}/release", tags=["limits"])
async def release_limit(limit_id: ResourceId, books: BooksOf) -> wire.LimitState:
    """Give back what was taken; of something unknown, leave a tombstone."""
    return told.limit(await books.release_limit(limit_id))
