"""The engines: how each is started, where a trip is asked for, and what it does for durability."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench import empty, limit, tools
from bench.cpu import ENGINE_OF_OURS, ORCHESTRATORS_SIDECAR
from bench.load import Load
from bench.place import Place
from bench.site import ORCHESTRATOR, PROJECT, SERVICES, Site, addresses
from runtime import cores

APP, RESTATE_SERVER, TEMPORAL_SERVER = empty.APP, "restate-server", "temporal-server"
# As many as a trip has activities.
_STEPS = 5
_TEMPORAL_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL")
_TEMPORAL_SETTINGS = (
    # The answer to a workflow's task brings the activity that it asked for.
    "system.enableActivityEagerExecution=true",
    # The queue of tasks is looked at 20 times a second and shard. The dev server has one shard
    # where others have hundreds, so each task would wait for up to 50 ms.
    "history.transferProcessorMaxPollRPS=1000",
)

Drive = Callable[[Site, str, int, float, float, Callable[[], None]], Load]


def _nothing(_: Site) -> None:
    return


@dataclass(frozen=True)
class Engine:
    """One engine.

    ``url`` is where a trip is booked, with a place for its id; ``place`` is the system whose
    services do the work; ``idle`` are the roles of this system that it does without. An engine
    that books no trips has a load of its own, ``drive``: what is asked of it is a run's name, how
    many customers at once, seconds to warm up and to measure, and what to call at both edges.
    ``fetch`` brings a server that may be lacking. It raises SetupError.
    """

    name: str
    title: str
    verb: str
    url: Callable[[Site], str]
    durability: str
    start: Callable[[Site], None] = field(default=_nothing)
    idle: tuple[str, ...] = ENGINE_OF_OURS
    place: Callable[[Site], Place] = lambda site: site.place
    drive: Drive | None = None
    fetch: Callable[[], object] = lambda: None


def _orchestrator(site: Site) -> str:
    return site.system.app_url(ORCHESTRATOR) + "/trips/{trip_id}"


def _app(site: Site) -> str:
    return f"http://127.0.0.1:{site.ports.app}" + "/trips/{trip_id}"


def _ingress(site: Site) -> str:
    return f"http://127.0.0.1:{site.ports.ingress}" + "/Trips/{trip_id}/book"


def _start_floor(site: Site) -> None:
    _serve(site, "bench.floor:app", {})


def _start_sidecars(site: Site) -> None:
    sidecar = site.system.sidecar_url(ORCHESTRATOR)
    invoked = {app_id: f"{sidecar}/v1.0/invoke/{app_id}/method" for app_id in SERVICES}
    _serve(site, "bench.floor:app", addresses(invoked))


def _drive_empty(
    site: Site,
    name: str,
    at_once: int,
    warm_up: float,
    seconds: float,
    at_edge: Callable[[], None],
) -> Load:
    return empty.drive(site, name, _STEPS, at_once, warm_up, seconds, at_edge)


def _start_dbos(site: Site) -> None:
    _serve(site, "bench.dbos_peer:app", {"DBOS_DATABASE": str(site.data("dbos") / "dbos.sqlite")})


def _start_restate(site: Site) -> None:
    config = site.data("restate") / "restate.toml"
    config.write_text(_restate_config(site))
    command: list[str | Path] = [tools.restate_server(), "--no-logo", "--config-file", config]
    site.spawn(RESTATE_SERVER, command, {})
    bind, settings = f"127.0.0.1:{site.ports.app}", PROJECT / "bench" / "hypercorn.toml"
    app: list[str | Path] = [tools.PYTHON, "-m", "hypercorn", "--config", settings, "--bind", bind]
    site.spawn(APP, [*app, "bench.restate_peer:app"], {})
    admin = f"http://127.0.0.1:{site.ports.admin}"
    site.wait_for(f"{admin}/health")
    site.wait_for(f"http://{bind}/health")
    deployment = {"uri": f"http://{bind}", "force": True}
    httpx.post(f"{admin}/deployments", json=deployment, timeout=30).raise_for_status()
    site.wait_for(f"http://127.0.0.1:{site.ports.ingress}/restate/health")


def _restate_config(site: Site) -> str:
    ports = site.ports
    return f"""
