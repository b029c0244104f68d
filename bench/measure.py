"""Measuring: rounds of turns of runs. In a round every engine has its turn at every concurrency."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench import verify
from bench.cpu import Meter, spent
from bench.engines import THIS, Engine
from bench.load import RunFailed, Target, drive
from bench.site import ORCHESTRATOR, Site
from bench.table import Result
from bench.watch import Moment, Watch, between

_SETTLE_SECONDS = 1.0
_IDLE_SECONDS = 5.0

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


def warm_up(site: Site, plan: Plan) -> None:
    """Let the services come to speed before anybody is measured. Raises RunFailed."""
    target = Target(THIS.verb, THIS.url(site))
    asyncio.run(drive(target, "warm", 16, plan.warm_up, plan.seconds, lambda: None))


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
) -> Iterator[Result]:
    """Give every engine its turn. Raises RunFailed."""
    homes = {site.place.home, *(engine.place(site).home for engine in engines)}
    for engine in order_of_turns(engines, plan.seed, nth):
        engine.start(site)
        try:
            for concurrency in plan.concurrency:
                result = _run(nth, engine, concurrency, plan, site, Watch(homes))
                say(f"round {nth + 1}  {result}")
                yield result
        finally:
            site.end_peer()
        time.sleep(_SETTLE_SECONDS)


def _run(
    nth: int, engine: Engine, concurrency: int, plan: Plan, site: Site, watch: Watch
) -> Result:
    run = f"{engine.name}-{nth}-{concurrency}"
    place = engine.place(site)
    meter, readings = Meter(place.home), list[tuple[Moment, dict[str, float]]]()
    load = asyncio.run(
        drive(
            Target(engine.verb, engine.url(site), place.headers(ORCHESTRATOR)),
            run,
            concurrency,
            plan.warm_up,
            plan.seconds,
            lambda: readings.append((watch.now(), meter.cpu_seconds())),
        )
    )
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
