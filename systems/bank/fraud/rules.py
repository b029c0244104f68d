"""The rules of the fraud score: points for what is unusual in a transfer, each with its reason.

They are pure: they take the transfer and what is known of its payer, and return what is to be told
and remembered. Amounts are in minor units.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from systems.bank.names import likeness

NEW_PAYEE, NAME_DIFFERS, LARGE, VERY_LARGE, MANY, UNUSUAL = 10, 30, 30, 50, 25, 20
_LARGE, _VERY_LARGE = 1_000_000, 2_500_000
_SAME_NAME = 0.85
_WINDOW = timedelta(hours=1)
_HABIT, _TIMES_THE_LARGEST = 3, 5
_REMEMBERED = 500


class Reason(BaseModel, extra="allow"):
    """Something unusual, and its points."""

    code: str
    points: int


class Seen(BaseModel, extra="allow"):
    """A transfer that was scored: when, and of how much."""

    at: datetime
    amount: int


class Profile(BaseModel, extra="allow"):
    """What is known of a payer: how often each payee was paid, the largest sum, and what was asked
    for lately. Only a transfer that was completed makes a payee known."""

    payees: dict[str, int] = {}
    largest: int = 0
    recent: list[Seen] = []

    @property
    def paid(self) -> int:
        return sum(self.payees.values())


@dataclass(frozen=True)
class Facts:
    """A transfer: ``named`` is what its initiator calls the payee, ``holder`` whose account it is;
    ``busy`` is how many transfers in an hour are many."""

    payee: str
    named: str
    holder: str
    amount: int
    busy: int


def reasons(facts: Facts, profile: Profile, now: datetime) -> list[Reason]:
    """Return what is unusual about a transfer, that with most points first."""
    lately = [seen for seen in profile.recent if seen.at > now - _WINDOW]
    large = facts.amount >= _LARGE
    habits = profile.paid >= _HABIT
    found = {
        "new_payee": NEW_PAYEE if facts.payee not in profile.payees else 0,
        "payee_name_differs": NAME_DIFFERS
        if likeness(facts.named, facts.holder) < _SAME_NAME
        else 0,
        "large_amount": VERY_LARGE if facts.amount >= _VERY_LARGE else LARGE if large else 0,
        "many_transfers": MANY if len(lately) >= facts.busy else 0,
        "unusual_amount": UNUSUAL
        if habits and facts.amount > profile.largest * _TIMES_THE_LARGEST
        else 0,
    }
    told = [Reason(code=code, points=points) for code, points in found.items() if points]
    return sorted(told, key=lambda reason: -reason.points)


def score(found: list[Reason]) -> int:
    """Return the points of all reasons, 100 at the most."""
    return min(100, sum(reason.points for reason in found))


def remembered(profile: Profile, amount: int, now: datetime) -> Profile:
    """Return the profile once a transfer was asked for."""
    lately = [seen for seen in profile.recent if seen.at > now - _WINDOW]
    kept = [*lately, Seen(at=now, amount=amount)][-_REMEMBERED:]
    return profile.model_copy(update={"recent": kept})


def completed(profile: Profile, payee: str, amount: int) -> Profile:
    """Return the profile once a transfer was completed."""
    times = {**profile.payees, payee: profile.payees.get(payee, 0) + 1}
    return profile.model_copy(update={"payees": times, "largest": max(profile.largest, amount)})
