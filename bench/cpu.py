"""CPU time and memory of the processes of a bench, summed by the role they play."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from bench.site import HOME, ORCHESTRATOR, ROLE
from runtime import processes

LOAD_CLIENT = "load client"
ORCHESTRATORS_SIDECAR = "orchestrator's sidecar"
# What only this system needs; it stays up, idle, while a peer is measured.
ENGINE_OF_OURS = ("orchestrator", ORCHESTRATORS_SIDECAR, "scheduler", "placement", "sentry")


class Meter:
    """Reads what the processes that are alive now have used, by role."""

    def __init__(self, home: Path = HOME) -> None:
        self._by_role: dict[str, list[psutil.Process]] = defaultdict(list)
        for process in processes.of_system(home):
            self._by_role[role_of(process)].append(process)
        self._by_role[LOAD_CLIENT].append(psutil.Process())

    def cpu_seconds(self) -> dict[str, float]:
        """Return user and system time by role."""
        return {role: sum(map(cpu_time, alive)) for role, alive in self._by_role.items()}

    def memory(self) -> dict[str, int]:
        """Return resident bytes by role; what processes share is counted for each."""
        return {role: sum(map(_rss, alive)) for role, alive in self._by_role.items()}


def role_of(process: psutil.Process) -> str:
    """Return the role of a process of the bench."""
    if role := processes.variable(process, ROLE):
        return role
    name = processes.program(process)
    if name in ("sentry", "placement", "scheduler"):
        return name
    if name.startswith(("redis-server", "postgres")):
        return "database"
    if name == "dapr":
        return "dapr CLI"
    if name == "daprd":
        ours = processes.argument(process, "--app-id") == ORCHESTRATOR
        return ORCHESTRATORS_SIDECAR if ours else "services' sidecars"
    ours = processes.variable(process, "APP_ID") == ORCHESTRATOR
    return "orchestrator" if ours else "services"


def spent(before: Mapping[str, float], after: Mapping[str, float], trips: int) -> dict[str, float]:
    """Return the milliseconds a trip took, by role."""
    return {role: (after[role] - before[role]) * 1000 / trips for role in after}


def counted(by_role: Mapping[str, float], idle: Sequence[str]) -> float:
    """Return the sum of what an engine and the services need: all but the load client and what
    is idle."""
    return sum(value for role, value in by_role.items() if role not in (LOAD_CLIENT, *idle))


def cpu_time(process: psutil.Process) -> float:
    """Return the seconds of CPU that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _rss(process: psutil.Process) -> int:
    return int(process.memory_info().rss)
