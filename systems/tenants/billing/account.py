"""The rules of a billing account: what a plan costs, and what is owed at the end."""

from datetime import datetime
from hashlib import blake2s
from math import ceil

from pydantic import BaseModel

from base.errors import Refusal
from base.wire import Money

PRICES = {"starter": 2_900, "business": 19_900}
"""A month of thirty days, in minor units of the currency."""
CURRENCY = "EUR"
_MONTH_DAYS = 30
_DAY_SECONDS = 86_400


class Invoice(BaseModel, extra="allow"):
    """The last invoice of an account; days that were begun count."""

    number: str
    days: int
    total: Money
    issued_at: datetime


class Account(BaseModel, extra="allow"):
    """An account as it is stored. It stays when it is closed: books are kept."""

    id: str
    plan: str = "starter"
    email: str = ""
    status: str = "open"
    opened_at: datetime
    closed_at: datetime | None = None
    invoice: Invoice | None = None


def opened(known: Account | None, id_: str, plan: str, email: str, now: datetime) -> Account:
    """Return the account, open since the first time that it was asked for."""
    return known or Account(id=id_, plan=plan, email=email, opened_at=now)


def suspended(account: Account, is_it: bool) -> Account:
    """Return the account, suspended or open again. A closed one stays closed."""
    if account.status == "closed":
        return account
    return account.model_copy(update={"status": "suspended" if is_it else "open"})


def invoiced(account: Account, now: datetime) -> Account:
    """Return the account with its final invoice, which is made once.

    Refuses ``account_closed``: it was closed without one.
    """
    if account.invoice:
        return account
    if account.status == "closed":
        raise Refusal("account_closed", f"The account {account.id} is closed.")
    days = max(1, ceil((now - account.opened_at).total_seconds() / _DAY_SECONDS))
    total = ceil(PRICES[account.plan] * days / _MONTH_DAYS)
    invoice = Invoice(
        number=f"F-{now:%Y}-{blake2s(account.id.encode(), digest_size=5).hexdigest().upper()}",
        days=days,
        total=Money(amount=total, currency=CURRENCY),
        issued_at=now,
    )
    return account.model_copy(update={"invoice": invoice})


def closed(account: Account, now: datetime) -> Account:
    """Return the account closed."""
    if account.status == "closed":
        return account
    return account.model_copy(update={"status": "closed", "closed_at": now})
