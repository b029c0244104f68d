"""``python -m bench.bare``: what a Dapr workflow costs whose steps do nothing.

It has the sidecar, the scheduler and the worker of a trip, but no services and no rules: what is
left is the price of being durable.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench import command, empty
from bench.command import console
from bench.cpu import Meter, spent
from bench.report import Report
from bench.site import Site
from bench.table import markdown

STEPS = (0, 1, 2, 5)
CONCURRENCY = (1, 16, 64)
ROUNDS = 3
_WARM_UP, _SECONDS = 1.0, 5.0


def main() -> int:
    """Measure; return 0, 1 after an error, 130 after Ctrl+C."""
    wish = command.parser("bench.bare", __doc__).parse_args()
    return command.run(lambda: Report(bare()), "bare", wish.write)


def bare() -> str:
    """Start the system and what runs the bare workflows; return the report of them.

    Raises SetupError.
    """
    site = Site()
    with command.stopped_after(site.close):
        console.print("Starting the system …")
        site.open()
        empty.start(site)
        return _table(list(_rounds(site)))


@dataclass(frozen=True)
class _Run:
    """Some seconds of workflows of so many steps. Latencies and CPU in ms, CPU by role."""

    steps: int
    at_once: int
    p50: float
    per_second: float
    cpu: dict[str, float]


def _rounds(site: Site) -> Iterator[_Run]:
    for nth in range(ROUNDS):
        for at_once in CONCURRENCY:
            for steps in STEPS:
                run = _run(site, f"bare-{nth}-{at_once}-{steps}", steps, at_once)
                console.print(
                    f"round {nth + 1}  {steps} steps at {at_once:2}  {run.per_second:6.1f}/s  "
                    f"p50 {run.p50:6.1f} ms  CPU {sum(run.cpu.values()):5.1f} ms"
                )
                yield run


def _run(site: Site, name: str, steps: int, at_once: int) -> _Run:
    meter, readings = Meter(), list[dict[str, float]]()
    load = empty.drive(
        site,
        name,
        steps,
        at_once,
        _WARM_UP,
        _SECONDS,
        lambda: readings.append(meter.cpu_seconds()),
    )
    before, after = readings
    cpu = spent(before, after, len(load.latencies_ms))
    return _Run(steps, at_once, load.percentile(50), load.per_second, cpu)


def _table(runs: list[_Run]) -> str:
    """Return medians over the rounds."""
    roles = {"app": empty.APP, "its sidecar": empty.SIDECAR, "scheduler": "scheduler"}
    rows = []
    for at_once in CONCURRENCY:
        for steps in STEPS:
            of = [run for run in runs if (run.at_once, run.steps) == (at_once, steps)]
            cpu = [median(run.cpu[role] for run in of) for role in roles.values()]
            figures = (median(run.p50 for run in of), median(run.per_second for run in of))
            cells = [f"{value:.1f}" for value in (*figures, sum(cpu), *cpu)]
            rows.append([str(at_once), str(steps), *cells])
    head = ["at once", "steps", "p50 ms", "workflows/s", "CPU ms", *roles]
    return markdown(head, rows)


if __name__ == "__main__":
    sys.exit(main())
