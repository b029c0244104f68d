"""Who may call whom in a secure system: what the kinds need, worked out here from their steps."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import systems, template
from runtime.secure import access
from runtime.secure.access import Access, Call
from runtime.systems import Known
from runtime.template import Changes
from tests.support.allowed import Asking, asking
from tests.support.dapr_trie import allows

PROJECT = Path(__file__).resolve().parents[2]
SYSTEMS = systems.every(PROJECT)
Made = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda known: known.name)
def known(request: pytest.FixtureRequest) -> Known:
    found: Known = request.param
    return found


@pytest.fixture(scope="module")
def home(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a secure system that is about to be started."""
    folder = tmp_path_factory.mktemp(known.name)
    template.write(PROJECT, folder, folder, Changes(secure=True), known.name)
    return folder


@pytest.fixture(scope="module")
def system(known: Known) -> Asking:
    return asking(known)


@pytest.fixture(scope="module")
def made(home: Path) -> Made:
    """The configuration of each sidecar."""
    return {
        path.stem: yaml.safe_load(path.read_text())
        for path in (home / "configurations").glob("*.yaml")
    }


def test_every_app_has_a_configuration_and_dapr_run_is_told_of_it(
    known: Known, home: Path, made: Made
) -> None:
    assert made.keys() == {app.app_id for app in template.read(known.template).apps}
    content = yaml.safe_load((home / "dapr.yaml").read_text())
    assert "configFilePath" not in content["common"]
    for app in content["apps"]:
        assert app["configFilePath"] == str(home / "configurations" / f"{app['appID']}.yaml")


def test_exactly_the_calls_of_the_steps_are_allowed(system: Asking, made: Made) -> None:
    """Of all callers, callees, verbs and paths that there are, no other combination."""
    assert system.allowed(made) == system.needed()


def test_workflows_are_the_orchestrators_own(system: Asking, home: Path) -> None:
    for orchestrator in system.orchestrators:
        kind = orchestrator.kind
        own = _policy(home, kind.app_id)
        assert own["scopes"] == [kind.app_id]
        [rule] = own["spec"]["rules"]
        assert rule["callers"] == [{"appID": kind.app_id}]
        names = {each["name"] for each in rule["workflows"]}
        assert names == {kind.noun, f"{kind.noun}_cancellation"}
        assert {each["name"] for each in rule["activities"]} == orchestrator.activities()
        nobodys = _policy(home, "no")
        assert set(nobodys["scopes"]) >= set(kind.services)
        assert nobodys["spec"] == {}


def _policy(home: Path, whose: str) -> dict[str, Any]:
    policy: dict[str, Any] = yaml.safe_load(
        (home / "components" / f"{whose}-workflows.yaml").read_text()
    )
    return policy


def test_histories_are_signed(made: Made) -> None:
    for configuration in made.values():
        assert {"name": access.SIGNED, "enabled": True} in configuration["spec"]["features"]


def test_verbs_of_one_pattern_are_in_one_entry_and_the_exact_comes_first() -> None:
    paths = ["/a/{id}/b", "/a/{id}", "/a/known", "/a/{id}/b/{other}"]
    calls = [Call(caller="x", callee="y", verb="PUT", path=path) for path in paths]
    more = Call(caller="x", callee="y", verb="GET", path="/a/{id}")
    assert Access(calls=[*calls, more, more]).allowed("y")["x"] == {
        "/a/known": ["PUT"],
        "/a/*": ["PUT", "GET"],
        "/a/***/b/*": ["PUT"],
    }


def test_where_a_path_ends_and_others_go_on_each_has_its_own_verbs() -> None:
    asked = [("GET", "/a"), ("POST", "/a/check"), ("PUT", "/a/{id}/b")]
    calls = [Call(caller="x", callee="y", verb=verb, path=path) for verb, path in asked]
    configuration = access.configured({"spec": {}}, "y", Access(calls=calls))
    passes = {
        (verb, path)
        for verb in ("GET", "POST", "PUT")
        for path in ("/a", "/a/check", "/a/1/b")
        if allows(configuration, "x", verb, path)
    }
    assert passes == {("GET", "/a"), ("POST", "/a/check"), ("PUT", "/a/1/b")}


def test_an_app_that_is_no_orchestrator_of_a_kind_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    assert access.needed(tmp_path, {"plain": "plain:app"}) == Access()
