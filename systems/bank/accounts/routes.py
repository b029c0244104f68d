"""The routes of what a bank's books tell: accounts, statements, the trial balance, the audit."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from systems.bank.accounts import asked, told
from systems.bank.accounts import models as wire
from systems.bank.accounts.bookkeeping import Bookkeeping, Deed
from systems.bank.accounts.settings import BankSettings
from systems.bank.banks import Iban, bank_of


async def _books(request: Request) -> Bookkeeping:
    found: Bookkeeping = request.app.state.books
    return found


BooksOf = Annotated[Bookkeeping, Depends(_books)]
settings = BankSettings()
accounts = APIRouter(prefix="/accounts", tags=["accounts"])
books = APIRouter(tags=["books"])


@accounts.get("", summary="All accounts, the bank's own too")
async def every(books: BooksOf) -> wire.AccountList:
    _, kept = await books.snapshot()
    listed = [told.account(each, utc_now()) for each in kept]
    return wire.AccountList(bank=settings.which.name, accounts=listed)


@accounts.post("/check", summary="May it be debited and credited?", responses=problems(404, 409))
async def check(wanted: wire.CheckRequest, books: BooksOf) -> wire.CheckState:
    return told.check(await books.check(wanted.account, wanted.currency))


@accounts.put("/{iban}", summary="Open an account", responses=problems(409, 422))
async def open_account(iban: Iban, wanted: wire.OpenRequest, books: BooksOf) -> wire.AccountState:
    if bank_of(iban) != settings.which:
        raise Refusal("other_bank", f"{iban} is not an account of {settings.which.title}.")
    return told.account(await books.open_account(asked.account(iban, wanted)), utc_now())


@accounts.post("/{iban}/close", summary="For ever", responses=problems(404, 409, 422))
async def close(iban: Iban, wanted: wire.StatusRequest, books: BooksOf) -> wire.AccountState:
    return told.account(await books.close(iban, wanted.reason), utc_now())


@accounts.post("/{iban}/{deed}", summary="Freeze, or unfreeze", responses=problems(404, 409, 422))
async def turn(
    iban: Iban, deed: Deed, wanted: wire.StatusRequest, books: BooksOf
) -> wire.AccountState:
    return told.account(await books.turn(iban, deed, wanted.reason), utc_now())


@accounts.get("/{account}", summary="Posted, pending, available", responses=problems(404))
async def look(account: str, books: BooksOf) -> wire.AccountState:
    return told.account(await books.account(account), utc_now())


@accounts.get("/{account}/statement", responses=problems(404, 422))
async def statement(
    account: str,
    books: BooksOf,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> wire.Statement:
    """The entries of these booking days, both included, with the balance after each."""
    return told.statement(*await books.statement(account, first, last, after, limit))


@books.get("/trial-balance", summary="The sum of all accounts, which is 0 at every moment")
async def trial_balance(books: BooksOf) -> wire.TrialBalance:
    return told.trial_balance(settings.which.name, *await books.snapshot())


@books.get("/audit-lines", summary="The chain of audit lines, in order")
async def audit(
    books: BooksOf,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> wire.AuditPage:
    return told.audit(*await books.lines(after, limit))
