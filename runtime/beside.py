"""The ports of what a system takes beside its apps: its control plane, and databases of profiles.

A dapr.yaml pins those of placement and scheduler. The others follow placement's, one by one. Trips
have Dapr's own ports, where the operating system hands out what follows; so their others are pinned
here.
"""

from dataclasses import astuple, dataclass

from runtime.ports import shifted


@dataclass(frozen=True)
class Beside:
    placement: int
    scheduler: int
    placement_health: int
    scheduler_health: int
    placement_metrics: int
    scheduler_metrics: int
    placement_raft: int
    etcd_client: int
    etcd_peer: int
    postgres: int
    redis: int
    identity: int
    sentry: int
    sentry_health: int
    sentry_metrics: int

    @property
    def every(self) -> set[int]:
        return set(astuple(self))

    def shifted(self, by: int) -> "Beside":
        """Return where they lie in a system shifted by ``by``."""
        return Beside(*(shifted(port, by) for port in astuple(self)))


_TRIPS = Beside(
    *(50005, 50006, 9105, 9106, 9107, 9108),
    *(8201, 5605, 5606, 15432, 16379, 9109, 9110, 9111, 9112),
)


def of(placement: int, scheduler: int) -> Beside:
    """Return the ports of a system with placement and scheduler there, as its dapr.yaml has it."""
    if (placement, scheduler) == (_TRIPS.placement, _TRIPS.scheduler):
        return _TRIPS
    return Beside(placement, scheduler, *range(placement + 2, placement + 15))
