"""Profiles: other stores for any system, with the names and users of its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import systems, template
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]
SYSTEMS = [known.name for known in systems.every(PROJECT)]
Resources = dict[str, dict[str, Any]]


@pytest.fixture(params=SYSTEMS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("profile", ["postgres", "redis"])
def test_a_profile_changes_specs_of_stores_only(tmp_path: Path, name: str, profile: str) -> None:
    own, other = components(tmp_path, name), components(tmp_path, name, profile)
    assert own.keys() == other.keys()
    for file, resource in own.items():
        is_store = resource.get("spec", {}).get("type", "").startswith("state.")
        changed = {key for key in resource if resource[key] != other[file][key]}
        placed = file in ("configuration.yaml", "secrets.yaml")
        assert changed <= ({"spec"} if is_store or placed else set()), file
        added = other[file].keys() - resource.keys()
        assert added <= ({"auth"} if is_store else set()), file


def test_every_store_can_be_in_postgres(tmp_path: Path, name: str) -> None:
    stores = {
        file: resource["spec"]
        for file, resource in components(tmp_path, name, "postgres").items()
        if file.endswith("-store.yaml")
    }
    assert {spec["type"] for spec in stores.values()} == {"state.postgresql"}
    prefixes = [metadata(spec)["tablePrefix"] for spec in stores.values()]
    assert sorted(prefixes) == sorted(
        file.removesuffix("-store.yaml").replace("-", "_") + "_" for file in stores
    )


@pytest.mark.parametrize("profile", ["postgres", "redis"])
def test_the_same_store_keeps_the_workflows(tmp_path: Path, name: str, profile: str) -> None:
    def keepers(resources: Resources) -> list[str]:
        stores = {f: r["spec"] for f, r in resources.items() if f.endswith("-store.yaml")}
        return [file for file, spec in stores.items() if "actorStateStore" in metadata(spec)]

    assert keepers(components(tmp_path, name, profile)) == keepers(components(tmp_path, name))


def test_only_the_workflows_are_in_redis(tmp_path: Path, name: str) -> None:
    kinds = {
        file: resource["spec"]["type"]
        for file, resource in components(tmp_path, name, "redis").items()
        if file.endswith("-store.yaml")
    }
    in_redis = [file for file, kind in kinds.items() if kind == "state.redis"]
    assert in_redis == [file for file in kinds if file.endswith("workflow-store.yaml")]
    assert set(kinds.values()) == {"state.redis", "state.sqlite"}


def components(home: Path, name: str, profile: str = "") -> Resources:
    """Return the resources of a system on a profile, by file, in one order."""
    path = template.write(PROJECT, home, home, Changes(profile=profile), name)
    found = sorted((path.parent / "components").glob("*.yaml"))
    return {file.name: yaml.safe_load(file.read_text()) for file in found}


def metadata(spec: dict[str, Any]) -> dict[str, Any]:
    return {item["name"]: item.get("value") for item in spec["metadata"]}