base-dir = "{site.data("restate")}"
bind-ip = "127.0.0.1"
bind-port = {ports.node}
listen-mode = "tcp"
node-name = "bench"
disable-telemetry = true
log-filter = "warn"
[ingress]
bind-port = {ports.ingress}
[admin]
bind-port = {ports.admin}
disable-web-ui = true
[log-server]
rocksdb-disable-wal-fsync = false
"""


def _start_temporal(site: Site) -> None:
    ports, file = site.ports, site.data("temporal") / "temporal.sqlite"
    options = {
        "ip": "127.0.0.1",
        "port": ports.ingress,
        "http-port": ports.admin,
        "metrics-port": ports.node,
        "db-filename": file,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    pragmas = [f"--sqlite-pragma={pragma}" for pragma in _TEMPORAL_PRAGMAS]
    settings = [f"--dynamic-config-value={setting}" for setting in _TEMPORAL_SETTINGS]
    command: list[str | Path] = [tools.temporal(), "server", "start-dev", "--headless"]
    site.spawn(TEMPORAL_SERVER, [*command, *words, *pragmas, *settings], cores.environment())
    site.wait_for(f"http://127.0.0.1:{ports.admin}/api/v1/namespaces/default")
    _serve(site, "bench.temporal_peer:app", {"TEMPORAL_SERVER": f"127.0.0.1:{ports.ingress}"})


def _serve(site: Site, app: str, env: dict[str, str]) -> None:
    port = str(site.ports.app)
    command: list[str | Path] = [tools.PYTHON, "-m", "uvicorn", app, "--port", port]
    site.spawn(APP, [*command, "--no-access-log", "--log-level", "warning"], env)
    site.wait_for(f"http://127.0.0.1:{port}/healthz")


THIS = Engine(
    "this",
    "this system",
    "PUT",
    _orchestrator,
    "Dapr Workflow. Histories and records in SQLite, WAL with `synchronous=FULL`: an fsync for "
    "each transaction. The scheduler's etcd writes its WAL with an fsync for each batch.",
    idle=(),
)
EMPTY = Engine(
    limit.STEPS,
    "five empty steps, no calls",
    "POST",
    _app,
    "As this system.",
    empty.start,
    ("orchestrator", ORCHESTRATORS_SIDECAR, "services", "services' sidecars", "dapr CLI"),
    drive=_drive_empty,
)
FLOOR = Engine(
    "floor", "no engine (the floor)", "PUT", _app, "None: a crash loses the trip.", _start_floor
)
SIDECARS = Engine(
    limit.CALLS,
    "the floor through sidecars",
    "PUT",
    _app,
    "None: a crash loses the trip.",
    _start_sidecars,
    tuple(role for role in ENGINE_OF_OURS if role != ORCHESTRATORS_SIDECAR),
)
RESTATE = Engine(
    "restate",
    f"Restate {tools.RESTATE_VERSION}",
    "POST",
    _ingress,
    "The log is RocksDB, its WAL with an fsync for each batch of appended records (the default); "
    "the state store has no WAL and is built again from the log.",
    _start_restate,
    fetch=tools.fetch_restate,
)
DBOS = Engine(
    "dbos",
    f"DBOS {tools.pinned('dbos')}, SQLite",
    "PUT",
    _app,
    "One SQLite file with `synchronous=FULL` (the default): an fsync for each step. Set to WAL "
    "like ours; by default its journal is DELETE, as durable and slower.",
    _start_dbos,
)
TEMPORAL = Engine(
    "temporal",
    f"Temporal {tools.TEMPORAL_VERSION}, dev server, SQLite",
    "PUT",
    _app,
    "One SQLite file with `synchronous=FULL` (the default): an fsync for each transaction, and all "
    "of the server's transactions one after the other on one connection. Set to WAL like ours; by "
    "default its journal is DELETE. Set to eager activities, and to look at its queue of tasks up "
    "to 1000 times a second; by default it is 20 times for each shard, of which it has one.",
    _start_temporal,
    fetch=tools.temporal,
)
ALL = (THIS, FLOOR, SIDECARS, EMPTY, RESTATE, DBOS, TEMPORAL)
