"""The rules of limits: a transfer takes its amount of the payer's daily limit, or gives it back."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from base.errors import Refusal
from systems.bank.accounts import ledger
from systems.bank.accounts.records import Account, Accounts, Change, LimitUse


@dataclass(frozen=True)
class AskedLimit:
    """What is to be taken of the limit of a day."""

    id: str
    request: dict[str, Any]
    account: str
    amount: int
    currency: str
    day: date


def take(asked: AskedLimit, known: LimitUse | None, accounts: Accounts) -> Change[LimitUse]:
    """Take the amount of the day's limit; of the next day's, if that has begun in the books: who
    comes late, or by a clock that is behind, does not begin a day's count anew. Asking again for
    the same changes nothing.

    Refuses: `ledger.usable`; ``transfer_limit_exceeded``; ``daily_limit_exceeded``;
    ``limit_released`` (perhaps before it came); ``idempotency_conflict``.
    """
    if known is not None:
        return _same_again(asked, known)
    account = ledger.usable(asked.account, asked.currency, accounts)
    if asked.amount > account.per_transfer:
        why = f"One transfer moves {account.per_transfer} at the most."
        raise Refusal("transfer_limit_exceeded", why)
    day = _day(asked.day, account.limit_day)
    taken = _taken(account, day)
    if taken + asked.amount > account.per_day:
        why = f"{account.per_day} may be moved on {day}, and {taken} is taken."
        raise Refusal("daily_limit_exceeded", why)
    made = LimitUse(
        id=asked.id,
        status="taken",
        request=asked.request,
        account=asked.account,
        amount=asked.amount,
        day=day,
    )
    return _changed("limit_taken", made, account, day, taken + asked.amount)


def release(limit_id: str, known: LimitUse | None, accounts: Accounts) -> Change[LimitUse]:
    """Give back what was taken; of something unknown leave a tombstone."""
    if known is None:
        made = LimitUse(id=limit_id, status="released")
        return Change(made, "limit_released", facts={"id": limit_id})
    if known.status == "released" or known.day is None:
        return Change(known)
    account, made = accounts[known.account], known.model_copy(update={"status": "released"})
    day = account.limit_day or known.day
    left = _taken(account, day) - (known.amount if day == known.day else 0)
    return _changed("limit_released", made, account, day, left)


def _day(asked: date, begun: date | None) -> date:
    """Return the day whose limit is taken of. A clock that was far ahead is not followed."""
    next_day = asked + timedelta(days=1)
    return next_day if begun == next_day else asked


def _taken(account: Account, day: date) -> int:
    return account.limit_taken if account.limit_day == day else 0


def _changed(
    event: str, made: LimitUse, account: Account, day: date, taken: int
) -> Change[LimitUse]:
    after = account.model_copy(update={"limit_day": day, "limit_taken": taken})
    facts = made.model_dump(mode="json", include={"id", "account", "amount", "day"})
    return Change(made, event, {account.id: after}, facts=facts)


def _same_again(asked: AskedLimit, known: LimitUse) -> Change[LimitUse]:
    if known.request is not None and known.request != asked.request:
        raise ledger.conflict(known.id)
    if known.status == "released":
        raise Refusal("limit_released", f"{known.id} is released.")
    return Change(known)
