"""A whole system on this machine: control plane, apps and their sidecars.

A system lives in its home folder, where its data and logs are. The real one's home is the folder
of its dapr.yaml; a test gives another, with every port shifted, so that the two never meet
(blocks.py).
"""

import math
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import psutil

from runtime import (
    beside,
    build,
    control_plane,
    databases,
    identity,
    keys,
    logs,
    loopback,
    processes,
    supervisor,
    systems,
    template,
)
from runtime.beside import Beside
from runtime.dapr import CONTROL_PLANE, Dapr, find_or_build
from runtime.errors import SetupError
from runtime.ports import listening, require_free
from runtime.secure import identities, vault
from runtime.secure.vault import Vault
from runtime.service import Service, log_of
from runtime.systems import TRIPS, Known
from runtime.template import App, Changes, Template, is_orchestrator

START_SECONDS = 90.0
_TELLS_WHY_SECONDS = 10.0
_PAUSE_SECONDS = 0.1
_PLANE = ("sentry", *CONTROL_PLANE)
_DATABASES = ("postgres", "redis-server")
_ORDER = (*_DATABASES, *_PLANE, "sidecar", "app")  # in which what was killed starts again
_CLI_GRACE_SECONDS = 8.0
TOKEN_HEADER = "dapr-api-token"

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    return


@dataclass(frozen=True)
class _Killed:
    kind: str
    log: str
    command: list[str]
    cwd: str
    env: dict[str, str]


