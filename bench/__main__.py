"""``python -m bench``: start everything, measure in rounds, show the tables, leave nothing."""

import argparse
import secrets
import sys
from collections.abc import Sequence

from bench import command, engines, machine, measure, report, states, tools
from bench.command import console
from bench.engines import THIS, Engine
from bench.measure import Plan
from bench.report import Measured, Report
from bench.site import PROJECT, Site
from bench.states import Commit, State
from bench.table import Outcome
from runtime import profiles
from runtime.errors import SetupError

_SEEDS = 10_000


def main() -> int:
    """Run a bench; return 0, 1 after an error, 130 after Ctrl+C."""
    parser = _parser()
    wish = parser.parse_args()
    beside: list[State] = [*map(Commit, wish.against), *map(states.profile, wish.profile)]
    beside += [states.secure()] if wish.secure else []
    if beside and wish.write:
        parser.error("--write keeps what is measured beside the peers, not beside other states")
    names = wish.engines or ([THIS.name] if beside else [engine.name for engine in engines.ALL])
    chosen = [engine for engine in engines.ALL if engine.name in names]
    plan = Plan(wish.rounds, wish.warm_up, wish.seconds, tuple(wish.concurrency), wish.seed)
    return command.run(lambda: bench(plan, chosen, beside), "bench", wish.write)


def bench(plan: Plan, chosen: Sequence[Engine], beside: Sequence[State] = ()) -> Report:
    """Measure the engines that can be had, and other states of this system; return the report.

    What an engine does wrong is in the report. Raises SetupError when the system does not start.
    """
    console.print(f"The order of turns is that of --seed {plan.seed}.")
    present, absent = fetch(chosen)
    site, outcomes = Site(), list[Outcome]()
    where = machine.describe(site.system.set_up())
    with command.stopped_after(site.close, *(state.close for state in beside)):
        for state in beside:
            console.print(f"Starting the system, {state.name} …")
            present.append(states.engine(state, state.open()))
        console.print("Starting the system …")
        site.open()
        console.print("Warming up …")
        outcomes += measure.warm_up(site, plan)
        idle = measure.idle()
        for nth in range(plan.rounds):
            outcomes += measure.measure_round(nth, present, plan, site, console.print)
    measured = Measured(outcomes, present, plan.seed, idle, where, absent)
    console.print(measured.noise)
    return report.of_bench(measured)


def fetch(chosen: Sequence[Engine]) -> tuple[list[Engine], list[str]]:
    """Fetch what the peers need; where a peer's server cannot be had, the bench goes on without.

    Raises SetupError when the peers' Python packages cannot be had.
    """
    if any(engine is not THIS for engine in chosen):
        tools.fetch_python()
    present, absent = list[Engine](), list[str]()
    for engine in chosen:
        try:
            engine.fetch()
            present.append(engine)
        except SetupError as why:
            console.print(f"Going on without {engine.title}: {why}")
            absent.append(f"{engine.title}. {why}")
    return present, absent


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("bench", __doc__)
    default, names = Plan(), [engine.name for engine in engines.ALL]
    parser.add_argument(
        "--against", nargs="+", default=[], metavar="COMMIT", help="this system as it was there"
    )
    parser.add_argument(
        "--profile",
        nargs="+",
        default=[],
        choices=profiles.names(PROJECT),
        help="this system with the stores of a profile",
    )
    parser.add_argument("--secure", action="store_true", help="this system with SECURE=1 as well")
    parser.add_argument("--rounds", type=int, default=default.rounds)
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of each run")
    parser.add_argument("--warm-up", type=float, default=default.warm_up, help="seconds before")
    parser.add_argument("--concurrency", type=int, nargs="+", default=default.concurrency)
    parser.add_argument(
        "--seed",
        type=int,
        default=secrets.randbelow(_SEEDS),
        help="of the order of turns; drawn by lot where none is given",
    )
    parser.add_argument(
        "--engines", nargs="+", choices=names, help="all of them, unless it is compared with itself"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
