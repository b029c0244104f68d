"""``python -m bench``: start everything, measure in rounds, show the tables, leave nothing."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rich.console import Console

from bench import engines, machine, measure, report, tools
from bench.engines import Engine
from bench.load import RunFailed
from bench.measure import Plan
from bench.site import PROJECT, Site
from bench.table import Result
from runtime.errors import SetupError

_PAGE = PROJECT / "docs" / "performance.md"

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run a bench; return 0, 1 after an error, 130 after Ctrl+C."""
    wish = _parser().parse_args()
    chosen = [engine for engine in engines.ALL if engine.name in wish.engines]
    plan = Plan(wish.rounds, wish.warm_up, wish.seconds, tuple(wish.concurrency))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _as_interrupt)
    try:
        text = bench(plan, chosen)
    except (SetupError, RunFailed) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{text}")
    if wish.write:
        report.write(_PAGE, text)
    return 0


def bench(plan: Plan, chosen: Sequence[Engine]) -> str:
    """Measure the engines that can be had; return the report. Raises SetupError, RunFailed."""
    present, absent = _fetch(chosen)
    site, results = Site(), list[Result]()
    where = machine.describe(site.system.set_up())
    try:
        console.print("Starting the system …")
        site.open()
        console.print("Warming up …")
        measure.warm_up(site, plan)
        idle = measure.idle()
        for nth in range(plan.rounds):
            results += measure.measure_round(nth, present, plan, site, console.print)
    finally:
        console.print("Stopping …")
        site.close()
    return report.render(results, present, idle, where, absent)


def _fetch(chosen: Sequence[Engine]) -> tuple[list[Engine], list[str]]:
    """Fetch what the peers need; without Restate's server the bench goes on without Restate."""
    if any(engine is not engines.THIS for engine in chosen):
        tools.fetch_python()
    if engines.RESTATE not in chosen:
        return list(chosen), []
    try:
        tools.fetch_restate()
    except SetupError as why:
        console.print(f"Going on without Restate: {why}")
        return [e for e in chosen if e is not engines.RESTATE], [f"{engines.RESTATE.title}. {why}"]
    return list(chosen), []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    default, names = Plan(), [engine.name for engine in engines.ALL]
    parser.add_argument("--rounds", type=int, default=default.rounds)
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of each run")
    parser.add_argument("--warm-up", type=float, default=default.warm_up, help="seconds before")
    parser.add_argument("--concurrency", type=int, nargs="+", default=default.concurrency)
    parser.add_argument("--engines", nargs="+", choices=names, default=names)
    parser.add_argument("--write", action="store_true", help="keep it in docs/performance.md")
    return parser


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