@dataclass
class System:
    """Starts, watches and stops one system, the ``name``d one of the project.

    ``changes`` tell it from its template. ``supervised``: what dies is started again.
    """

    project: Path
    home: Path
    changes: Changes = field(default_factory=Changes)
    supervised: bool = False
    say: Progress = _silent
    name: str = TRIPS
    _env: dict[str, str] = field(default_factory=dict)
    _killed: list[_Killed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.project, self.home = self.project.resolve(), self.home.resolve()

    @property
    def known(self) -> Known:
        """Return which of the project's systems it is. Raises SetupError when it is none."""
        return systems.find(self.project, self.name)

    @property
    def template(self) -> Template:
        """Return the template this system runs. Raises SetupError when it is broken."""
        return template.read(self._folder / "dapr.yaml")

    @property
    def ports_beside(self) -> Beside:
        """Return the ports of what this system may bring beside its apps."""
        read = template.read(self.known.template)
        return beside.of(read.placement_port, read.scheduler_port).shifted(self.changes.by)

    @property
    def data(self) -> Path:
        """Where stores and scheduler keep what they have; a profile's see nothing of another's,
        nor a secure system's of one that is not."""
        return self.home / "data" / self.changes.keeps

    @property
    def vault(self) -> Vault | None:
        """Return where its secrets are, if it is secure."""
        return vault.of(self.home) if self.changes.secure else None

    def set_up(self) -> Dapr:
        """Find or build Dapr and what else the system needs, and make what a start by hand needs.
        Raises SetupError."""
        build.of_system(self.name)
        dapr = find_or_build(self._needed())
        self._make_folders()
        keys.keep(self.data)
        return dapr

    def start(self) -> None:
        """Start everything and return when every app and sidecar is ready.

        Raises SetupError, saying what is wrong and where the log is; then nothing is left running.
        """
        dapr = self.set_up()
        started = time.time()
        try:
            with _for_its_owner_only():
                self._write_template()
                require_free(self.template.ports)
                launcher = self._supervise(dapr) if self.supervised else self._launch(dapr)
            self._wait_until_ready(launcher, started)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> bool:
        """End every process of this system, also those a crash left; return if there were any."""
        alive = processes.of_system(self.home)
        processes.end(filter(processes.is_supervisor, alive), _CLI_GRACE_SECONDS)
        cli = [p for p in alive if processes.program(p) == "dapr"]
        plane = [p for p in alive if processes.program(p) in _PLANE]
        stores = [p for p in alive if processes.program(p) in _DATABASES]
        processes.end(cli, _CLI_GRACE_SECONDS)
        kept = {p.pid for p in (*plane, *stores)}
        processes.end(p for p in processes.of_system(self.home) if p.pid not in kept)
        processes.end(plane)
        processes.end(stores)
        processes.end(processes.of_system(self.home))
        return bool(alive)

    def is_running(self) -> bool:
        """Say whether what launched this system is alive."""
        return any(
            processes.program(p) == "dapr" or processes.is_supervisor(p)
            for p in processes.of_system(self.home)
        )

    def runs_as_wished(self) -> bool:
        """Say whether what was last started had the same changes."""
        return self._started_with.is_file() and self._started_with.read_text() == repr(self.changes)

    def is_ready(self) -> bool:
        """Say whether every app and sidecar is ready."""
        with httpx.Client(timeout=5) as client:
            return not _unready(client, self.template.apps)

    def dead(self) -> list[str]:
        """Return which apps and sidecars have no process, by name."""
        alive = processes.of_system(self.home)
        return [
            f"{kind} of {app.name}" if kind == "sidecar" else app.name
            for app in self.template.apps
            for kind in ("app", "sidecar")
            if not any(_is(process, kind, [app]) for process in alive)
        ]

    def app_url(self, app_id: str) -> str:
        return f"http://127.0.0.1:{self._app(app_id).port}"

    def sidecar_url(self, app_id: str) -> str:
        return f"http://127.0.0.1:{self._app(app_id).sidecar_port}"

    def app_headers(self, app_id: str) -> dict[str, str]:
        """Return what a request to an app has to bring: its token, if the system is secure."""
        return {TOKEN_HEADER: self.vault.app_token(app_id)} if self.vault else {}

    def sidecar_headers(self, app_id: str) -> dict[str, str]:
        """Return what a request to a sidecar has to bring: its token, if the system is secure."""
        return {TOKEN_HEADER: self.vault.api_token(app_id)} if self.vault else {}

    def replicas_of(self, app_id: str) -> list[App]:
        """Return the replicas of an app."""
        return [app for app in self.template.apps if app.app_id == app_id]

    def processes_of(self, kind: str, app_id: str = "", replica: int = 0) -> list[psutil.Process]:
        """Return the ``app`` or ``sidecar`` of an app-id (0: of all its replicas), ``sentry``,
        ``placement``, ``scheduler``, or a database server by the name of its program."""
        apps = [app for app in self.replicas_of(app_id) if replica in (0, app.replica)]
        return [p for p in processes.of_system(self.home) if _is(p, kind, apps)]

    def kill(self, kind: str, app_id: str = "", replica: int = 0) -> None:
        """Kill (-9) what `processes_of` names."""
        for process in self.processes_of(kind, app_id, replica):
            log = f"{app_id or 'service'}_{kind}_restarted_{process.pid}.log"
            before = databases.not_as_root() if kind == "postgres" else []
            command = [*before, *process.cmdline()]
            what = _Killed(kind, log, command, process.cwd(), process.environ())
            self._killed.append(what)
            process.kill()
            psutil.wait_procs([process], timeout=10)

    def freeze(self, kind: str, app_id: str = "") -> None:
        """Stop it without ending it, until `thaw`."""
        for process in self.processes_of(kind, app_id):
            process.suspend()

    def thaw(self, kind: str, app_id: str = "") -> None:
        """Let what is frozen go on."""
        for process in self.processes_of(kind, app_id):
            process.resume()

    def restart(self, replacing: Mapping[str, str] | None = None) -> None:
        """Start again all that was killed, and return when the system is ready.

        ``replacing`` exchanges words of their commands: so another release is deployed.
        """
        words = replacing or {}
        for killed in sorted(self._killed, key=lambda each: _ORDER.index(each.kind)):
            log = logs.folder(self.home) / killed.log
            deployed = [words.get(word, word) for word in killed.command]
            processes.spawn(deployed, self.home, log, killed.env, Path(killed.cwd))
        self._killed.clear()
        if not _until(self.is_ready, START_SECONDS):
            raise SetupError(f"Not ready again; the logs are in {logs.folder(self.home)}.")

    def _needed(self) -> Sequence[str]:
        """Return the programs of the control plane that this system has to start."""
        if self.changes.secure:
            return _PLANE
        return () if self._foreign_control_plane() else CONTROL_PLANE

    @property
    def _folder(self) -> Path:
        """Where the template is that this system runs: a copy, unless it fits as it is."""
        if not self._is_real or (self.home == self.project and self.changes == Changes()):
            return self.home
        return self.home / ".dapr" / "launch"

    @property
    def _is_real(self) -> bool:
        return self.home == self.known.folder

    @property
    def _started_with(self) -> Path:
        return self.home / ".dapr" / "started-with"

    def _write_template(self) -> None:
        self._started_with.write_text(repr(self.changes))
        if self._folder != self.known.folder:
            changes = self._with_people() if self.changes.people else self.changes
            template.write(self.project, self.home, self._folder, changes, self.name)

    def _with_people(self) -> Changes:
        """Return the changes by which the orchestrator knows where people log in."""
        app_id = template.read(self.known.template).orchestrator
        known = identity.environment(self.ports_beside.identity)
        env = {app_id: known | dict(self.changes.env.get(app_id, {}))}
        return replace(self.changes, env={**self.changes.env, **env})

    def _make_folders(self) -> None:
        """Make the folders for all that is kept and logged, for their owner only."""
        for folder in (self.home / "data", self.data, self.home / ".dapr"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def _foreign_control_plane(self) -> bool:
        """Say whether the machine has a control plane for the real system to use."""
        if not self._is_real or self.changes.secure:
            return False
        at = self.ports_beside
        ours = {processes.program(p) for p in processes.of_system(self.home)}
        return all(map(listening, (at.placement, at.scheduler))) and not ours & set(CONTROL_PLANE)

    def _control_plane(self, dapr: Dapr) -> list[Service]:
        """Return the services of the control plane that this system has to bring."""
        if self._foreign_control_plane():
            self.say("Using the placement and scheduler that are running already.")
            return []
        services = control_plane.services(dapr, self.data, self.ports_beside, self.vault)
        for service in services:
            require_free(service.ports)
        if self.vault:
            identities.issue(self.vault, {app.app_id for app in self.template.apps})
        return services

    def _databases(self) -> list[Service]:
        """Return the database servers that this system has to bring; let sidecars find them."""
        services, secrets = databases.databases(self.changes.profile, self.data, self.ports_beside)
        keys.keep(self.data, secrets)
        for service in services:
            require_free(service.ports)
        return services

    def _identity(self) -> list[Service]:
        """Return the identity provider, if this system is to bring one; let the sidecars prove
        themselves to their apps, so that these know a service from a person. Raises SetupError."""
        if not self.changes.people:
            return []
        doors = {app.app_id for app in self.template.apps if is_orchestrator(app.app_id)}
        if len(doors) > 1:
            said = (
                "IDENTITY=1 is for one orchestrator's door, and here the others' would stand open"
            )
            raise SetupError(f"{said}: {', '.join(sorted(doors))}.")
        app_id, port = self.template.orchestrator, self.ports_beside.identity
        identity.set_up(self.project, self.home, app_id, self._app(app_id).port)
        if not self.vault:
            self._env = {"APP_API_TOKEN": secrets.token_hex(32)}
        service = identity.service(self.project, self.home, port)
        require_free(service.ports)
        return [service]

    def _launch(self, dapr: Dapr) -> subprocess.Popen[bytes]:
        for service in (*self._databases(), *self._control_plane(dapr), *self._identity()):
            self._start_service(service)
        self.say(f"Starting {len(self.template.apps)} apps and their sidecars …")
        return self._spawn_launcher(
            dapr, [str(dapr.cli), "run", "-f", str(self.template.path)], "dapr-run.log"
        )

    def _supervise(self, dapr: Dapr) -> subprocess.Popen[bytes]:
        services = [*self._databases(), *self._control_plane(dapr), *self._identity()]
        self.say(f"Starting {len(self.template.apps)} apps and their sidecars under supervisord …")
        command = supervisor.command(self.home, self.template, dapr, services)
        return self._spawn_launcher(dapr, command, "supervisord-output.log")

    def _spawn_launcher(
        self, dapr: Dapr, command: list[str], log_name: str
    ) -> subprocess.Popen[bytes]:
        log = logs.folder(self.home) / log_name
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        folder, sentry = self.home / ".dapr" / "runtime", self.ports_beside.sentry
        path = loopback.runtime_path(dapr, folder, self.vault, sentry)
        env = {"DAPR_HOST_IP": "127.0.0.1", "DAPR_RUNTIME_PATH": str(path)}
        env |= template.imports(self.project)
        return processes.spawn(command, self.home, log, env | self._env, self.home)

    def _start_service(self, service: Service) -> None:
        self.say(f"Starting {service.name} …")
        log = log_of(self.home, service)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
        process = processes.spawn(service.command, self.home, log, service.env, self.home)
        _until(lambda: process.poll() is not None or service.is_ready(), START_SECONDS)
        if process.poll() is not None or not service.is_ready():
            raise SetupError(
                f"{service.name} did not start; its log is {log}:\n{logs.last_lines(log)}"
            )

    def _wait_until_ready(self, cli: subprocess.Popen[bytes], since: float) -> None:
        deadline = time.monotonic() + START_SECONDS
        apps, waiting, tell_at = self.template.apps, "", deadline
        with httpx.Client(timeout=5) as client:
            while unready := _unready(client, apps):
                self._require_alive(cli, apps, since)
                if unready != waiting:
                    waiting, tell_at = unready, time.monotonic() + _TELLS_WHY_SECONDS
                    self.say(f"Waiting for {waiting} …")
                if time.monotonic() > tell_at:
                    tell_at = math.inf
                    self.say(f"It is not ready yet{_why_not(client, apps, unready)}.")
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"{unready} was not ready after {START_SECONDS:.0f} s"
                        f"{_why_not(client, apps, unready)}.\nThe logs are in "
                        f"{logs.folder(self.home)}."
                    )
                time.sleep(_PAUSE_SECONDS)

    def _require_alive(
        self, cli: subprocess.Popen[bytes], apps: tuple[App, ...], since: float
    ) -> None:
        for app in apps:
            for kind in ("daprd", "app"):
                log = logs.newest(self.home, app.app_id, kind, since)
                line = logs.deadly(log) if log else None
                if log and line:
                    raise SetupError(_ended(app.app_id, kind, log, line, self.template))
        name = "supervisord-output.log" if self.supervised else "dapr-run.log"
        run_log = logs.folder(self.home) / name
        line = logs.deadly(run_log)
        if line or cli.poll() is not None:
            why = line or logs.last_lines(run_log)
            raise SetupError(f"What launches the apps ended; its log is {run_log}:\n{why}")

    def _app(self, app_id: str) -> App:
        if app := next(iter(self.replicas_of(app_id)), None):
            return app
        known = ", ".join(sorted({app.app_id for app in self.template.apps}))
        raise SetupError(f"{self.known.template} has no app {app_id}. There are: {known}.")


@contextmanager
def _for_its_owner_only() -> Iterator[None]:
    """Let what is written meanwhile be readable for its owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _is(process: psutil.Process, kind: str, apps: Sequence[App]) -> bool:
    if kind in (*_PLANE, *_DATABASES):
        return processes.program(process) == kind
    is_it = processes.is_sidecar if kind == "sidecar" else processes.is_app
    return any(is_it(process, app.sidecar_port) for app in apps)


def _unready(client: httpx.Client, apps: tuple[App, ...]) -> str:
    """Return the first app or sidecar that is not ready, or an empty text."""
    for app in apps:
        if not _answers(client, f"http://127.0.0.1:{app.sidecar_port}/v1.0/healthz"):
            return f"the sidecar of {app.name}"
        if not _answers(client, f"http://127.0.0.1:{app.port}/readyz"):
            return app.name
    return ""


def _why_not(client: httpx.Client, apps: tuple[App, ...], unready: str) -> str:
    """Return what an app itself says of why it is not ready, or an empty text."""
    for app in apps:
        if app.name == unready:
            with suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
                return f": {client.get(f'http://127.0.0.1:{app.port}/readyz').json()['detail']}"
    return ""


def _ended(app_id: str, kind: str, log: Path, line: str, read: Template) -> str:
    what = "sidecar" if kind == "daprd" else "app"
    why = logs.last_lines(log) if kind == "app" else line
    component = read.component_in(line)
    hint = f"\nIt is about {component}." if component else ""
    return f"The {what} of {app_id} ended; its log is {log}:\n{why}{hint}"


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float, else_say: str) -> None:
    """Wait for a condition. Raises SetupError."""
    if not _until(condition, seconds):
        raise SetupError(f"{else_say} within {seconds:.0f} s.")


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
