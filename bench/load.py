"""The load client: a number of customers who each book one trip after the other.

Who is told to come back later (429) does so; a trip's time is that of the request that took it.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any

import aiohttp
import orjson

from bench.place import Headers

_JSON = {"Content-Type": "application/json"}
_TIMEOUT_SECONDS = 60.0
_FIRST_DAY = date(2031, 1, 1)
# A day has seats and rooms for some hundred trips, and trips of one day meet at its seat map.
_DAYS = 20_000


class RunFailed(Exception):
    """A trip was not confirmed, or not as it says; the run does not count."""


@dataclass(frozen=True)
class Target:
    """Where trips are booked; ``url`` has a place for the trip's id, and ``headers`` are what is
    shown there."""

    verb: str
    url: str
    headers: Headers = field(default_factory=dict)


@dataclass
class Load:
    """What a run came to: every trip it booked, those that ended while it was measured, and how
    often customers were told to come back later meanwhile."""

    trips: list[str] = field(default_factory=list)
    refused: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    customers: int = 1
    warm: asyncio.Event = field(default_factory=asyncio.Event)
    measuring: bool = False
    over: bool = False

    def ended(self, trip_id: str, began: float) -> None:
        """Take a trip that is confirmed now and began at a moment of ``time.perf_counter``."""
        self.trips.append(trip_id)
        if len(self.trips) == self.customers:
            self.warm.set()
        if self.measuring:
            self.latencies_ms.append((time.perf_counter() - began) * 1000)

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile(self, percent: float) -> float:
        return percentile(self.latencies_ms, percent)


def percentile(values: list[float], percent: float) -> float:
    """Return the smallest value that is at least as large as ``percent`` of all."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def order() -> dict[str, Any]:
    """Return an order for one of many days."""
    day = _FIRST_DAY + timedelta(days=random.randrange(_DAYS))
    stay = {"checkIn": day.isoformat(), "checkOut": (day + timedelta(days=1)).isoformat()}
    return {
        "customerId": f"customer-{random.randrange(50)}",
        "customerEmail": "alice@example.com",
        "paymentMethod": "pm_card_visa",
        "flight": {"from": "SFO", "to": "JFK", "date": day.isoformat(), "passengers": 1},
        "hotel": {"city": "New York", **stay, "guests": 1},
    }


async def drive(
    target: Target,
    name: str,
    concurrency: int,
    warm_up: float,
    seconds: float,
    at_edge: Callable[[], None],
) -> Load:
    """Book trips, warm up, then measure for some seconds; ``at_edge`` is called as that begins and
    ends. Raises RunFailed.

    Warm means that the seconds have passed and as many trips have ended as there are customers.
    """
    serial = count(1)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
    # Shorter than what a server keeps open, so that no request meets a connection being closed.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        return await crowd(
            lambda load: _customer(session, target, name, serial, load),
            concurrency,
            warm_up,
            seconds,
            at_edge,
        )


async def crowd(
    customer: Callable[[Load], Coroutine[Any, Any, None]],
    concurrency: int,
    warm_up: float,
    seconds: float,
    at_edge: Callable[[], None],
) -> Load:
    """Let so many customers go about until the load is over. Raises what the first one raised that
    could not."""
    load = Load(customers=concurrency)
    try:
        async with asyncio.TaskGroup() as customers:
            for _ in range(concurrency):
                customers.create_task(customer(load))
            await asyncio.sleep(warm_up)
            await load.warm.wait()
            await _measure(load, seconds, at_edge)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return load


async def _measure(load: Load, seconds: float, at_edge: Callable[[], None]) -> None:
    at_edge()
    load.measuring, began = True, time.perf_counter()
    await asyncio.sleep(seconds)
    load.measuring, load.over = False, True
    load.seconds = time.perf_counter() - began
    at_edge()


async def _customer(
    session: aiohttp.ClientSession, target: Target, name: str, serial: "count[int]", load: Load
) -> None:
    while not load.over:
        trip_id, wanted = f"{name}-{next(serial)}", order()
        began = time.perf_counter()
        while (wait := await _book(session, target, trip_id, wanted)) is not None:
            load.refused += load.measuring
            await asyncio.sleep(wait)
            began = time.perf_counter()
        load.ended(trip_id, began)


async def _book(
    session: aiohttp.ClientSession, target: Target, trip_id: str, wanted: dict[str, Any]
) -> float | None:
    """Book a trip; return after how many seconds to try again, None when it is confirmed."""
    url = target.url.format(trip_id=trip_id)
    try:
        async with session.request(
            target.verb, url, data=orjson.dumps(wanted), headers={**_JSON, **target.headers}
        ) as answer:
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise RunFailed(f"Trip {trip_id} had no answer: {fault!r}") from fault
    if answer.status == 429 and (wait := answer.headers.get("Retry-After", "")).isdecimal():
        return float(wait)
    if answer.status != 200 or not _is_confirmed(text):
        said = text[:300].decode(errors="replace")
        raise RunFailed(f"Trip {trip_id} was answered {answer.status}: {said}")
    return None


def _is_confirmed(text: bytes) -> bool:
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("status") == "confirmed"
