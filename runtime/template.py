"""dapr.yaml and components/: reading them, and making a copy with all ports shifted."""

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runtime import profiles, systems
from runtime.errors import SetupError
from runtime.ports import shifted
from runtime.secure import access, vault
from runtime.secure.vault import Vault

_PORT_KEYS = ("appPort", "daprHTTPPort", "daprGRPCPort", "daprInternalGRPCPort", "metricsPort")
_ADDRESS_KEYS = ("placementHostAddress", "schedulerHostAddress")
REPLICA_STEP = 20
MOST_REPLICAS = 4  # ports of a fifth would meet others
_PYTHON = ".venv/bin/python"


@dataclass(frozen=True)
class App:
    """One app of the template with its ports; of several with one app-id, each has a number."""

    app_id: str
    replica: int
    port: int
    sidecar_port: int
    metrics_port: int
    ports: Mapping[int, str]

    @property
    def name(self) -> str:
        """Return the app-id, with the number of all but the first replica."""
        return self.app_id if self.replica == 1 else f"{self.app_id}-{self.replica}"


@dataclass(frozen=True)
class Template:
    """A dapr.yaml as it will be run."""

    path: Path
    apps: tuple[App, ...]
    placement_port: int
    scheduler_port: int

    @property
    def orchestrator(self) -> str:
        """Return the app-id of the app that takes requests: of several, the first. Raises
        SetupError without such one."""
        found = next((app.app_id for app in self.apps if is_orchestrator(app.app_id)), None)
        if found is None:
            raise SetupError(f"{self.path} needs an app whose appID ends in -orchestrator.")
        return found

    @property
    def ports(self) -> dict[int, str]:
        """Return every port of apps and sidecars, with what it is for."""
        return {port: what for app in self.apps for port, what in app.ports.items()}

    def component_in(self, text: str) -> Path | None:
        """Return the file of the component that a line of a log names, or None."""
        for resource in sorted((self.path.parent / "components").glob("*.yaml")):
            if re.search(rf"\b{re.escape(_yaml(resource)['metadata']['name'])}\b", text):
                return resource
        return None


def read(path: Path) -> Template:
    """Return the template in ``path``. Raises SetupError when it or a component is broken."""
    content = _yaml(path)
    for resource in sorted((path.parent / "components").glob("*.yaml")):
        check_resource(resource)
    common = content["common"]
    _check_ports(path, content["apps"])
    return Template(
        path=path,
        apps=tuple(_numbered(content["apps"])),
        placement_port=_port_of(common["placementHostAddress"]),
        scheduler_port=_port_of(common["schedulerHostAddress"]),
    )


def _check_ports(path: Path, apps: Sequence[Mapping[str, Any]]) -> None:
    """Check that every app has its ports, and none has another's. Raises SetupError."""
    taken: dict[int, str] = {}
    for app in apps:
        if lacks := [key for key in _PORT_KEYS if key not in app]:
            raise SetupError(f"{path} says of {app['appID']} no {', '.join(lacks)}.")
        if "--port" not in app["command"]:
            raise SetupError(f"{path}: the command of {app['appID']} needs --port and a number.")
        listens = int(app["command"][app["command"].index("--port") + 1])
        given = [(app[key], f"{key} of {app['appID']}") for key in _PORT_KEYS]
        if listens != app["appPort"]:  # a test's proxy stands between
            given.append((listens, f"--port of {app['appID']}"))
        for port, what in given:
            if port in taken:
                raise SetupError(f"{path} gives port {port} twice: {taken[port]}, and {what}.")
            taken[port] = what


def is_orchestrator(app_id: str) -> bool:
    return app_id.endswith("-orchestrator")


