"""Every system, and one that is made now, is as shut as SECURITY.md says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import keys, seed, systems
from runtime.systems import Known
from tests.support.manifests import PROJECT

SYSTEMS = systems.every(PROJECT)
ALLOWED = {"state", "invoke", "jobs", "bindings", "metadata"}
NAME = "nouveau"
Resource = dict[str, Any]


@pytest.fixture(params=[*SYSTEMS, None], ids=lambda known: known.name if known else "a new one")
def known(request: pytest.FixtureRequest, tmp_path: Path) -> Known:
    if request.param:
        found: Known = request.param
        return found
    (tmp_path / "dapr.yaml").write_text((PROJECT / "dapr.yaml").read_text())
    (tmp_path / "components").mkdir()
    (tmp_path / "systems").mkdir()
    seed.plant(tmp_path, NAME)
    return systems.find(tmp_path, NAME)


def resources(known: Known) -> list[Resource]:
    paths = sorted((known.folder / "components").glob("*.yaml"))
    return [yaml.safe_load(path.read_text()) for path in paths]


def only(known: Known, kind: str, type_: str = "") -> Resource:
    [found] = [
        each
        for each in resources(known)
        if each["kind"] == kind and each["spec"].get("type", "").startswith(type_)
    ]
    return found


def metadata(resource: Resource) -> dict[str, Resource]:
    return {item["name"]: item for item in resource["spec"]["metadata"]}


def test_sidecars_offer_what_apps_use(known: Known) -> None:
    spec = only(known, "Configuration")["spec"]
    allowed = spec["api"]["allowed"]
    assert {api["name"] for api in allowed} <= ALLOWED
    # With no rule for a protocol all of it would be open.
    assert {api["protocol"] for api in allowed} == {"http", "grpc"}
    assert [api["name"] for api in allowed if api["protocol"] == "grpc"] == ["metadata"]
    assert spec["secrets"]["scopes"] == [{"storeName": "secrets", "defaultAccess": "deny"}]


@pytest.mark.parametrize(
    ("path", "open_to_pages"),
    [
        ("/v1.0/healthz", True),
        ("/v1.0/metadata", True),
        ("/v1.0/invoke/trip-orchestrator/method/trips/t1?limit=1", True),
        ("/v1.0/invoke/flight-service.default/method/readyz", True),
        ("/v1.0/state/trip-store", False),
        ("/v1.0/state/trip-store?<", True),
        ("/v1.0/state/trip-store?%3C", False),
        ("/v1.0/bindings/mail", False),
        ("/v1.0/invoke/http://127.0.0.1:1/method/x", False),
        ("/v1.0/invoke/http:%2F%2F127.0.0.1:1/method/x", False),
        ("/x/v1.0/invoke/a/method/b", False),
        ("/charges/x", False),
    ],
)
def test_what_a_page_can_ask_of_a_sidecar(known: Known, path: str, open_to_pages: bool) -> None:
    doors = only(known, "Component", "middleware.http.routerchecker")
    handlers = only(known, "Configuration")["spec"]["httpPipeline"]["handlers"]
    assert handlers == [{"name": doors["metadata"]["name"], "type": doors["spec"]["type"]}]
    assert "scopes" not in doors, "a new app would have no door"
    rule = metadata(doors)["rule"]["value"]
    assert bool(re.search(rule, path)) is open_to_pages


def test_no_component_has_a_password_in_it(known: Known) -> None:
    profiles = [yaml.safe_load(path.read_text()) for path in PROJECT.glob("profiles/*/*.yaml")]
    for each in (*resources(known), *profiles):
        if each["kind"] != "Component":
            continue
        for name, item in metadata(each).items():
            secret = "secretKeyRef" in item
            assert "envRef" not in item, name
            assert secret or "password" not in name.lower()
            assert not secret or each["auth"] == {"secretStore": "secrets"}


def test_every_app_has_bounded_connections(known: Known) -> None:
    for app in yaml.safe_load(known.template.read_text())["apps"]:
        command = app["command"]
        if "uvicorn" in command:
            assert command[command.index("--http") + 1] == "base.connections:Connection"


def test_secrets_are_kept_in_a_file_of_their_owner(tmp_path: Path) -> None:
    keys.keep(tmp_path)
    keys.keep(tmp_path, {"postgresUrl": "postgresql://x"})
    keys.keep(tmp_path)
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert yaml.safe_load(path.read_text()) == {"mailPassword": "", "postgresUrl": "postgresql://x"}


def test_a_secret_that_somebody_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / keys.FILE).write_text('{"mailPassword": "theirs"}')
    keys.keep(tmp_path)
    assert yaml.safe_load((tmp_path / keys.FILE).read_text()) == {"mailPassword": "theirs"}


def test_every_test_that_the_threats_name_is_there() -> None:
    text = (PROJECT / "SECURITY.md").read_text()
    named = set(re.findall(r"`([a-z_/]+\.py)`", text))
    assert len(named) > 10
    missing = {
        name
        for name in named
        if not ((PROJECT / "tests" / name).exists() or (PROJECT / name).exists())
    }
    assert missing == set()
