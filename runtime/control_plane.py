"""Placement and scheduler, for a system that has to bring its own, and Sentry, if it is secure.

Everything listens on loopback, but the two health ports: Dapr 1.18 has an option for their address
and does not heed it. etcd inside the scheduler is on ports of ours, so it meets no other etcd.
"""

from collections.abc import Callable
from pathlib import Path

from runtime import cores
from runtime.beside import Beside
from runtime.dapr import Dapr
from runtime.secure import identities
from runtime.secure.vault import Vault
from runtime.service import Service, answers

_SCHEDULER_ID = "dapr-scheduler-server-0"


def services(dapr: Dapr, data: Path, ports: Beside, vault: Vault | None = None) -> list[Service]:
    """Return placement and scheduler on the given ports; with a vault, Sentry before them."""
    sentry = [_sentry(dapr, vault, ports)] if vault else []
    return [
        *sentry,
        _placement(dapr, ports, vault),
        _scheduler(dapr, data / "scheduler", ports, vault),
    ]


def _sentry(dapr: Dapr, vault: Vault, at: Beside) -> Service:
    port, health, metrics = at.sentry, at.sentry_health, at.sentry_metrics
    command = [
        str(dapr.program("sentry")),
        *_common(port, health, metrics),
        *("--trust-domain", identities.TRUST_DOMAIN),
        *("--issuer-credentials", str(vault.ca)),
        *("--config", str(vault.sentry)),
    ]
    ports = _named("sentry", port, health, metrics)
    return Service("sentry", command, ports, _healthy(health), cores.environment())


def _placement(dapr: Dapr, at: Beside, vault: Vault | None) -> Service:
    port, health, metrics = at.placement, at.placement_health, at.placement_metrics
    raft = at.placement_raft
    command = [
        str(dapr.program("placement")),
        *_common(port, health, metrics),
        *("--initial-cluster", f"dapr-placement-0=127.0.0.1:{raft}"),
        *_tls(vault, at),
    ]
    ports = _named("placement", port, health, metrics, raft)
    env = cores.environment() | _identity(vault, "dapr-placement")
    return Service("placement", command, ports, _healthy(health), env)


def _scheduler(dapr: Dapr, data: Path, at: Beside, vault: Vault | None) -> Service:
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
        *_tls(vault, at),
    ]
    ports = _named("scheduler", port, health, metrics, client, peer)
    env = cores.environment() | _identity(vault, "dapr-scheduler")
    return Service("scheduler", command, ports, _healthy(health), env)


def _tls(vault: Vault | None, at: Beside) -> list[str]:
    if vault is None:
        return []
    return [
        "--tls-enabled",
        *("--trust-domain", identities.TRUST_DOMAIN),
        *("--trust-anchors-file", str(vault.trust_anchors)),
        *("--sentry-address", f"127.0.0.1:{at.sentry}"),
    ]


def _identity(vault: Vault | None, name: str) -> dict[str, str]:
    return {identities.TOKEN_FILE: str(vault.identity_file(name))} if vault else {}


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
