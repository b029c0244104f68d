"""A system's Kubernetes manifests, made from its dapr.yaml and its components.

They are put into ``deploy/kubernetes/`` of the system's folder. What they look like is in the
templates of the project's ``deploy/templates/``. What cannot be told from the local system is in
``deploy/kubernetes.yaml`` of the system's folder, if there is such a file.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.errors import SetupError
from runtime.secure import access
from runtime.secure.access import Access
from runtime.systems import Known
from runtime.template import is_orchestrator

_MAIL_SINK = ("MAIL_SINK_PORT", "MAIL_SINK_FOLDER")
_MAIL_SECRETS = ("host", "port", "user", "password")
_SHUTDOWN = {"name": "shutdown", "version": "v1", "protocol": "http"}
_TOKENS = ("api-token", "app-token")
_TOP = ("namespace.yaml", "network-policies.yaml")
_PATCH = "deployment-patch.yaml"
_WHY_CONFIGURATIONS = """\
# As components/configuration.yaml, but names are looked up in the cluster's DNS, secrets are the
# cluster's, and an app may end its sidecar (see apps/); and each sidecar lets those calls through
# which the steps and signals of a case need, and no other.
"""
_WHY_POLICIES = "# Workflows are their orchestrator's own.\n"
Resource = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Image(_Strict):
    """The image that holds every app."""

    name: str = "travel"
    tag: str = "1.0.0"


class AppDetails(_Strict):
    """More of an app: its environment, why it is ``open`` to requests from outside, and the names
    by which those reach it.

    ``secrets`` are variables that come from a key of a secret, ``name/key``. What is in ``keeps``,
    a folder, is on a volume: then there is one of it at a time. ``reaches`` are ports of servers
    outside the system that it calls.
    """

    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    open: str = ""
    hosts: list[str] = []
    keeps: str = ""
    reaches: list[int] = []


class Details(_Strict):
    """What cannot be told from the local system."""

    image: Image = Image()
    apps: dict[str, AppDetails] = {}


@dataclass(frozen=True)
class App:
    """An app as its template wants it."""

    id: str
    port: int
    args: list[str]
    env: dict[str, str]
    why_open: str = ""
    hosts: tuple[str, ...] = ()
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    keeps: str = ""
    reaches: Sequence[int] = ()

    @property
    def orchestrates(self) -> bool:
        return is_orchestrator(self.id)

    @property
    def open(self) -> bool:
        """Whether requests come from outside."""
        return self.orchestrates or bool(self.why_open)


@dataclass(frozen=True)
class Store:
    name: str
    scopes: list[str]
    keeps_workflows: bool


@dataclass(frozen=True)
class Secret:
    """A secret that somebody has to create, with these keys."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Manifests:
    """The manifests of one system of a project."""

    project: Path
    known: Known

    @property
    def folder(self) -> Path:
        return self.known.folder / "deploy" / "kubernetes"

    def write(self) -> None:
        """Put the manifests into their folder, in place of what is there. Raises SetupError."""
        made = self.made()
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, text in made.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def made(self) -> dict[str, str]:
        """Return every file by its path in the folder. Raises SetupError."""
        apps = {f"apps/{app.id}.yaml": self._render("app.yaml", app=app) for app in self.apps}
        resources = {**apps, **dict(self._dapr())}
        made = {name: self._render(name) for name in (*_TOP, _PATCH)} | resources
        listed = [*_TOP, *resources]
        return made | {"kustomization.yaml": self._render("kustomization.yaml", resources=listed)}

    @cached_property
    def apps(self) -> list[App]:
        """Return the apps of dapr.yaml, with what the details add."""
        described = _read(self.known.template)["apps"]
        unknown = self.details.apps.keys() - {app["appID"] for app in described}
        if unknown:
            raise SetupError(f"{self._details} names no app of the system: {', '.join(unknown)}.")
        made = [_app(app, self.details.apps.get(app["appID"], AppDetails())) for app in described]
        return [replace(app, env=app.env | self._hosts(app)) for app in made]

    def _hosts(self, app: App) -> dict[str, str]:
        """Return the setting that names what an open app is reached by: its service, in the four
        ways that the cluster knows it, and what the details add."""
        if not app.open:
            return {}
        service = [f"{app.id}{end}" for end in ("", *_in_cluster(self.namespace))]
        return {"ALLOWED_HOSTS": ",".join([*service, *app.hosts])}

    @property
    def stores(self) -> list[Store]:
        return [
            Store(_name(each), each.get("scopes", []), "actorStateStore" in _metadata(each))
            for each in self._components
            if _type(each).startswith("state.")
        ]

    @property
    def secrets(self) -> list[Secret]:
        """Return what has to be created before the apps can start."""
        stores = [Secret(store.name, ("connectionString",)) for store in self.stores]
        mails = [Secret(_name(mail), _MAIL_SECRETS) for mail in self._mails]
        of_apps = [Secret(*each) for app in self.apps for each in _by_name(app.secrets.values())]
        tokens = [Secret(f"{app.id}-{of}", ("token",)) for app in self.apps for of in _TOKENS]
        return stores + mails + of_apps + tokens

    @cached_property
    def access(self) -> Access:
        """Return what the cases of the system need. Raises SetupError."""
        return access.needed(self.project, {app.id: app.args[0] for app in self.apps})

    @cached_property
    def details(self) -> Details:
        """Return what cannot be told from the local system. Raises SetupError."""
        if not self._details.is_file():
            return Details()
        try:
            return Details.model_validate(_read(self._details))
        except ValidationError as fault:
            raise SetupError(f"{self._details} cannot be read: {fault}") from fault

    @property
    def namespace(self) -> str:
        """Return the namespace, which has the name of the configuration."""
        return _name(self._only("Configuration"))

    @property
    def _details(self) -> Path:
        return self.folder.with_suffix(".yaml")

    @property
    def _mails(self) -> list[Resource]:
        return [each for each in self._components if _type(each) == "bindings.smtp"]

    @property
    def _components(self) -> list[Resource]:
        return [each for each in self._resources if each["kind"] == "Component"]

    @cached_property
    def _resources(self) -> list[Resource]:
        return [_read(path) for path in sorted((self.known.folder / "components").glob("*.yaml"))]

    def _only(self, kind: str) -> Resource:
        found = [each for each in self._resources if each["kind"] == kind]
        if len(found) != 1:
            raise SetupError(f"{self.known.name} needs one {kind} in components/.")
        return found[0]

    def _dapr(self) -> Iterator[tuple[str, str]]:
        """Yield the file of each Dapr resource."""
        yield "dapr/configurations.yaml", self._configurations()
        yield "dapr/workflow-access.yaml", self._workflow_access()
        yield "dapr/resiliency.yaml", self._resiliency()
        yield "dapr/stores.yaml", self._render("stores.yaml", stores=self.stores)
        for each in self._components:
            if _type(each) == "bindings.smtp":
                yield f"dapr/{_name(each)}.yaml", _dump(_with_secrets(each))
            elif not _type(each).startswith(("state.", "secretstores.")):
                yield f"dapr/{_name(each)}.yaml", _dump(each)

    def _configurations(self) -> str:
        """Return one Configuration for each app, for each allows other calls."""
        local = self._only("Configuration")
        spec = {k: v for k, v in local["spec"].items() if k not in ("nameResolution", "secrets")}
        allowed = [*spec["api"]["allowed"], _SHUTDOWN] if "api" in spec else []
        spec |= {"api": {"allowed": allowed}} if allowed else {}
        common = local | {"spec": spec}
        each = [
            access.configured(common, app.id, self.access, self.namespace)
            | {"metadata": {"name": app.id}}
            for app in self.apps
        ]
        return _WHY_CONFIGURATIONS + _dump_all(each)

    def _workflow_access(self) -> str:
        each = access.workflow_policies(self.access, [app.id for app in self.apps])
        return _WHY_POLICIES + _dump_all(each)

    def _resiliency(self) -> str:
        local = self._only("Resiliency")
        targets = local["spec"]["targets"]
        apps = {
            name.replace(".default", f".{self.namespace}"): target
            for name, target in targets["apps"].items()
        }
        spec = local["spec"] | {"targets": targets | {"apps": apps}}
        why = "As components/resiliency.yaml, where the reasons are; breakers have this namespace."
        return f"# {why}\n{_dump(local | {'spec': spec})}"

    def _render(self, name: str, **more: Any) -> str:
        orchestrators = [app.id for app in self.apps if app.orchestrates]
        called = self._only("Resiliency")["spec"]["targets"]["apps"]
        common = {
            "name": self.known.name,
            "namespace": self.namespace,
            "image": self.details.image,
            "orchestrators": orchestrators,
            "reaching": [app for app in self.apps if app.reaches],
            "open": [app.id for app in self.apps if app.open],
            "senders": [app for mail in self._mails for app in mail["scopes"]],
            "calls_back": all(app_id in called for app_id in orchestrators),
        }
        return self._templates.get_template(f"{name}.j2").render(common | more)

    @property
    def _templates(self) -> Environment:
        loader = FileSystemLoader(self.project / "deploy" / "templates")
        found = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
        found.filters["flow"] = _flow
        return found


