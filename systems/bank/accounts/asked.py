"""From what a request says to what the rules are asked for."""

from datetime import date

from base.wire import as_asked
from systems.bank.accounts import models as wire
from systems.bank.accounts import system_accounts
from systems.bank.accounts.ledger import AskedCredit, AskedHold
from systems.bank.accounts.limits import AskedLimit
from systems.bank.accounts.records import Account
from systems.bank.banks import Bank


def account(iban: str, wanted: wire.OpenRequest) -> Account:
    return Account(id=iban, request=as_asked(wanted), **wanted.model_dump())


def deposit(posting_id: str, wanted: wire.DepositRequest) -> AskedCredit:
    return AskedCredit(
        id=posting_id,
        request=as_asked(wanted),
        kind="deposit",
        source=system_accounts.cash(wanted.amount.currency),
        account=wanted.account,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        remittance=wanted.remittance,
    )


def credit(posting_id: str, wanted: wire.CreditRequest, of: Bank) -> AskedCredit:
    """Return the credit of money that the payer's bank sends."""
    return AskedCredit(
        id=posting_id,
        request=as_asked(wanted),
        kind="credit",
        source=system_accounts.in_transit(of, wanted.amount.currency),
        account=wanted.account,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        counterparty=wanted.payer,
        remittance=wanted.remittance,
    )


def hold(hold_id: str, wanted: wire.HoldRequest, fee: int, seconds: float) -> AskedHold:
    return AskedHold(
        id=hold_id,
        request=as_asked(wanted),
        account=wanted.account,
        amount=wanted.amount.amount,
        fee=fee,
        currency=wanted.amount.currency,
        seconds=wanted.seconds or seconds,
    )


def limit(limit_id: str, wanted: wire.LimitRequest, day: date) -> AskedLimit:
    return AskedLimit(
        id=limit_id,
        request=as_asked(wanted),
        account=wanted.account,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        day=day,
    )
