"""From what a request says to what the rules are asked for."""

from datetime import date

from base.errors import Refusal
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
        account=wanted.payee,
        amount=wanted.amount.amount,
        currency=wanted.amount.currency,
        counterparty=wanted.payer,
        remittance=wanted.remittance,
    )


def settlement(
    posting_id: str, wanted: wire.SettlementRequest, own: Bank, payer: Bank, payee: Bank
) -> AskedCredit:
    """Return what takes a transfer out of transit at one of its two banks: the payer's owes it to
    the other, the payee's is owed it. Refuses ``nothing_to_settle``."""
    if (payer == own) == (payee == own):
        raise Refusal("nothing_to_settle", f"It is not between {own.title} and another bank.")
    other, currency = (payee if payer == own else payer), wanted.amount.currency
    in_transit = system_accounts.in_transit(other, currency)
    owed = system_accounts.settlement(other, currency)
    source, account = (in_transit, owed) if payer == own else (owed, in_transit)
    return AskedCredit(
        id=posting_id,
        request=as_asked(wanted),
        kind="settlement",
        source=source,
        account=account,
        amount=wanted.amount.amount,
        currency=currency,
        counterparty=wanted.payee if payer == own else wanted.payer,
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
