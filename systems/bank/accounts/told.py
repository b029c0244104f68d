"""From what the books keep to what the service tells."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from base.wire import Money
from systems.bank.accounts import models as wire
from systems.bank.accounts.chain import Head, Line
from systems.bank.accounts.records import Account, Entry, Hold, Leg, LimitUse, Posting


def account(kept: Account, now: datetime) -> wire.AccountState:
    def sum_of(amount: int) -> wire.Balance:
        return wire.Balance(amount=amount, currency=kept.currency)

    limits = ("per_transfer", "per_day", "limit_taken") if kept.is_customers else ()
    return wire.AccountState(
        account=kept.id,
        holder=kept.holder,
        status=kept.status,
        posted=sum_of(kept.posted),
        pending=sum_of(kept.pending(now)),
        available=sum_of(kept.available(now)),
        **{name: getattr(kept, name) for name in limits},
    )


def check(kept: Account) -> wire.CheckState:
    return wire.CheckState(
        account=kept.id, holder=kept.holder, email=kept.email, currency=kept.currency
    )


def hold(kept: Hold) -> wire.HoldState:
    if kept.request is None:
        return wire.HoldState(id=kept.id, status=kept.status)
    return wire.HoldState(
        id=kept.id,
        status=kept.status,
        account=kept.account,
        amount=Money(amount=kept.amount, currency=kept.currency),
        fee=Money(amount=kept.fee, currency=kept.currency),
        expires_at=kept.expires_at if kept.status == "pending" else None,
        posting=posting(kept.posting) if kept.posting else None,
        reversal=posting(kept.reversal) if kept.reversal else None,
    )


def posting(kept: Posting) -> wire.PostingState:
    return wire.PostingState(
        id=kept.id,
        kind=kept.kind,
        legs=[_side(leg, kept.currency) for leg in kept.legs],
        booked_at=kept.booked_at,
        value_date=kept.value_date,
        counterparty=kept.counterparty or None,
        remittance=kept.remittance or None,
        reason=kept.reason,
    )


def limit(kept: LimitUse) -> wire.LimitState:
    return wire.LimitState(id=kept.id, status=kept.status, amount=kept.amount, day=kept.day)


def statement(kept: Account, entries: Sequence[Entry], before: int, more: bool) -> wire.Statement:
    """Tell of entries that follow a balance ``before``."""

    def sum_of(amount: int) -> wire.Balance:
        return wire.Balance(amount=amount, currency=kept.currency)

    return wire.Statement(
        account=kept.id,
        holder=kept.holder,
        opening=sum_of(before),
        closing=sum_of(entries[-1].balance if entries else before),
        entries=[
            wire.EntryState(
                number=entry.number,
                booked_at=entry.booked_at,
                value_date=entry.value_date,
                posting=entry.posting,
                kind=entry.kind,
                amount=sum_of(entry.amount),
                balance=sum_of(entry.balance),
                counterparty=entry.counterparty or None,
                remittance=entry.remittance or None,
                reason=entry.reason,
            )
            for entry in entries
        ],
        next=entries[-1].number if more else None,
    )


def trial_balance(bank: str, head: Head, accounts: Iterable[Account]) -> wire.TrialBalance:
    sides: dict[str, dict[str, int]] = {"debit": defaultdict(int), "credit": defaultdict(int)}
    listed = []
    for kept in accounts:
        sides["credit" if kept.posted >= 0 else "debit"][kept.currency] += abs(kept.posted)
        listed.append(_side(Leg(account=kept.id, amount=kept.posted), kept.currency))
    currencies = sorted({*sides["debit"], *sides["credit"]})

    def sums(side: str) -> list[wire.Balance]:
        return [wire.Balance(amount=sides[side][each], currency=each) for each in currencies]

    return wire.TrialBalance(
        bank=bank,
        as_of=head.number,
        accounts=listed,
        debits=sums("debit"),
        credits=sums("credit"),
        difference=sum(abs(sides["debit"][each] - sides["credit"][each]) for each in currencies),
    )


def audit(lines: Iterable[Line], head: Head) -> wire.AuditPage:
    told = [wire.LineState.model_validate(line.model_dump(mode="json")) for line in lines]
    return wire.AuditPage(lines=told, last=head.number, hash=head.hash)


def _side(leg: Leg, currency: str) -> wire.LegState:
    side: Literal["debit", "credit"] = "debit" if leg.amount < 0 else "credit"
    amount = wire.Balance(amount=abs(leg.amount), currency=currency)
    return wire.LegState(account=leg.account, side=side, amount=amount)
