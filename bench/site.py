"""Where a bench takes place: the project's own whole system, beside the real one, and the peers.

Its home folder holds every engine's data, so all are on one disk. The four services are started
once and serve every engine; only what calls them differs.
"""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.place import Place
from runtime import logs, processes
from runtime.blocks import on_free_ports
from runtime.ports import shifted
from runtime.system import System, wait_until
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parent.parent
HOME = PROJECT / ".bench-system"
TOOLS = PROJECT / ".bench"
SERVICES = ("flight-service", "hotel-service", "payment-service", "notification-service")
ORCHESTRATOR = "trip-orchestrator"
ROLE = "BENCH_ROLE"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Ports:
    """The ports of the peers, of which one runs at a time, and of the bare workflows' sidecar."""

    app: int = 8090
    ingress: int = 8091
    admin: int = 8092
    node: int = 8093
    bare_http: int = 3505
    bare_grpc: int = 4505
    bare_internal: int = 5505
    bare_metrics: int = 9109

    def shifted(self, by: int) -> "Ports":
        return Ports(**{name: shifted(port, by) for name, port in vars(self).items()})


class Site:
    """Starts and stops the system, and the processes of one peer at a time."""

    def __init__(self, home: Path = HOME, wished: Changes | None = None) -> None:
        self.system = System(PROJECT, home)
        self._wished = wished or Changes()
        self._held = ExitStack()

    @property
    def ports(self) -> Ports:
        """Return where the peers are, once the system is started."""
        return Ports().shifted(self.system.changes.by)

    def open(self) -> None:
        """Start the system in an empty home, on free ports. Raises SetupError."""
        self.system.stop()
        shutil.rmtree(self.system.home, ignore_errors=True)
        block = on_free_ports(PROJECT, self._wished, vars(Ports()).values())
        self.system.changes = self._held.enter_context(block)
        self.system.start()

    def close(self) -> None:
        """End everything, also what a crash left."""
        self.system.stop()
        self._held.close()

    @property
    def place(self) -> Place:
        """Return where the system is, once it is started."""
        shown = {app_id: self.system.app_headers(app_id) for app_id in (*SERVICES, ORCHESTRATOR)}
        return Place(self.system.home, self.system.app_url(ORCHESTRATOR), self.services(), shown)

    def data(self, name: str) -> Path:
        """Return the folder for an engine's data."""
        folder = HOME / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def spawn(self, role: str, command: list[str | Path], env: Mapping[str, str]) -> None:
        """Start a process of a peer; its CPU and memory are counted under ``role``."""
        log = logs.folder(HOME) / f"peer-{role.replace(' ', '-')}.log"
        ours = {ROLE: role, "PYTHONPATH": str(PROJECT), **addresses(self.services())}
        processes.spawn(command, HOME, log, {**ours, **env}, HOME)

    def wait_for(self, url: str) -> None:
        """Wait until ``url`` answers. Raises SetupError."""
        wait_until(
            lambda: _answers(url),
            _START_SECONDS,
            f"{url} of a peer did not answer (logs are in {logs.folder(HOME)})",
        )

    def end_peer(self) -> None:
        """End the processes of the peer that runs."""
        alive = processes.of_system(HOME)
        processes.end(p for p in alive if processes.variable(p, ROLE))

    def services(self) -> dict[str, str]:
        """Return the URL of each service's app."""
        return {app_id: self.system.app_url(app_id) for app_id in SERVICES}


def addresses(services: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell a peer where each service is."""
    return {
        f"{app_id.removesuffix('-service').upper()}_URL": url for app_id, url in services.items()
    }


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False
