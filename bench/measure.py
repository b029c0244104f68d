"""Measuring: rounds of turns of runs. In a round every engine has its turn at every concurrency."""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench import verify
from bench.cpu import Meter, spent
from bench.engines import THIS, Engine
from bench.load import RunFailed, Target, drive
from bench.site import ORCHESTRATOR, Site
from bench.table import Failure, Outcome, Result
from bench.watch import Moment, Watch, between
from runtime.errors import SetupError

_WARM = 16
_SETTLE_SECONDS = 1.0
_IDLE_SECONDS = 5.0
# What an engine can do wrong; it loses its own figures and nobody else's.
_WRONG = (RunFailed, SetupError, httpx.HTTPError, psutil.Error, OSError)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured; the times are seconds of each run, a warm-up's at least. The seed
    tells the order of turns."""

    rounds: int = 3
    warm_up: float = 2.0
    seconds: float = 8.0
    concurrency: tuple[int, ...] = (1, 16, 64)
    seed: int = 0


def warm_up(site: Site, plan: Plan) -> list[Failure]:
    """Let the services come to speed before anybody is measured; return what went wrong."""
    target = Target(THIS.verb, THIS.url(site))
    try:
        asyncio.run(drive(target, "warm", _WARM, plan.warm_up, plan.seconds, lambda: None))
    except RunFailed as why:
        return [Failure(THIS.name, 0, _WARM, f"in the warm-up: {why}")]
    return []


def idle() -> dict[str, float]:
    """Return what each role takes of a core when no trip is booked, in per cent."""
    time.sleep(_SETTLE_SECONDS)
    meter = Meter()
    before, began = meter.cpu_seconds(), time.perf_counter()
    time.sleep(_IDLE_SECONDS)
    after, seconds = meter.cpu_seconds(), time.perf_counter() - began
    return {role: 100 * (after[role] - before[role]) / seconds for role in after}


def order_of_turns(engines: Sequence[Engine], seed: int, nth: int) -> list[Engine]:
    """Return the engines in the order of a round: shuffled, and the same for the same seed."""
    return random.Random(f"{seed}, round {nth}").sample(engines, len(engines))


def measure_round(
    nth: int, engines: Sequence[Engine], plan: Plan, site: Site, say: Say
) -> Iterator[Outcome]:
    """Give every engine its turn; what goes wrong in it is an outcome too."""
    homes = {site.place.home, *(engine.place(site).home for engine in engines)}
    for engine in order_of_turns(engines, plan.seed, nth):
        for outcome in _turn(nth, engine, plan, site, homes):
            say(f"round {nth + 1}  {outcome}")
            yield outcome
        time.sleep(_SETTLE_SECONDS)


def _turn(
    nth: int, engine: Engine, plan: Plan, site: Site, homes: Collection[Path]
) -> Iterator[Outcome]:
    """Measure one engine at every concurrency."""
    try:
        try:
            engine.start(site)
        except _WRONG as why:
            said = f"it did not start: {why}"
            yield from [Failure(engine.name, nth, each, said) for each in plan.concurrency]
            return
        for concurrency in plan.concurrency:
            yield _attempt(nth, engine, concurrency, plan, site, homes)
    finally:
        site.end_peer()


def _attempt(
    nth: int, engine: Engine, concurrency: int, plan: Plan, site: Site, homes: Collection[Path]
) -> Outcome:
    try:
        return _run(nth, engine, concurrency, plan, site, Watch(homes))
    except psutil.NoSuchProcess as why:
        return Failure(engine.name, nth, concurrency, f"one of its processes ended: {why}")
    except _WRONG as why:
        return Failure(engine.name, nth, concurrency, str(why))


def _run(
    nth: int, engine: Engine, concurrency: int, plan: Plan, site: Site, watch: Watch
) -> Result:
    run = f"{engine.name}-{nth}-{concurrency}"
    place = engine.place(site)
    meter, readings = Meter(place.home), list[tuple[Moment, dict[str, float]]]()

    def read() -> None:
        readings.append((watch.now(), meter.cpu_seconds()))

    if engine.drive:
        load = engine.drive(site, run, concurrency, plan.warm_up, plan.seconds, read)
    else:
        target = Target(engine.verb, engine.url(site), place.headers(ORCHESTRATOR))
        load = asyncio.run(drive(target, run, concurrency, plan.warm_up, plan.seconds, read))
    memory, ((began, before), (ended, after)) = meter.memory(), readings
    if not load.latencies_ms:
        raise RunFailed(f"{engine.title} ended no trip in {plan.seconds:.0f} s.")
    asyncio.run(verify.verify(run, load.trips, place))
    return Result(
        engine=engine.name,
        round=nth,
        concurrency=concurrency,
        trips=len(load.latencies_ms),
        p50=load.percentile(50),
        p95=load.percentile(95),
        p99=load.percentile(99),
        per_second=load.per_second,
        cpu_ms=spent(before, after, len(load.latencies_ms)),
        memory=memory,
        idle=engine.idle,
        noise=between(began, ended),
    )
