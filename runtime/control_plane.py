"""Placement and scheduler, for a system that has to bring its own.

Everything listens on loopback, but the two health ports: Dapr 1.18 has an option for their address
and does not heed it. etcd inside the scheduler is on ports of ours, so it meets no other etcd.
"""

from collections.abc import Callable
from pathlib import Path

from runtime.beside import Beside
from runtime.dapr import Dapr
from runtime.service import Service, answers

_SCHEDULER_ID = "dapr-scheduler-server-0"


def services(dapr: Dapr, data: Path, ports: Beside) -> list[Service]:
    """Return placement and scheduler on the given ports."""
    return [_placement(dapr, ports), _scheduler(dapr, data / "scheduler", ports)]


def _placement(dapr: Dapr, at: Beside) -> Service:
    port, health, metrics = at.placement, at.placement_health, at.placement_metrics
    raft = at.placement_raft
    command = [
        str(dapr.program("placement")),
        *_common(port, health, metrics),
        *("--initial-cluster", f"dapr-placement-0=127.0.0.1:{raft}"),
    ]
    ports = _named("placement", port, health, metrics, raft)
    return Service("placement", command, ports, _healthy(health))


def _scheduler(dapr: Dapr, data: Path, at: Beside) -> Service:
    port, health, metrics = at.scheduler, at.scheduler_health, at.scheduler_metrics
    client, peer = at.etcd_client, at.etcd_peer
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
