"""``python -m bench.growth``: how the cost of a trip grows with the crowd, and with the past."""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

from bench import command
from bench.command import console
from bench.load import Load, Target, drive
from bench.report import Report
from bench.site import HOME, ORCHESTRATOR, PROJECT
from bench.table import markdown
from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes

CROWDS = (1, 4, 16, 64, 128, 256, 512)
ROUNDS = 5
_WARM_UP, _SECONDS, _FILL_SECONDS = 2.0, 15.0, 60.0


def main() -> int:
    """Measure; return 0, 1 after an error, 130 after Ctrl+C."""
    parser = command.parser("bench.growth", __doc__)
    parser.add_argument("--trips", type=int, default=10_000, help="finished trips in the store")
    wish = parser.parse_args()
    return command.run(lambda: Report(growth(wish.trips)), "growth", wish.write)


def growth(trips: int) -> str:
    """Measure with a crowd, then with so many finished trips; return the report.

    Raises SetupError, RunFailed.
    """
    full = System(PROJECT, HOME)
    empty = System(PROJECT, HOME.with_name(".bench-empty-system"))
    with ExitStack() as held, command.stopped_after(full.stop, empty.stop):
        for system in (full, empty):
            system.stop()  # what a crash left
            system.changes = held.enter_context(on_free_ports(PROJECT, Changes()))
        return _measured(full, empty, trips)


def _measured(full: System, empty: System, trips: int) -> str:
    _start(full)
    _run(full, "warm", 16)
    crowd = _crowd(full)
    _fill(full, trips)
    _start(empty)
    _run(empty, "warm", 16)
    return f"{crowd}\n\n{_past(full, empty, trips)}"


def _crowd(system: System) -> str:
    """Measure with more and more customers at once."""
    rows = []
    for customers in CROWDS:
        load = _run(system, "crowd", customers)
        rows.append([str(customers), *_figures(load), str(load.refused)])
        console.print(f"{customers} at once: {load.per_second:.1f} trips/s")
    return markdown(["customers", "p50 ms", "p95 ms", "p99 ms", "trips/s", "told to wait"], rows)


def _fill(system: System, trips: int) -> None:
    """Let so many trips be finished."""
    finished = 0
    while finished < trips:
        load = _run(system, f"fill-{finished}", 64, _FILL_SECONDS)
        finished += len(load.trips)
        console.print(f"{finished} of {trips} trips finished")


def _past(full: System, empty: System, trips: int) -> str:
    """Measure one customer with and without a past, in turn."""
    p50s: dict[str, list[float]] = {"empty": [], "full": []}
    for nth in range(ROUNDS):
        for name, system in (("empty", empty), ("full", full)):
            p50s[name].append(_run(system, f"past-{nth}", 1).percentile(50))
        console.print(f"round {nth + 1}: {p50s['empty'][-1]:.1f} and {p50s['full'][-1]:.1f} ms")
    ratio = median(b / a for a, b in zip(p50s["empty"], p50s["full"], strict=True))
    return (
        f"One customer, in turn, medians of {ROUNDS} rounds: with an empty store p50 "
        f"{median(p50s['empty']):.0f} ms, with {trips:,} finished trips in it "
        f"{median(p50s['full']):.0f} ms; ratio by round {ratio:.2f}."
    )


def _run(system: System, name: str, customers: int, seconds: float = _SECONDS) -> Load:
    target = Target("PUT", system.app_url(ORCHESTRATOR) + "/trips/{trip_id}")
    named = f"{name}-{customers}"
    return asyncio.run(drive(target, named, customers, _WARM_UP, seconds, _nothing))


def _figures(load: Load) -> Sequence[str]:
    percentiles = (f"{load.percentile(percent):.0f}" for percent in (50, 95, 99))
    return [*percentiles, f"{load.per_second:.1f}"]


def _start(system: System) -> None:
    console.print(f"Starting {system.home.name} …")
    shutil.rmtree(system.home, ignore_errors=True)
    system.start()


def _nothing() -> None:
    return


if __name__ == "__main__":
    sys.exit(main())
