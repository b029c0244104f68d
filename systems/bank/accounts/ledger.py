"""The rules of the ledger: money is held, then posted; a posting is reversed, never changed.

A hold keeps an amount of an account: posted less pending, the available balance, never falls below
zero. It is resolved once: posted, voided or expired, and whoever comes second is told which. The
rules are pure: they take what is stored and the time, and return what is to be stored, or refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from base.errors import Refusal
from systems.bank.accounts.records import (
    Account,
    Accounts,
    Change,
    Claim,
    Entry,
    Hold,
    Leg,
    Posting,
)

LONGEST_HOLD = timedelta(days=7)

_DONE = {"credit": "credited", "deposit": "deposited", "settlement": "settled"}


@dataclass(frozen=True)
class AskedHold:
    """What is to be held: an amount and a fee beside it, for so many seconds."""

    id: str
    request: dict[str, Any]
    account: str
    amount: int
    fee: int
    currency: str
    seconds: float


@dataclass(frozen=True)
class AskedCredit:
    """What an account is to be credited with, from which of the bank's own accounts: both are of a
    settlement."""

    id: str
    request: dict[str, Any]
    kind: Literal["credit", "deposit", "settlement"]
    source: str
    account: str
    amount: int
    currency: str
    counterparty: str = ""
    remittance: str = ""


@dataclass(frozen=True)
class Told:
    """What a posting tells: its value date, the other party, and what it is for."""

    value_date: date
    counterparty: str = ""
    remittance: str = ""


def hold(asked: AskedHold, known: Hold | None, accounts: Accounts, now: datetime) -> Change[Hold]:
    """Keep the amount and the fee. Asking again for the same changes nothing.

    Refuses: `usable`; ``insufficient_funds``; ``idempotency_conflict``; and for a hold that is
    over, as `post`.
    """
    if known is not None:
        if known.request is not None and known.request != asked.request:
            raise conflict(known.id)
        return _over(known, accounts, now) or Change(known)
    account = usable(asked.account, asked.currency, accounts)
    needed = asked.amount + asked.fee
    if account.unclaimed < needed:  # who needs the place of holds that ran out removes them
        account = account.without(*account.lapsed(now))
    if account.unclaimed < needed:
        why = f"{needed} was asked for, and {max(0, account.unclaimed)} is available."
        raise Refusal("insufficient_funds", why)
    until = now + timedelta(seconds=asked.seconds)
    made = Hold(
        id=asked.id,
        status="pending",
        request=asked.request,
        account=asked.account,
        amount=asked.amount,
        fee=asked.fee,
        currency=asked.currency,
        created_at=now,
        expires_at=until,
    )
    return _changed("held", made, account.with_claim(made.id, Claim(amount=needed, until=until)))


def extend(
    hold_id: str, known: Hold | None, accounts: Accounts, now: datetime, until: datetime
) -> Change[Hold]:
    """Let a hold last until then, never shorter than it did.

    Refuses: ``unknown_hold``; ``hold_too_long``; and for a hold that is over, as `post`.
    """
    known = _known(hold_id, known)
    if over := _over(known, accounts, now):
        return over
    if known.posting:
        raise _already(known)
    if known.expires_at is not None and until <= known.expires_at:
        return Change(known)
    if until > now + LONGEST_HOLD:
        raise Refusal("hold_too_long", f"A hold lasts {LONGEST_HOLD.days} days at the most.")
    made = known.model_copy(update={"expires_at": until})
    claim = Claim(amount=known.amount + known.fee, until=until)
    return _changed("extended", made, accounts[known.account].with_claim(known.id, claim))


def post(
    hold_id: str,
    posting_id: str,
    in_transit: str,
    fees: str,
    told: Told,
    known: Hold | None,
    accounts: Accounts,
    now: datetime,
) -> Change[Hold]:
    """Post what is held to the in-transit account, its fee to the fees. Posting it again under the
    same id changes nothing.

    Refuses: ``unknown_hold``; ``already_posted`` under another id, also if it was reversed since;
    ``already_voided``; ``expired``; ``account_frozen``.
    """
    known = _known(hold_id, known)
    if known.posting is not None and known.posting.id == posting_id and known.status == "posted":
        return Change(known)
    if known.posting is not None:
        raise _already(known)
    if over := _over(known, accounts, now):
        return over
    payer = usable(known.account, known.currency, accounts)
    legs = [
        Leg(account=known.account, amount=-known.amount - known.fee),
        Leg(account=in_transit, amount=known.amount),
        *([Leg(account=fees, amount=known.fee)] if known.fee else []),
    ]
    posting = Posting(
        id=posting_id, kind="debit", legs=legs, currency=known.currency, booked_at=now, **vars(told)
    )
    made = known.model_copy(update={"status": "posted", "posting": posting})
    return booked("debited", made, posting, {**accounts, payer.id: payer.without(known.id)})


def void(hold_id: str, known: Hold | None, accounts: Accounts, now: datetime) -> Change[Hold]:
    """Keep nothing any more; of something unknown leave a tombstone. Voiding it again changes
    nothing. Refuses ``already_posted`` and ``expired``."""
    if known is not None and known.posting is not None:
        raise _already(known)
    if known is not None and (over := _ended(known, accounts, now)):
        return over
    return release(hold_id, known, accounts, now)


def release(hold_id: str, known: Hold | None, accounts: Accounts, now: datetime) -> Change[Hold]:
    """Void the hold if it is still pending; of something unknown leave a tombstone; and leave it as
    it is if it is resolved in any other way."""
    if known is None:
        return _changed("voided", Hold(id=hold_id, status="voided", created_at=now))
    if known.status != "pending":
        return Change(known)
    if lapsed := _ended(known, accounts, now):
        return replace(lapsed, refusal=None)
    made = known.model_copy(update={"status": "voided"})
    return _changed("voided", made, accounts[known.account].without(known.id))


def expire(known: Hold, accounts: Accounts, now: datetime) -> Change[Hold]:
    """End a hold that ran out, or whose place another one took; leave anything else as it is."""
    ended = _ended(known, accounts, now)
    return replace(ended, refusal=None) if ended else Change(known)


def reverse(
    hold_id: str,
    reason: str,
    suspense: str,
    value_date: date,
    known: Hold | None,
    accounts: Accounts,
    now: datetime,
) -> Change[Hold]:
    """Bring home what was posted, by a reversing entry of all its legs. What was not posted is
    released, so that a late posting is refused. If the account was closed meanwhile, the money goes
    to the suspense account, where a person sees to it. Doing it again changes nothing."""
    if known is None or known.posting is None:
        return release(hold_id, known, accounts, now)
    if known.status == "reversed":
        return Change(known)
    gone = accounts[known.account].status == "closed"
    legs = [
        Leg(
            account=suspense if gone and leg.account == known.account else leg.account,
            amount=-leg.amount,
        )
        for leg in known.posting.legs
    ]
    reversal = Posting(
        id=f"{known.posting.id}:reversal",
        kind="reversal",
        legs=legs,
        currency=known.currency,
        booked_at=now,
        value_date=value_date,
        counterparty=known.posting.counterparty,
        remittance=known.posting.remittance,
        reason=reason,
    )
    made = known.model_copy(update={"status": "reversed", "reversal": reversal})
    return booked("reversed", made, reversal, accounts)


def credit(
    asked: AskedCredit, value_date: date, known: Posting | None, accounts: Accounts, now: datetime
) -> Change[Posting]:
    """Book a posting once: a credit, a deposit of cash, or a settlement.

    Refuses: `usable`, of a customer's account; ``idempotency_conflict``.
    """
    if known is not None:
        if known.request != asked.request:
            raise conflict(known.id)
        return Change(known)
    if asked.kind != "settlement":
        usable(asked.account, asked.currency, accounts)
    posting = Posting(
        id=asked.id,
        kind=asked.kind,
        legs=[
            Leg(account=asked.source, amount=-asked.amount),
            Leg(account=asked.account, amount=asked.amount),
        ],
        currency=asked.currency,
        booked_at=now,
        value_date=value_date,
        counterparty=asked.counterparty,
        remittance=asked.remittance,
        request=asked.request,
    )
    return booked(_DONE[asked.kind], posting, posting, accounts)


def usable(account_id: str, currency: str, accounts: Accounts) -> Account:
    """Return an account that may be debited and credited in this currency.

    Refuses ``unknown_account``, ``account_closed``, ``account_frozen``, ``currency_mismatch``.
    """
    account = accounts.get(account_id)
    if account is None or not account.is_customers:
        raise Refusal("unknown_account", f"There is no account {account_id}.")
    if account.status != "open":
        raise Refusal(f"account_{account.status}", f"{account_id} is {account.status}.")
    if account.currency != currency:
        why = f"{account_id} is kept in {account.currency}, not in {currency}."
        raise Refusal("currency_mismatch", why)
    return account


def conflict(record_id: str) -> Refusal:
    """Return the refusal of an id that was used for something else."""
    return Refusal("idempotency_conflict", f"{record_id} was used for another request.")


def booked(event: str, kept: Any, posting: Posting, accounts: Accounts) -> Change[Any]:
    """Return the change that books a posting: each leg is a line of its account's statement."""
    assert sum(leg.amount for leg in posting.legs) == 0, "debits and credits are equal"
    changed, entries = dict[str, Account](), []
    for leg in posting.legs:
        account = changed.get(leg.account, accounts[leg.account])
        update = {"posted": account.posted + leg.amount, "entries": account.entries + 1}
        after = account.model_copy(update=update)
        changed[leg.account] = after
        entries.append(
            Entry(
                account=leg.account,
                number=after.entries,
                posting=posting.id,
                kind=posting.kind,
                amount=leg.amount,
                balance=after.posted,
                booked_at=posting.booked_at,
                value_date=posting.value_date,
                counterparty=posting.counterparty,
                remittance=posting.remittance,
                reason=posting.reason,
            )
        )
    facts = posting.model_dump(mode="json", exclude={"request", "booked_at"}, exclude_none=True)
    return Change(kept, event, changed, entries, facts)