def _app(described: dict[str, Any], details: AppDetails) -> App:
    command, env = described["command"], described.get("env", {})
    own = {name: str(value) for name, value in env.items() if name not in _MAIL_SINK}
    if "uvicorn" not in command:
        raise SetupError(f"{described['appID']} is not started by uvicorn, as the image starts it.")
    args = command[command.index("uvicorn") + 1 :]
    return App(
        described["appID"],
        described["appPort"],
        args,
        own | details.env,
        details.open,
        tuple(details.hosts),
        {name: _parted(where) for name, where in details.secrets.items()},
        details.keeps,
        details.reaches,
    )


def _parted(where: str) -> tuple[str, str]:
    """Return the name of a secret and the key in it."""
    name, _, key = where.partition("/")
    return name, key


def _by_name(keys: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each secret once, with all its keys."""
    names = dict.fromkeys(name for name, _ in keys)
    return [(name, tuple(key for other, key in keys if other == name)) for name in names]


def _in_cluster(namespace: str) -> list[str]:
    return [f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"]


def _with_secrets(mail: Resource) -> Resource:
    """Return the component with its mail server in a secret."""
    secret = [
        {"name": key, "secretKeyRef": {"name": _name(mail), "key": key}} for key in _MAIL_SECRETS
    ]
    kept = [item for item in mail["spec"]["metadata"] if item["name"] not in _MAIL_SECRETS]
    local = {key: value for key, value in mail.items() if key != "auth"}
    return local | {"spec": mail["spec"] | {"metadata": secret + kept}}


def _type(component: Resource) -> str:
    return str(component["spec"]["type"])


def _name(resource: Resource) -> str:
    return str(resource["metadata"]["name"])


def _metadata(component: Resource) -> set[str]:
    return {item["name"] for item in component["spec"]["metadata"]}


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1_000).strip()


def _dump(resource: Resource) -> str:
    return yaml.safe_dump(resource, default_flow_style=None, sort_keys=False, width=1_000)


def _dump_all(resources: list[Resource]) -> str:
    return "---\n".join(map(_dump, resources))


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as fault:
        raise SetupError(f"{path} cannot be read: {fault}") from fault
