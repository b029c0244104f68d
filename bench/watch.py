"""What else a machine did while a bench measured: time that was stolen, and foreign processes.

The time of all cores is what has passed, times their number. Stolen is the part of it that the
host gave to others. Foreign is the part that processes took which are none of the bench's: what
all processes took, less what the bench's did, so that short-lived ones are counted too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.cpu import cpu_time
from runtime import processes


@dataclass(frozen=True)
class Moment:
    """Seconds of all cores: that have passed, that were stolen, that any process took (all since
    the machine started), and that the bench's processes took since they started."""

    passed: float
    stolen: float
    taken: float
    ours: float


@dataclass(frozen=True)
class Noise:
    """What others had of the time of all cores, as shares of it."""

    stolen: float = 0.0
    foreign: float = 0.0


class Watch:
    """Reads moments. The bench's processes are those of some homes that are alive when it begins,
    and the one that reads."""

    def __init__(self, homes: Iterable[Path]) -> None:
        alive = (process for home in homes for process in processes.of_system(home))
        self._ours = [*alive, psutil.Process()]

    def now(self) -> Moment:
        """Return this moment. Raises psutil.NoSuchProcess when a process of the bench is gone."""
        times = psutil.cpu_times()._asdict()
        # Guests' time is in that of users already.
        passed = sum(spent for kind, spent in times.items() if not kind.startswith("guest"))
        taken = times["user"] + times["system"] + times.get("nice", 0.0)
        return Moment(passed, times.get("steal", 0.0), taken, sum(map(cpu_time, self._ours)))


def between(before: Moment, after: Moment) -> Noise:
    """Return what others had between two moments."""
    passed = after.passed - before.passed
    foreign = (after.taken - before.taken) - (after.ours - before.ours)
    # The machine's clocks tick on their own, so that a quiet one may come out below nothing.
    return Noise((after.stolen - before.stolen) / passed, max(0.0, foreign / passed))
