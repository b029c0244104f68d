"""The rules of a two-phase reservation: hold, then confirm; or cancel; or let it expire.

A reservation claims a quantity of one or more pools (the seats of a flight, the rooms of a hotel on
one night). A claim with a time lapses by itself at that time; a confirmed claim has none. Who needs
the place of a lapsed claim removes it, and a claim that is gone cannot be confirmed: where clocks
differ, what is stored decides, and no more is ever claimed than there is. The rules are pure: they
take what is stored and the time, and return what is to be stored, or refuse.

Reservation status: ``held`` until confirmed, cancelled or expired; ``confirmed`` until cancelled;
``cancelled`` and ``expired`` for ever, also as the tombstone of a reservation that never was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from base.errors import Refusal

LONGEST_HOLD = timedelta(days=3)

Status = Literal["held", "confirmed", "cancelled", "expired"]


class Claim(BaseModel, extra="allow"):
    """How much of a pool one reservation takes, and until when (None: for good)."""

    quantity: int
    until: datetime | None


class Pool(BaseModel, extra="allow"):
    """What is taken of something that can be sold out."""

    claims: dict[str, Claim] = {}

    @property
    def claimed(self) -> int:
        """The quantity of all claims, lapsed or not."""
        return sum(claim.quantity for claim in self.claims.values())

    def taken(self, now: datetime) -> int:
        """Return the quantity taken, lapsed holds not counted."""
        return sum(c.quantity for c in self.claims.values() if c.until is None or c.until > now)

    def lapsed(self, now: datetime) -> list[str]:
        """Return the ids of the reservations whose hold has run out."""
        return [i for i, c in self.claims.items() if c.until is not None and c.until <= now]

    def with_room(self, quantity: int, capacity: int, now: datetime) -> "Pool":
        """Return the pool, without what lapsed if the quantity does not fit beside it."""
        if self.claimed + quantity <= capacity:
            return self
        lapsed = self.lapsed(now)
        left = {i: c for i, c in self.claims.items() if i not in lapsed}
        return self.model_copy(update={"claims": left})

    def with_claim(self, reservation_id: str, claim: Claim) -> "Pool":
        return self.model_copy(update={"claims": {**self.claims, reservation_id: claim}})

    def without(self, reservation_id: str) -> "Pool":
        left = {i: c for i, c in self.claims.items() if i != reservation_id}
        return self.model_copy(update={"claims": left})


class Reservation(BaseModel, extra="allow"):
    """A reservation as it is stored; a tombstone has no request and claims nothing."""

    id: str
    status: Status
    request: dict[str, Any] | None = None
    quantity: int = 0
    pools: list[str] = []
    details: dict[str, Any] = {}
    created_at: datetime
    expires_at: datetime | None = None

    def status_at(self, now: datetime) -> Status:
        """Return the status as it is at ``now``: a hold that ran out is expired at once."""
        lapsed = self.status == "held" and self.expires_at is not None and self.expires_at <= now
        return "expired" if lapsed else self.status

    def has_its_claims(self, pools: Mapping[str, Pool]) -> bool:
        """Return whether every pool still has its claim."""
        return all(self.id in pools[name].claims for name in self.pools)


@dataclass(frozen=True)
class Hold:
    """What is asked for: a quantity of each pool, whose capacity is given."""

    id: str
    request: dict[str, Any]
    quantity: int
    capacities: Mapping[str, int]
    details: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Change:
    """The reservation after a decision, and the pools that have to be stored with it.

    A ``refusal`` is given once both are stored.
    """

    reservation: Reservation
    pools: Mapping[str, Pool] = field(default_factory=dict)
    changed: bool = True
    refusal: Refusal | None = None


def hold(
    asked: Hold, known: Reservation | None, pools: Mapping[str, Pool], now: datetime
) -> Change:
    """Take the quantity from every pool, or refuse. Asking again for the same changes nothing.

    Refuses: ``sold_out``; ``idempotency_conflict`` (the id is taken by another request);
    ``hold_expired`` and ``reservation_cancelled`` (it is over, or was cancelled before it came).
    """
    if known is not None:
        return _same_again(asked, known, pools, now)
    rooms = asked.capacities.items()
    pools = {p: pools[p].with_room(asked.quantity, room, now) for p, room in rooms}
    short = [p for p, room in rooms if room < pools[p].claimed + asked.quantity]
    if short:
        raise Refusal("sold_out", f"Fewer than {asked.quantity} left of {', '.join(short)}.")
    until = now + timedelta(seconds=asked.seconds)
    made = Reservation(
        id=asked.id,
        status="held",
        request=asked.request,
        quantity=asked.quantity,
        pools=list(asked.capacities),
        details=asked.details,
        created_at=now,
        expires_at=until,
    )
    return Change(made, _claimed(made, pools, until))


def confirm(
    reservation_id: str, known: Reservation | None, pools: Mapping[str, Pool], now: datetime
) -> Change:
    """Make a hold permanent. Refuses: ``unknown_reservation``, or as ``hold`` when it is over."""
    if known is None:
        raise _unknown(reservation_id)
    if over := _over(known, pools, now):
        return over
    if known.status == "confirmed":
        return Change(known, changed=False)
    made = known.model_copy(update={"status": "confirmed", "expires_at": None})
    return Change(made, _claimed(made, pools, None))


def extend(
    reservation_id: str,
    known: Reservation | None,
    pools: Mapping[str, Pool],
    now: datetime,
    until: datetime,
) -> Change:
    """Let a hold last until then, never shorter than it did; a confirmed one needs no time.

    Refuses: ``unknown_reservation``; ``hold_too_long``; as ``hold`` when it is over.
    """
    if known is None:
        raise _unknown(reservation_id)
    if over := _over(known, pools, now):
        return over
    if known.expires_at is None or until <= known.expires_at:
        return Change(known, changed=False)
    if until > now + LONGEST_HOLD:
        raise Refusal("hold_too_long", f"A hold lasts {LONGEST_HOLD} at the most.")
    made = known.model_copy(update={"expires_at": until})
    return Change(made, _claimed(made, pools, until))


def cancel(
    reservation_id: str, known: Reservation | None, pools: Mapping[str, Pool], now: datetime
) -> Change:
    """Give everything back. Of something unknown leave a tombstone: a late hold is refused."""
    if known is None:
        return Change(Reservation(id=reservation_id, status="cancelled", created_at=now))
    if known.status in ("cancelled", "expired"):
        return Change(known, changed=False)
    return _ended(known, "cancelled", pools)


def expire(known: Reservation, pools: Mapping[str, Pool], now: datetime) -> Change:
    """End a hold that ran out, or whose place another one took; leave anything else as it is."""
    over = known.status_at(now) == "expired" or not known.has_its_claims(pools)
    if known.status != "held" or not over:
        return Change(known, changed=False)
    return _ended(known, "expired", pools)


def _same_again(
    asked: Hold, known: Reservation, pools: Mapping[str, Pool], now: datetime
) -> Change:
    if known.request is not None and known.request != asked.request:
        raise Refusal("idempotency_conflict", f"{known.id} was made with another request.")
    return _over(known, pools, now) or Change(known, changed=False)


def _unknown(reservation_id: str) -> Refusal:
    return Refusal("unknown_reservation", f"There is no reservation {reservation_id}.")


def _over(known: Reservation, pools: Mapping[str, Pool], now: datetime) -> Change | None:
    """Return the refusal of a hold that is over, or None. That it ran out is recorded with it: what
    was refused to one is not granted to another whose clock is behind."""
    if known.status == "cancelled":
        raise Refusal("reservation_cancelled", f"{known.id} is cancelled.")
    ended = expire(known, pools, now)
    if ended.reservation.status != "expired":
        return None
    why = f"The hold of {known.id} ran out at {known.expires_at}."
    return replace(ended, refusal=Refusal("hold_expired", why))


def _claimed(
    made: Reservation, pools: Mapping[str, Pool], until: datetime | None
) -> dict[str, Pool]:
    claim = Claim(quantity=made.quantity, until=until)
    return {p: pools[p].with_claim(made.id, claim) for p in made.pools}


def _ended(known: Reservation, status: Status, pools: Mapping[str, Pool]) -> Change:
    return Change(known.model_copy(update={"status": status}), _released(known, pools))


def _released(known: Reservation, pools: Mapping[str, Pool]) -> dict[str, Pool]:
    return {p: pools[p].without(known.id) for p in known.pools}