def sections(path: Path, app_id: str, replica: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a template says of all apps, and of one."""
    content = _yaml(path)
    apps = [app for app in content["apps"] if app["appID"] == app_id]
    return content["common"], apps[replica - 1]


def check_resource(path: Path) -> None:
    """Check that a Dapr resource file can be read at all. Raises SetupError."""
    content = _yaml(path)
    if not isinstance(content, dict) or not {"apiVersion", "kind", "metadata"} <= content.keys():
        raise SetupError(
            f"{path} is not a Dapr resource: apiVersion, kind and metadata are needed."
        )


@dataclass(frozen=True)
class Changes:
    """How a system differs from the project's template.

    Every port is shifted ``by``. With ``proxied_by``, sidecars look for their apps that much
    higher, where a test can put a proxy. ``env`` adds environment variables to apps, by app-id or,
    for one replica, by its name; ``history_kept`` is how long the histories of completed workflows
    stay (``5s``, ``20m``); ``zipkin`` is where traces go. ``profile`` names a folder of
    ``profiles/`` whose stores take the place of the system's; what it keeps is in
    ``data/`` under that name. Of several ``replicas`` of an app, each has ports of its own.
    ``people``: who comes to the orchestrator's door is asked who they are, and an identity provider
    is brought where they log in. In a ``secure`` system everybody has to show who they are: see
    docs/secure.md.
    """

    by: int = 0
    proxied_by: int = 0
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    history_kept: str | None = None
    zipkin: str | None = None
    profile: str = ""
    replicas: int = 1
    people: bool = False
    secure: bool = False

    @property
    def keeps(self) -> str:
        """Return the folder in ``data/`` for what it keeps. A secure system has one of its own: of
        what another one began, no history is signed, and it would not go on with it."""
        return str(Path("secure" if self.secure else "", self.profile))


def write(
    project: Path, home: Path, folder: Path, changes: Changes, name: str = systems.TRIPS
) -> Path:
    """Write a changed copy of a system's template into ``folder``, for a system that lives in
    ``home``, and return its path.

    Paths in a template start at the project, those in the copy at ``home``: of the system orders,
    ``systems/orders/data/`` becomes ``data/``.
    """
    known, profile = systems.find(project, name), profiles.read(project, changes.profile)
    content = _at_home(_yaml(known.template), known.folder.relative_to(project))
    common = content["common"]
    configuration = folder / common["configFilePath"]
    common["appDirPath"] = str(home)
    common["resourcesPaths"] = [str(folder / "components")]
    common["configFilePath"] = str(configuration)
    for key in _ADDRESS_KEYS:
        common[key] = f"127.0.0.1:{shifted(_port_of(common[key]), changes.by)}"
    content["apps"] = [
        _replica(app, number) for number in range(changes.replicas) for app in content["apps"]
    ]
    if changes.replicas > 1:
        _look_early(content["apps"])
    everywhere = {"ZIPKIN_ENDPOINT": _spans(changes.zipkin)} if changes.zipkin else {}
    names = [app.name for app in _numbered(content["apps"])]
    for app, name in zip(content["apps"], names, strict=True):
        _shift_app(app, project, home, changes.by)
        for more in (everywhere, changes.env.get(app["appID"], {}), changes.env.get(name, {})):
            app["env"] |= more
        app["appPort"] += changes.proxied_by
    shutil.rmtree(folder / "components", ignore_errors=True)
    (folder / "components").mkdir(parents=True)
    for resource in (known.folder / "components").glob("*.yaml"):
        copy = _at_home(_yaml(resource), known.folder.relative_to(project))
        copy = _placed(profile.in_place_of(copy), changes)
        _write_yaml(folder / "components" / resource.name, copy)
    _configure(configuration, changes)
    path = folder / "dapr.yaml"
    if changes.secure:
        vault.private(folder)
        _give_tokens(content["apps"], vault.of(home))
        _allow(content["apps"], project, folder, configuration)
        del common["configFilePath"]  # each app has its own
    vault.write(path, _text(content))
    return path


def _at_home(content: Any, folder: Path) -> Any:
    """Return a YAML content whose texts do not start with the system's folder any more."""
    if isinstance(content, dict):
        return {key: _at_home(value, folder) for key, value in content.items()}
    if isinstance(content, list):
        return [_at_home(value, folder) for value in content]
    return content.removeprefix(f"{folder}/") if isinstance(content, str) else content


def _replica(app: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a copy of an app with the ports of another replica."""
    copy = deepcopy(app)
    for key in _PORT_KEYS:
        copy[key] += number * REPLICA_STEP
    at = copy["command"].index("--port") + 1
    copy["command"][at] = str(int(copy["command"][at]) + number * REPLICA_STEP)
    return copy


def _look_early(apps: list[dict[str, Any]]) -> None:
    """Let the orchestrator's replicas look soon whether a case ended in another."""
    for app in apps:
        if is_orchestrator(app["appID"]):
            app["env"] = {"FIRST_LOOK_SECONDS": "0.1"} | app.get("env", {})


def _shift_app(app: dict[str, Any], project: Path, home: Path, by: int) -> None:
    app["appDirPath"] = str(home)
    for key in _PORT_KEYS:
        app[key] = shifted(app[key], by)
    env = {str(k): str(v) for k, v in app.get("env", {}).items()}
    shift = {k: str(shifted(int(v), by)) for k, v in env.items() if k.endswith("_PORT")}
    app["env"] = env | shift | imports(project)
    command = [sys.executable if word == _PYTHON else word for word in app["command"]]
    at = command.index("--port") + 1
    command[at] = str(shifted(int(command[at]), by))
    app["command"] = command


def imports(project: Path) -> dict[str, str]:
    """Return the environment in which Python imports from the project, and never from the folder
    that a process runs in: there may be a ``calendar.py``."""
    return {
        "PYTHONPATH": str(project),
        "PYTHONSAFEPATH": "1",
        "UVICORN_APP_DIR": str(project),  # uvicorn adds the folder by itself, unless told another
    }


def _placed(resource: Any, changes: Changes) -> Any:
    """Return a resource with its ports shifted, and its files in the profile's folder."""
    own_data = f"{Path('data', changes.keeps)}/"
    metadata = resource.get("spec", {}).get("metadata", [])
    for item in metadata if isinstance(metadata, list) else []:
        if item["name"] == "port":
            item["value"] = str(shifted(int(item["value"]), changes.by))
        if item["name"] in ("connectionString", "secretsFile") and "value" in item:
            item["value"] = item["value"].replace("data/", own_data)
    return resource


def _configure(configuration: Path, changes: Changes) -> None:
    content = _yaml(configuration)
    if changes.history_kept:
        content["spec"]["workflow"]["stateRetentionPolicy"]["completed"] = changes.history_kept
    if changes.zipkin:
        tracing = {"samplingRate": "1", "zipkin": {"endpointAddress": _spans(changes.zipkin)}}
        content["spec"]["tracing"] = tracing
    _write_yaml(configuration, content)


def _spans(zipkin: str) -> str:
    return f"{zipkin}/api/v2/spans"


def _numbered(apps: list[dict[str, Any]]) -> Iterator[App]:
    seen: Counter[str] = Counter()
    for app in apps:
        seen[app["appID"]] += 1
        yield _app(app, seen[app["appID"]])


def _app(app: dict[str, Any], replica: int) -> App:
    app_id, command = app["appID"], app["command"]
    # Where the app listens, which is not its appPort when a proxy stands between.
    port = int(command[command.index("--port") + 1])
    ports = {app[key]: f"{key} of {app_id}" for key in _PORT_KEYS if key != "appPort"}
    ports |= {
        int(value): f"{name} of {app_id}"
        for name, value in app.get("env", {}).items()
        if name.endswith("_PORT") and int(value)
    }
    sidecar, metrics = app["daprHTTPPort"], app["metricsPort"]
    return App(app_id, replica, port, sidecar, metrics, {port: app_id} | ports)


def _port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


def _give_tokens(apps: list[dict[str, Any]], kept: Vault) -> None:
    """Tell each app the tokens that it has to show its sidecar, and its sidecar has to show it."""
    kept.fill(app["appID"] for app in apps)
    for app in apps:
        app["env"]["DAPR_API_TOKEN"] = kept.api_token(app["appID"])
        app["env"]["APP_API_TOKEN"] = kept.app_token(app["appID"])


def _allow(apps: list[dict[str, Any]], project: Path, folder: Path, configuration: Path) -> None:
    """Give each sidecar a configuration of its own, that allows the calls which a case needs."""
    common = _yaml(configuration)
    configuration.unlink()
    needed = access.needed(
        project,
        {app["appID"]: app["command"][app["command"].index("uvicorn") + 1] for app in apps},
    )
    for app in apps:
        path = folder / "configurations" / f"{app['appID']}.yaml"
        path.parent.mkdir(exist_ok=True)
        _write_yaml(path, access.configured(common, app["appID"], needed))
        app["configFilePath"] = str(path)
    for policy in access.workflow_policies(needed, [app["appID"] for app in apps]):
        _write_yaml(folder / "components" / f"{policy['metadata']['name']}.yaml", policy)


def _write_yaml(path: Path, content: Any) -> None:
    path.write_text(_text(content))


def _text(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False)


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as fault:
        raise SetupError(f"{path} cannot be read: {fault}") from fault
