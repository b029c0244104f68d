"""``python -m bench.leaks``: whether anything grows with the trips that are past and forgotten.

A day of trips by a clock that runs 60 times as fast: the engine drops a trip's history after 20
seconds, in place of 20 minutes.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence

from bench import command
from bench.command import console
from bench.cpu import LOAD_CLIENT, Meter
from bench.load import Target, drive
from bench.report import Report
from bench.site import ORCHESTRATOR, Site
from bench.table import markdown
from runtime.template import Changes

_KEPT = "20s"
_AT_ONCE, _WARM_UP, _SECONDS = 16, 1.0, 60.0
_MB = 1024 * 1024

Memory = tuple[int, Mapping[str, int]]
"""So many trips have ended, and each role has so many bytes resident."""


def main() -> int:
    """Measure; return 0, 1 after an error, 130 after Ctrl+C."""
    parser = command.parser("bench.leaks", __doc__)
    parser.add_argument("--trips", type=int, default=10_000, help="to book, one half to compare")
    wish = parser.parse_args()
    return command.run(lambda: Report(leaks(wish.trips)), "leaks", wish.write)


def leaks(trips: int) -> str:
    """Book so many trips and look at the memory meanwhile. Raises SetupError, RunFailed."""
    site = Site(wished=Changes(history_kept=_KEPT))
    with command.stopped_after(site.close):
        console.print("Starting the system …")
        site.open()
        seen = list[Memory]()
        while not seen or seen[-1][0] < trips:
            seen.append(_portion(site, seen[-1][0] if seen else 0))
            console.print(f"{seen[-1][0]} of {trips} trips booked: {_told(seen[-1])}")
    return report(seen)


def _portion(site: Site, before: int) -> Memory:
    """Book for a minute; return what it came to."""
    target = Target("PUT", site.system.app_url(ORCHESTRATOR) + "/trips/{trip_id}")
    name = f"leaks-{before}"
    load = asyncio.run(drive(target, name, _AT_ONCE, _WARM_UP, _SECONDS, lambda: None))
    memory = Meter(site.system.home).memory()
    return before + len(load.trips), {r: m for r, m in memory.items() if r != LOAD_CLIENT}


def report(seen: Sequence[Memory]) -> str:
    """Return the memory at every look, and how much of it came in the second half."""
    roles = list(seen[0][1])
    rows = [[f"{trips:,}", *(f"{m[role] / _MB:.0f}" for role in roles)] for trips, m in seen]
    whole = seen[-1][0]
    half = next(memory for memory in seen if memory[0] >= whole / 2)
    later = whole - half[0]
    grown = [(seen[-1][1][role] - half[1][role]) / 1024 / max(1, later) for role in roles]
    rows.append([f"KB a trip, last {later:,}", *(f"{kb:.1f}" for kb in grown)])
    return markdown(["trips", *(f"{role}, MB" for role in roles)], rows)


def _told(memory: Memory) -> str:
    return ", ".join(f"{role} {size / _MB:.0f} MB" for role, size in memory[1].items())


if __name__ == "__main__":
    sys.exit(main())
