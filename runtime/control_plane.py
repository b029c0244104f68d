"""Placement and scheduler, for a system that has to bring its own.

Everything listens on loopback, but the two health ports: Dapr 1.18 has an option for their address
and does not heed it. etcd inside the scheduler is on ports of ours, so it meets no other etcd.
"""

from collections.abc import Callable
from pathlib import Path

from runtime.dapr import Dapr
from runtime.ports import shifted
from runtime.service import Service, answers

HEALTH_PORTS = _PLACEMENT_HEALTH, _SCHEDULER_HEALTH = 9105, 9106
_PLACEMENT_METRICS, _SCHEDULER_METRICS = 9107, 9108
_PLACEMENT_RAFT = 8201
_ETCD_CLIENT, _ETCD_PEER = 5605, 5606
PORTS = (
    *HEALTH_PORTS,
    *(_PLACEMENT_METRICS, _SCHEDULER_METRICS, _PLACEMENT_RAFT, _ETCD_CLIENT, _ETCD_PEER),
)
_SCHEDULER_ID = "dapr-scheduler-server-0"


def services(dapr: Dapr, data: Path, placement: int, scheduler: int, shift: int) -> list[Service]:
    """Return placement and scheduler on the given gRPC ports, their other ports shifted."""
    return [
        _placement(dapr, placement, shift),
        _scheduler(dapr, data / "scheduler", scheduler, shift),
    ]


def _placement(dapr: Dapr, port: int, shift: int) -> Service:
    health, metrics = shifted(_PLACEMENT_HEALTH, shift), shifted(_PLACEMENT_METRICS, shift)
    raft = shifted(_PLACEMENT_RAFT, shift)
    command = [
        str(dapr.program("placement")),
        *_common(port, health, metrics),
        *("--initial-cluster", f"dapr-placement-0=127.0.0.1:{raft}"),
    ]
    ports = _named("placement", port, health, metrics, raft)
    return Service("placement", command, ports, _healthy(health))


def _scheduler(dapr: Dapr, data: Path, port: int, shift: int) -> Service:
    health, metrics = shifted(_SCHEDULER_HEALTH, shift), shifted(_SCHEDULER_METRICS, shift)
    client, peer = shifted(_ETCD_CLIENT, shift), shifted(_ETCD_PEER, shift)
    command = [
        str(dapr.program("scheduler")),
        *_common(port, health, metrics),
        *("--id", _SCHEDULER_ID),
        *("--override-broadcast-host-port", f"127.0.0.1:{port}"),
        *("--etcd-data-dir", str(data)),
        # A trip makes some 27 revisions. Of Dapr's default, a million, nobody reads the old ones.
        *("--etcd-compaction-mode", "revision", "--etcd-compaction-retention", "100000"),
        *("--etcd-client-listen-address", "127.0.0.1"),
        *("--etcd-client-port", str(client)),
        *("--etcd-initial-cluster", f"{_SCHEDULER_ID}=http://127.0.0.1:{peer}"),
        *("--identity-directory-write", str(data.parent / "scheduler-identity")),
    ]
    ports = _named("scheduler", port, health, metrics, client, peer)
    return Service("scheduler", command, ports, _healthy(health))


def _healthy(port: int) -> Callable[[], bool]:
    return answers(f"http://127.0.0.1:{port}/healthz")


def _common(port: int, health: int, metrics: int) -> list[str]:
    return [
        *("--listen-address", "127.0.0.1", "--port", str(port)),
        *("--healthz-listen-address", "127.0.0.1", "--healthz-port", str(health)),
        *("--metrics-listen-address", "127.0.0.1", "--metrics-port", str(metrics)),
    ]


def _named(name: str, *ports: int) -> dict[int, str]:
    return dict.fromkeys(ports, name)
