"""deploy/kubernetes as a cluster would get it, and what Dapr publishes to check it against.

Rendering needs kubectl, kustomize or Go, Dapr's part needs Go; tests that need what is not there
are skipped and say so.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
MANIFESTS = PROJECT / "deploy" / "kubernetes"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.0"
Resource = dict[str, Any]


@cache
def rendered() -> list[Resource]:
    """Return all resources, with patches, namespace and labels applied."""
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize"]
    elif kustomize := shutil.which("kustomize"):
        command = [kustomize, "build"]
    elif go := shutil.which("go"):
        command = [go, "run", KUSTOMIZE, "build"]
    else:
        pytest.skip("kubectl, kustomize or Go is needed to render deploy/kubernetes")
    # Outside of any Go module, so that its pins do not count.
    done = subprocess.run(
        [*command, str(MANIFESTS)], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(kind: str) -> list[Resource]:
    """Return the resources of one kind."""
    return [resource for resource in rendered() if resource["kind"] == kind]


@cache
def local_resources() -> list[Resource]:
    """Return the Dapr resources of the local system."""
    return [yaml.safe_load(path.read_text()) for path in (PROJECT / "components").glob("*.yaml")]


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