def _changed(event: str, made: Hold, account: Account | None = None) -> Change[Hold]:
    facts: Mapping[str, Any] = {
        "id": made.id,
        "account": made.account,
        "amount": made.amount + made.fee,
        "currency": made.currency,
        "expires_at": made.expires_at.isoformat() if made.expires_at else None,
    }
    return Change(made, event, {account.id: account} if account else {}, facts=facts)


def _known(hold_id: str, known: Hold | None) -> Hold:
    if known is None:
        raise Refusal("unknown_hold", f"There is no hold {hold_id}.")
    return known


def _already(known: Hold) -> Refusal:
    assert known.posting is not None
    how = " and reversed since" if known.status == "reversed" else ""
    return Refusal("already_posted", f"{known.id} was posted as {known.posting.id}{how}.")


def _over(known: Hold, accounts: Accounts, now: datetime) -> Change[Hold] | None:
    """Return the refusal of a hold that is over without having been posted, or None."""
    if known.status == "voided":
        raise Refusal("already_voided", f"{known.id} was voided.")
    return _ended(known, accounts, now)


def _ended(known: Hold, accounts: Accounts, now: datetime) -> Change[Hold] | None:
    """Return the change that ends a hold which ran out, or whose place another one took, with the
    refusal. It is recorded: what was refused to one is not granted to another whose clock is
    behind."""
    why = Refusal("expired", f"The hold {known.id} ran out at {known.expires_at}.")
    if known.status == "expired":
        return Change(known, refusal=why)
    if known.status != "pending":
        return None
    account = accounts[known.account]
    lapsed = known.expires_at is not None and known.expires_at <= now
    if known.id in account.holds and not lapsed:
        return None
    made = known.model_copy(update={"status": "expired"})
    return replace(_changed("expired", made, account.without(known.id)), refusal=why)
