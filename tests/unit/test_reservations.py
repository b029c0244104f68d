"""Reservations over a store, by replicas whose clocks differ."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base.errors import Refusal
from kit.expiry import Expiry
from kit.hold_store import HoldStore
from kit.holds import Hold, Pool, Reservation
from kit.reservations import Reservations
from tests.support.memory import MemoryStore, at_once
from tests.support.refusals import refused_later

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOLD_SECONDS = 10


class Jobs:
    """A scheduler that keeps what it is given."""

    def __init__(self) -> None:
        self.due: dict[str, datetime] = {}

    async def schedule(self, name: str, due: datetime, _: dict[str, Any]) -> None:
        self.due[name] = due


class Site:
    """A store, and replicas over it that have stores and clocks of their own."""

    def __init__(self) -> None:
        self.state, self.now = MemoryStore(), NOW

    def replica(self, ahead: timedelta = timedelta()) -> Reservations:
        store = HoldStore(self.state)  # type: ignore[arg-type]
        return Reservations(store, self.expiry(ahead), lambda: self.now + ahead)

    def expiry(self, ahead: timedelta = timedelta()) -> Expiry:
        store = HoldStore(self.state)  # type: ignore[arg-type]
        return Expiry(Jobs(), store, lambda: self.now + ahead)  # type: ignore[arg-type]

    def claimed(self, pool: str) -> int:
        """Return how much is claimed of the pool, whatever any clock says of it."""
        stored = Pool.model_validate(self.state.values.get(f"pool:{pool}", {}))
        return sum(claim.quantity for claim in stored.claims.values())

    def stored(self, reservation_id: str) -> Reservation:
        return Reservation.model_validate(self.state.values[f"reservation:{reservation_id}"])


def asked(reservation_id: str, quantity: int = 1, **capacities: int) -> Hold:
    return Hold(
        id=reservation_id,
        request={"quantity": quantity, "of": sorted(capacities)},
        quantity=quantity,
        capacities=capacities,
        details={},
        seconds=HOLD_SECONDS,
    )


async def a_place_taken_over(site: Site) -> tuple[Reservations, Reservations]:
    """The only seat is held; half a second before its end a replica that is a second ahead gives
    it to another. Return the replica that is right, and the one that is ahead."""
    slow, fast = site.replica(), site.replica(SECOND)
    await slow.hold(asked("r1", seats=1))
    site.now += HOLD_SECONDS * SECOND - SECOND / 2
    await fast.hold(asked("r2", seats=1))
    return slow, fast


AGAIN: dict[str, Callable[[Reservations], Awaitable[object]]] = {
    "confirm": lambda replica: replica.confirm("r1"),
    "extend": lambda replica: replica.extend("r1", NOW + timedelta(hours=1)),
    "extend by nothing": lambda replica: replica.extend("r1", NOW),
    "hold": lambda replica: replica.hold(asked("r1", seats=1)),
}


@pytest.mark.parametrize("again", AGAIN)
def test_a_place_given_away_by_a_clock_ahead_is_not_sold_twice_by_one_behind(again: str) -> None:
    async def both() -> None:
        site = Site()
        slow, fast = await a_place_taken_over(site)
        await refused_later("hold_expired", AGAIN[again](slow))
        assert (await fast.confirm("r2")).status == "confirmed"
        assert site.claimed("seats") == 1

    asyncio.run(both())


@pytest.mark.parametrize("look_first", [False, True])
def test_a_place_given_away_is_told_as_such_by_every_clock(look_first: bool) -> None:
    async def both() -> None:
        site = Site()
        slow, fast = await a_place_taken_over(site)
        if look_first:
            assert (await slow.get("r1")).status_at(site.now) == "expired"
        await refused_later("hold_expired", slow.confirm("r1"))
        for replica in (slow, fast):
            assert (await replica.get("r1")).status_at(site.now) == "expired"
            assert (await replica.get("r2")).status_at(site.now) == "held"

    asyncio.run(both())


@pytest.mark.parametrize("verb", ["cancel", "clear"])
def test_a_hold_whose_place_is_gone_still_ends(verb: str) -> None:
    """Of two nights one is given away; the other is given back, and the record says so."""

    async def both() -> None:
        site = Site()
        slow, fast = site.replica(), site.replica(SECOND)
        await slow.hold(asked("r1", mon=1, tue=1))
        site.now += HOLD_SECONDS * SECOND - SECOND / 2
        await fast.hold(asked("r2", tue=1))
        if verb == "cancel":
            assert (await slow.cancel("r1")).status == "cancelled"
        else:
            assert await site.expiry(SECOND).clear("mon") == 1
            assert site.stored("r1").status == "expired"
        assert (site.claimed("mon"), site.claimed("tue")) == (0, 1)
        assert (await slow.confirm("r2")).status == "confirmed"

    asyncio.run(both())


def test_of_a_confirmation_and_the_hold_that_takes_its_place_one_comes_first() -> None:
    async def race(first: str) -> None:
        site = Site()
        slow, fast = site.replica(), site.replica(SECOND)
        await slow.hold(asked("r1", seats=1))
        site.now += HOLD_SECONDS * SECOND - SECOND / 2
        if first == "hold":  # it comes between the other's reading and its writing
            site.state.before_write = lambda: at_once(fast.hold(asked("r2", seats=1)))
            await refused_later("hold_expired", slow.confirm("r1"))
        else:
            site.state.before_write = lambda: at_once(slow.confirm("r1"))
            await refused_later("sold_out", fast.hold(asked("r2", seats=1)))
        assert site.claimed("seats") == 1

    asyncio.run(race("hold"))
    asyncio.run(race("confirm"))


def test_a_lapsed_hold_keeps_its_place_on_record_while_nobody_needs_it() -> None:
    """A replica whose clock is far ahead takes nothing from the others while there is room."""

    async def both() -> None:
        site = Site()
        slow, far_ahead = site.replica(), site.replica(timedelta(days=1))
        await slow.hold(asked("r1", seats=2))
        await far_ahead.hold(asked("r2", seats=2))
        assert (await slow.confirm("r1")).status == "confirmed"
        assert site.claimed("seats") == 2

    asyncio.run(both())


NIGHTS = {"r1": ("mon",), "r2": ("mon", "tue"), "r3": ("tue",)}
SKEWS = [timedelta(), SECOND, 7 * SECOND]
CALLS: dict[str, Callable[[Reservations, str], Awaitable[Reservation]]] = {
    "hold": lambda at, name: at.hold(asked(name, **dict.fromkeys(NIGHTS[name], 1))),
    "confirm": lambda at, name: at.confirm(name),
    "extend": lambda at, name: at.extend(name, NOW + timedelta(minutes=2)),
    "cancel": lambda at, name: at.cancel(name),
    "get": lambda at, name: at.get(name),
}


class Crowd:
    """Callers of three replicas who want the last room of two nights, and what they were told."""

    def __init__(self) -> None:
        self.site = Site()
        self.replicas = [self.site.replica(skew) for skew in SKEWS]
        self.confirmed: set[str] = set()
        self.over: set[str] = set()

    async def call(self, verb: str, name: str, at: int) -> None:
        """Call one replica, and hold it to what was said before."""
        try:
            told = await CALLS[verb](self.replicas[at], name)
        except Refusal as refusal:
            if refusal.reason in ("hold_expired", "reservation_cancelled"):
                self.over.add(name)
            assert name not in self.confirmed
            return
        if verb == "cancel":
            self.confirmed.discard(name)
        if told.status == "confirmed":
            self.confirmed.add(name)
        if verb in ("hold", "confirm", "extend"):
            assert name not in self.over

    def check(self) -> None:
        """Whatever any clock says, what is stored is never more than there is."""
        for night in ("mon", "tue"):
            sold = sum(night in NIGHTS[name] for name in self.confirmed)
            assert sold <= self.site.claimed(night) <= 1


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hold", "hold", "confirm", *CALLS, "clear"]),
            st.sampled_from(list(NIGHTS)),
            st.integers(0, len(SKEWS) - 1),
            st.integers(0, HOLD_SECONDS // 2),
        ),
        max_size=20,
    )
)
@settings(max_examples=300)
def test_nothing_is_oversold_and_no_word_taken_back_whatever_the_clocks_of_replicas_say(
    history: list[tuple[str, str, int, int]],
) -> None:
    async def live() -> None:
        crowd = Crowd()
        for verb, name, at, seconds in history:
            crowd.site.now += seconds * SECOND
            if verb == "clear":
                await crowd.site.expiry(SKEWS[at]).clear("mon")
            else:
                await crowd.call(verb, name, at)
            crowd.check()

    asyncio.run(live())
