"""Kubernetes manifests as a cluster would get them, and what Dapr publishes to check them against.

Rendering needs kubectl, kustomize or Go, Dapr's part needs Go; tests that need what is not there
are skipped and say so.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.manifests import Manifests
from runtime.systems import Known

PROJECT = Path(__file__).resolve().parents[2]
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.0"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Deployed:
    """A system's manifests, with what they were made from."""

    known: Known

    @property
    def made(self) -> Manifests:
        return Manifests(PROJECT, self.known)

    @property
    def local(self) -> dict[str, dict[str, Any]]:
        """The apps of dapr.yaml, by app-id."""
        described = yaml.safe_load(self.known.template.read_text())["apps"]
        return {app["appID"]: app for app in described}

    def set_otherwise(self, app_id: str) -> dict[str, str]:
        """Return what an app's environment is to have on a cluster, whatever it has locally."""
        path = self.known.folder / "deploy" / "kubernetes.yaml"
        more = yaml.safe_load(path.read_text()) if path.exists() else {}
        found: dict[str, str] = more.get("apps", {}).get(app_id, {}).get("env", {})
        return found

    @property
    def local_resources(self) -> list[Resource]:
        """Dapr's resources of the local system."""
        folder = self.known.folder / "components"
        return [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]

    def local_resource(self, kind: str) -> Resource:
        """Return the local system's only resource of a kind."""
        [found] = [each for each in self.local_resources if each["kind"] == kind]
        return found

    @property
    def rendered(self) -> list[Resource]:
        return rendered(self.made.folder)

    def of_kind(self, kind: str) -> list[Resource]:
        """Return the resources of one kind."""
        return [resource for resource in self.rendered if resource["kind"] == kind]

    @property
    def namespace(self) -> str:
        [found] = self.of_kind("Namespace")
        return title(found)

    @property
    def pods(self) -> dict[str, dict[str, Any]]:
        """The pods' templates, by app-id."""
        return {title(each): each["spec"]["template"] for each in self.of_kind("Deployment")}

    @property
    def apps(self) -> dict[str, dict[str, Any]]:
        """The apps' containers, by app-id."""
        found = {}
        for app_id, pod in self.pods.items():
            [found[app_id]] = pod["spec"]["containers"]
        return found

    def selected(self, labels: dict[str, str]) -> list[str]:
        """Return the app-ids of the pods with these labels."""
        pods = self.pods.items()
        return [n for n, pod in pods if labels.items() <= pod["metadata"]["labels"].items()]


def title(resource: Resource) -> str:
    return str(resource["metadata"]["name"])


@cache
def rendered(folder: Path) -> list[Resource]:
    """Return all resources of a folder, with patches, namespace and labels applied."""
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize"]
    elif kustomize := shutil.which("kustomize"):
        command = [kustomize, "build"]
    elif go := shutil.which("go"):
        command = [go, "run", KUSTOMIZE, "build"]
    else:
        pytest.skip("kubectl, kustomize or Go is needed to render manifests")
    # Outside of any Go module, so that its pins do not count.
    done = subprocess.run(
        [*command, str(folder)], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@cache
def module(name: str) -> Path:
    """Return the folder of a Go module, in the version that the local sidecar is built from."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"Go is needed to read what {name} publishes")
    command = [go, "mod", "download", "-json", name]
    pins = PROJECT / "runtime" / "sidecar"
    done = subprocess.run(command, cwd=pins, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(json.loads(done.stdout)["Dir"])


@cache
def dapr_schemas() -> dict[str, dict[str, Any]]:
    """Return the strict schema of each kind of Dapr resource, from Dapr's own definitions."""
    folder = module("github.com/dapr/dapr") / "charts" / "dapr" / "crds"
    found = {}
    for path in folder.glob("*.yaml"):
        spec = yaml.safe_load(path.read_text())["spec"]
        [version] = [each for each in spec["versions"] if each["name"] == "v1alpha1"]
        found[spec["names"]["kind"]] = strict(version["schema"]["openAPIV3Schema"])
    return found


def strict(schema: Any) -> Any:
    """Return a schema that allows no property but those it names, where it names any."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: strict(each) for name, each in schema.items()}
    if "properties" in inner and not inner.get("x-kubernetes-preserve-unknown-fields"):
        inner.setdefault("additionalProperties", False)
    return inner


@cache
def dapr_annotations() -> set[str]:
    """Return the annotations that Dapr's injector knows."""
    source = "pkg/injector/annotations/annotations.go"
    text = (module("github.com/dapr/dapr") / source).read_text()
    return set(re.findall(r'"(dapr\.io/[a-z0-9-]+)"', text))


def component_metadata(kind: str, version: str) -> set[str]:
    """Return the metadata that a type of component knows (``state.postgresql``, ``v2``)."""
    folder = module("github.com/dapr/components-contrib") / kind.replace(".", "/")
    path = folder / version / "metadata.yaml"
    spec = yaml.safe_load((path if path.exists() else folder / "metadata.yaml").read_text())
    assert spec["version"] == version
    return set(_metadata(spec))


def _metadata(spec: dict[str, Any]) -> Iterator[str]:
    for part in (spec, *spec.get("authenticationProfiles", [])):
        yield from (item["name"] for item in part.get("metadata", []))
    if "actorStateStore" in spec.get("capabilities", []):
        yield "actorStateStore"
    if "binding" in spec:
        yield "direction"
