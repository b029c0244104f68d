"""A sidecar that is none of the system's, under a name of somebody's choice."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import Any

import httpx
import yaml

from runtime import processes
from runtime.ports import shifted
from runtime.secure import identities
from runtime.system import System
from tests.support.waiting import until

PORTS = range(8301, 8306)  # unshifted: app, HTTP, gRPC, internal gRPC, metrics

STORE = {
    "apiVersion": "dapr.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "intruders-store"},
    "spec": {
        "type": "state.sqlite",
        "version": "v1",
        "metadata": [
            {"name": "connectionString", "value": "intruder.db"},
            {"name": "actorStateStore", "value": "true"},
        ],
    },
}


@dataclass
class Intruder:
    """Starts the sidecar in a folder of its own, with a store for workflows of its own."""

    system: System
    folder: Path
    started: list[Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> str:
        """What the sidecar said so far."""
        path = self.folder / "daprd.log"
        return path.read_text() if path.is_file() else ""

    @property
    def grpc_port(self) -> str:
        return str(self._ports[2])

    def client(self) -> httpx.Client:
        """Return a client of the sidecar."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self._ports[1]}", timeout=15)

    def runs(self) -> bool:
        return bool(self.started) and self.started[-1].poll() is None

    @contextmanager
    def app(self, config: dict[str, Any]) -> Iterator[None]:
        """Serve an app that tells the sidecar this ``/dapr/config``, and is of no other use."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(config).encode() if "config" in self.path else b"[]")

            def log_message(self, *_: Any) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", self._ports[0]), Handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def start(
        self, app_id: str, token: Path | None = None, mtls: bool = True, app: bool = False
    ) -> None:
        """Start a sidecar that says it is ``app_id``'s, and shows Sentry a ``token``."""
        (self.folder / "components").mkdir(exist_ok=True)
        (self.folder / "components" / "store.yaml").write_text(yaml.safe_dump(STORE))
        listening, http, grpc, internal, metrics = self._ports
        at = self.system.ports_beside
        command = [
            str(self.system.set_up().program("daprd")),
            *("--app-id", app_id, "--resources-path", str(self.folder / "components")),
            *("--dapr-http-port", str(http), "--dapr-grpc-port", str(grpc)),
            *("--dapr-internal-grpc-port", str(internal), "--metrics-port", str(metrics)),
            *("--dapr-listen-addresses", "127.0.0.1", "--metrics-listen-address", "127.0.0.1"),
            *("--placement-host-address", f"127.0.0.1:{at.placement}"),
            *("--scheduler-host-address", f"127.0.0.1:{at.scheduler}"),
        ]
        command += ["--app-port", str(listening)] if app else []
        env = {"DAPR_HOST_IP": "127.0.0.1"}
        if mtls:
            command += ["--enable-mtls", "--sentry-address", f"127.0.0.1:{at.sentry}"]
            env |= self._shown(token)
        log = self.folder / "daprd.log"
        self.started.append(processes.spawn(command, self.system.home, log, env, self.folder))

    def is_up(self) -> None:
        """Wait until the sidecar takes requests."""
        until(self._answers, bool, f"the intruder's sidecar, which said {self.log[-2000:]}")

    def leave(self) -> None:
        for process in self.started:
            process.kill()
            process.wait(10)

    def _shown(self, token: Path | None) -> Mapping[str, str]:
        assert self.system.vault is not None
        anchors = {"DAPR_TRUST_ANCHORS": self.system.vault.trust_anchors.read_text()}
        return anchors | ({identities.TOKEN_FILE: str(token)} if token else {})

    def _answers(self) -> bool:
        try:
            return self.client().get("/v1.0/healthz/outbound").is_success
        except httpx.HTTPError:
            return False

    @property
    def _ports(self) -> list[int]:
        return [shifted(port, self.system.changes.by) for port in PORTS]
