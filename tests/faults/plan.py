"""What goes wrong in a drill, and when: drawn from a seed, so a run can be had again."""

from dataclasses import dataclass
from random import Random

from tests.support.fault_proxy import Kind
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, ORCHESTRATOR, PAYMENT

SERVICES = (FLIGHT, HOTEL, PAYMENT, NOTIFICATION)
_NETWORK: tuple[Kind, ...] = ("lost answer", "error", "twice", "slow", "down")
_PAUSE_SECONDS = (0.5, 2.0)


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


def plan(seed: int, count: int, with_full_disk: bool, with_lock: bool) -> list[Strike]:
    """Return ``count`` strikes: every kind in turn, in an order and at targets that are drawn."""
    random = Random(seed)
    kinds = ["kill", "kill", "freeze", "plane", "network", "network"]
    kinds += ["lock"] if with_lock else []
    kinds += ["fill"] if with_full_disk else []
    drawn: list[str] = []
    while len(drawn) < count:
        drawn += random.sample(kinds, len(kinds))
    return [_strike(random, kind) for kind in drawn[:count]]


def _strike(random: Random, kind: str) -> Strike:
    after = random.uniform(*_PAUSE_SECONDS)
    if kind == "plane":
        return Strike(after, "kill", random.choice(["placement", "scheduler"]), "", 0.5)
    if kind in ("kill", "freeze"):
        target = random.choice([*SERVICES, ORCHESTRATOR, ORCHESTRATOR])
        return Strike(after, kind, target, _part(random, kind, target), random.uniform(0.5, 3))
    if kind == "network":
        what = random.choice(_NETWORK)
        return Strike(after, what, random.choice(SERVICES), "", random.uniform(1, 4))
    # Only one service has its store on a disk small enough to be filled.
    target = HOTEL if kind == "fill" else random.choice(SERVICES)
    return Strike(after, kind, target, "store", random.uniform(1, 3))


def _part(random: Random, kind: str, target: str) -> str:
    part = random.choice(["app", "sidecar", "both"])
    # The orchestrator's app is never restarted without its sidecar: see docs/decisions.md.
    return "both" if (kind, target, part) == ("kill", ORCHESTRATOR, "app") else part
