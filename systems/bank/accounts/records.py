"""What a bank's books keep: accounts, holds, postings, what is taken of limits.

Amounts are integers in minor units. What a bank owes is positive and what it is owed negative: a
customer's balance is positive, cash is negative, and all accounts of a currency together are 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from base.errors import Refusal

AccountStatus = Literal["open", "frozen", "closed"]
HoldStatus = Literal["pending", "posted", "voided", "expired", "reversed"]
PostingKind = Literal["deposit", "debit", "credit", "reversal", "settlement"]


class Claim(BaseModel, extra="allow"):
    """What one hold keeps of an account's balance, and until when."""

    amount: int
    until: datetime


class Account(BaseModel, extra="allow"):
    """An account as it is stored. One of the bank's own has no ``request`` and no holder.

    ``limit_taken`` is what transfers took of the daily limit on ``limit_day``.
    """

    id: str
    currency: str
    request: dict[str, Any] | None = None
    holder: str = ""
    email: str | None = None
    status: AccountStatus = "open"
    per_transfer: int = 0
    per_day: int = 0
    limit_day: date | None = None
    limit_taken: int = 0
    posted: int = 0
    holds: dict[str, Claim] = {}
    entries: int = 0

    @property
    def is_customers(self) -> bool:
        return self.request is not None

    def pending(self, now: datetime) -> int:
        """Return what holds keep of it, those that ran out not counted."""
        return sum(claim.amount for claim in self.holds.values() if claim.until > now)

    def available(self, now: datetime) -> int:
        """Return what may be held or moved: posted less pending."""
        return self.posted - self.pending(now)

    @property
    def unclaimed(self) -> int:
        """What no hold keeps, those that ran out counted too: what is stored says so."""
        return self.posted - sum(claim.amount for claim in self.holds.values())

    def lapsed(self, now: datetime) -> list[str]:
        """Return the ids of the holds that have run out."""
        return [hold for hold, claim in self.holds.items() if claim.until <= now]

    def without(self, *holds: str) -> "Account":
        left = {hold: claim for hold, claim in self.holds.items() if hold not in holds}
        return self.model_copy(update={"holds": left})

    def with_claim(self, hold: str, claim: Claim) -> "Account":
        return self.model_copy(update={"holds": {**self.holds, hold: claim}})


class Leg(BaseModel, extra="allow"):
    """One side of a posting: a credit is positive, a debit negative."""

    account: str
    amount: int


class Posting(BaseModel, extra="allow"):
    """An entry of the journal; its legs are together 0. It never changes: a mistake is corrected by
    another one, with a ``reason``."""

    id: str
    kind: PostingKind
    legs: list[Leg]
    currency: str
    booked_at: datetime
    value_date: date
    counterparty: str = ""
    remittance: str = ""
    reason: str | None = None
    request: dict[str, Any] | None = None

    @property
    def touches(self) -> list[str]:
        return [leg.account for leg in self.legs]


class Hold(BaseModel, extra="allow"):
    """A hold as it is stored: the amount, a ``fee`` in it. A tombstone has no request.

    ``posting`` is what it became when it was posted, ``reversal`` what brought the money home.
    """

    id: str
    status: HoldStatus
    request: dict[str, Any] | None = None
    account: str = ""
    amount: int = 0
    fee: int = 0
    currency: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    posting: Posting | None = None
    reversal: Posting | None = None

    @property
    def touches(self) -> list[str]:
        moved = self.posting.touches if self.posting else []
        return [self.account, *moved] if self.account else []


class LimitUse(BaseModel, extra="allow"):
    """What one transfer took of a limit, and on which day. A tombstone has no request."""

    id: str
    status: Literal["taken", "released"]
    request: dict[str, Any] | None = None
    account: str = ""
    amount: int = 0
    day: date | None = None

    @property
    def touches(self) -> list[str]:
        return [self.account] if self.account else []


class Entry(BaseModel, extra="allow"):
    """A line of an account's statement: its leg of a posting, and the balance after it."""

    account: str
    number: int
    posting: str
    kind: PostingKind
    amount: int
    balance: int
    booked_at: datetime
    value_date: date
    counterparty: str = ""
    remittance: str = ""
    reason: str | None = None


Accounts = Mapping[str, Account]
K = TypeVar("K", Account, Hold, Posting, LimitUse)


@dataclass(frozen=True)
class Change(Generic[K]):
    """What is to be stored together: what was asked for, accounts, statement lines, and the audit
    line ``event`` with its ``facts``; without an event, nothing. A ``refusal`` is given once it is
    stored."""

    kept: K
    event: str = ""
    accounts: Accounts = field(default_factory=dict)
    entries: Sequence[Entry] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    refusal: Refusal | None = None
