"""What goes wrong in a drill, and when: drawn from a seed, so a run can be had again."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.support.fault_proxy import Kind
from tests.support.variant import SECURE

_NETWORK: tuple[Kind, ...] = ("lost answer", "error", "twice", "slow", "down")
_PAUSE_SECONDS = (0.5, 2.0)
PLANE = ("placement", "scheduler", "sentry") if SECURE else ("placement", "scheduler")


@dataclass(frozen=True)
class Targets:
    """What can be struck of a system: apps by their app-ids. The store of ``on_small_disk`` is on a
    disk that can be filled; of ``lockable`` services it is a file."""

    services: Sequence[str]
    orchestrator: str
    on_small_disk: str = ""
    lockable: Sequence[str] = ()
    plane: Sequence[str] = PLANE


@dataclass(frozen=True)
class Strike:
    """One thing that goes wrong: what is done to what, after a pause, and for how long (s).

    ``kill`` and ``freeze`` hit an app, a sidecar or both of an app-id, or the control plane;
    ``lock`` and ``fill`` hit a service's store; the others what passes between a service and its
    sidecar.
    """

    after: float
    what: str
    target: str
    part: str
    lasts: float

    def __str__(self) -> str:
        return f"{self.what} {self.part} of {self.target}" if self.part else self._named()

    def _named(self) -> str:
        return f"{self.what} {self.target}"


def plan(seed: int, count: int, targets: Targets) -> list[Strike]:
    """Return ``count`` strikes: every kind in turn, in an order and at targets that are drawn."""
    random = Random(seed)
    kinds = ["kill", "kill", "freeze", "plane", "network", "network"]
    kinds += ["lock"] if targets.lockable else []
    kinds += ["fill"] if targets.on_small_disk else []
    drawn: list[str] = []
    while len(drawn) < count:
        drawn += random.sample(kinds, len(kinds))
    return [_strike(random, kind, targets) for kind in drawn[:count]]


def _strike(random: Random, kind: str, targets: Targets) -> Strike:
    after = random.uniform(*_PAUSE_SECONDS)
    if kind == "plane":
        return Strike(after, "kill", random.choice(targets.plane), "", 0.5)
    if kind in ("kill", "freeze"):
        twice = [targets.orchestrator] * 2
        target = random.choice([*targets.services, *twice])
        part = _part(random, kind, target == targets.orchestrator)
        return Strike(after, kind, target, part, random.uniform(0.5, 3))
    if kind == "network":
        what = random.choice(_NETWORK)
        return Strike(after, what, random.choice(targets.services), "", random.uniform(1, 4))
    target = targets.on_small_disk if kind == "fill" else random.choice(targets.lockable)
    return Strike(after, kind, target, "store", random.uniform(1, 3))


def _part(random: Random, kind: str, is_orchestrator: bool) -> str:
    part = random.choice(["app", "sidecar", "both"])
    # The orchestrator's app is never restarted without its sidecar: see docs/decisions.md.
    return "both" if (kind, part) == ("kill", "app") and is_orchestrator else part
