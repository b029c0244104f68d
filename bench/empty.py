"""Workflows whose steps do nothing, as an engine: their sidecar, their app, and their load.

The sidecar is like the orchestrator's and has a store of its own; the scheduler is a trip's.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
import yaml

from bench.load import Load, RunFailed
from bench.site import HOME, PROJECT, Site
from runtime import cores

EDGE = b"edge"
SIDECAR, APP = "bare sidecar", "peer's app"
_PATIENCE_SECONDS = 60.0


def start(site: Site) -> None:
    """Start the sidecar and the app. Raises SetupError."""
    _start_sidecar(site)
    app: list[str | Path] = [sys.executable, "-m", "uvicorn", "bench.bare_peer:app"]
    options = ["--port", str(site.ports.app), "--no-access-log", "--log-level", "warning"]
    address = {
        "DAPR_GRPC_PORT": str(site.ports.bare_grpc),
        "DAPR_HTTP_PORT": str(site.ports.bare_http),
    }
    site.spawn(APP, [*app, *options], address)
    site.wait_for(f"{_app(site)}/healthz")


def drive(
    site: Site,
    name: str,
    steps: int,
    at_once: int,
    warm_up: float,
    seconds: float,
    at_edge: Callable[[], None],
) -> Load:
    """Let customers wait for one workflow after the other, warm up, then measure for some seconds;
    ``at_edge`` is called as that begins and ends. Raises httpx.HTTPError, RunFailed."""
    wish = {
        "name": name,
        "steps": steps,
        "at_once": at_once,
        "warm_up": warm_up,
        "seconds": seconds,
    }
    patience = warm_up + seconds + _PATIENCE_SECONDS
    load = Load(customers=at_once)
    with httpx.stream("POST", f"{_app(site)}/runs", json=wish, timeout=patience) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line == EDGE.decode():
                at_edge()
            else:
                told = orjson.loads(line)
                load.latencies_ms, load.seconds = told["latencies_ms"], told["seconds"]
    if not load.latencies_ms:
        raise RunFailed(f"No workflow ended in {seconds:.0f} s.")
    return load


def _app(site: Site) -> str:
    return f"http://127.0.0.1:{site.ports.app}"


def _start_sidecar(site: Site) -> None:
    folder, ports = site.data("bare"), site.ports
    component = yaml.safe_load((PROJECT / "components" / "workflow-store.yaml").read_text())
    del component["scopes"]
    (folder / "workflow-store.yaml").write_text(
        yaml.safe_dump(component).replace("data/workflows.db", str(folder / "workflows.db"))
    )
    options = {
        "app-id": "bare",
        "resources-path": folder,
        "config": HOME / "components" / "configuration.yaml",
        "dapr-http-port": ports.bare_http,
        "dapr-grpc-port": ports.bare_grpc,
        "dapr-internal-grpc-port": ports.bare_internal,
        "metrics-port": ports.bare_metrics,
        "profile-port": -1,
        "dapr-listen-addresses": "127.0.0.1",
        "dapr-internal-grpc-listen-address": "127.0.0.1",
        "metrics-listen-address": "127.0.0.1",
        "placement-host-address": f"127.0.0.1:{site.system.template.placement_port}",
        "scheduler-host-address": f"127.0.0.1:{site.system.template.scheduler_port}",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    daprd = site.system.set_up().program("daprd")
    site.spawn(SIDECAR, [daprd, *words], {"DAPR_HOST_IP": "127.0.0.1", **cores.environment()})
    site.wait_for(f"http://127.0.0.1:{ports.bare_http}/v1.0/healthz")
