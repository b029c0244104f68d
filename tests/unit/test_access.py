"""Who may call whom in a secure system: what the kinds need, worked out here from their steps."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.app import CONSOLE as TRIP_CONSOLE
from orchestrator.trip import TRIP
from runtime import systems, template
from runtime.secure import access
from runtime.secure.access import Access, Call
from runtime.template import Changes
from sagas import Console, Kind, Step
from systems.orders.fulfilment import ORDER
from systems.orders.orchestrator import CONSOLE as ORDER_CONSOLE
from tests.support.dapr_trie import allows

PROJECT = Path(__file__).resolve().parents[2]
KINDS: dict[str, tuple[Kind[Any], Console]] = {
    "trips": (TRIP, TRIP_CONSOLE),
    "orders": (ORDER, ORDER_CONSOLE),
}
VERBS = ("GET", "PUT", "POST", "DELETE", "PATCH")
Made = dict[str, dict[str, Any]]
Calls = set[tuple[str, str, str, str]]


@pytest.fixture(scope="module", params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def home(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a secure system that is about to be started."""
    folder = tmp_path_factory.mktemp(name)
    template.write(PROJECT, folder, folder, Changes(secure=True), name)
    return folder


@pytest.fixture(scope="module")
def made(home: Path) -> Made:
    """The configuration of each sidecar."""
    return {
        path.stem: yaml.safe_load(path.read_text())
        for path in (home / "configurations").glob("*.yaml")
    }


def steps(kind: Kind[Any]) -> Iterator[Step[Any]]:
    for row in kind.rows.values():
        for step in row:
            yield step
            if step.undo:
                yield step.undo


def needed(kind: Kind[Any], console: Console) -> Calls:
    """Return caller, callee, verb and path of each call, about the resource x of the case c-1."""
    orchestrator = f"{kind.noun}-orchestrator"
    calls = {
        (orchestrator, step.service, step.verb, f"/{step.path('c-1:x')}") for step in steps(kind)
    }
    calls |= {(orchestrator, app, "GET", "/healthz") for _, app, *_ in calls}
    calls |= {(orchestrator, app, "GET", "/readyz") for _, app, *_ in calls}
    for service, request in console.asks:
        verb, path = request.split(" ")
        calls.add((orchestrator, service, verb, f"/{path.format(id='c-1:x')}"))
    for signal in kind.signals:
        if signal.by == "participant":
            assert signal.service
            path = f"/{kind.plural}/c-1/signals/{signal.name}"
            calls.add((signal.service, orchestrator, "POST", path))
    return calls


def test_every_app_has_a_configuration_and_dapr_run_is_told_of_it(
    name: str, home: Path, made: Made
) -> None:
    apps = {app.app_id for app in template.read(systems.find(PROJECT, name).template).apps}
    assert made.keys() == apps
    content = yaml.safe_load((home / "dapr.yaml").read_text())
    assert "configFilePath" not in content["common"]
    for app in content["apps"]:
        assert app["configFilePath"] == str(home / "configurations" / f"{app['appID']}.yaml")


def test_exactly_the_calls_of_the_steps_are_allowed(name: str, made: Made) -> None:
    """Of all callers, callees, verbs and paths that there are, no other combination."""
    kind, console = KINDS[name]
    calls = needed(kind, console)
    paths = {path for *_, path in calls} | {"/", "/metrics", "/openapi.json", "/docs"}
    paths |= {f"/{kind.plural}", f"/{kind.plural}/c-1", f"/{kind.plural}/c-1/audit"}
    paths |= {f"/{kind.plural}/c-1/{deed}" for deed in ("cancel", "resume", "signals/shortage")}
    callers = [*made, "stranger"]
    allowed = {
        (caller, callee, verb, path)
        for caller, callee, verb, path in product(callers, made, VERBS, paths)
        if allows(made[callee], caller, verb, path)
    }
    assert allowed == calls


def test_workflows_are_the_orchestrators_own(name: str, home: Path) -> None:
    kind, _ = KINDS[name]
    own, nobodys = (
        yaml.safe_load((home / "components" / f"{policy}-workflows.yaml").read_text())
        for policy in ("own", "no")
    )
    assert own["scopes"] == [kind.app_id]
    [rule] = own["spec"]["rules"]
    assert rule["callers"] == [{"appID": kind.app_id}]
    assert {each["name"] for each in rule["workflows"]} == {kind.noun, f"{kind.noun}_cancellation"}
    rows = {
        *kind.rows,
        *(f"undo {row}" for row, of in kind.rows.items() if any(s.undo for s in of)),
    }
    assert {each["name"] for each in rule["activities"]} == rows | {"keep"}
    assert set(nobodys["scopes"]) == set(kind.services)
    assert nobodys["spec"] == {}


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
        "/a/***/b": ["PUT"],
        "/a/***/b/*": ["PUT"],
    }


def test_an_app_that_is_no_orchestrator_of_a_kind_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    path = {"PYTHONPATH": f"{PROJECT}:{tmp_path}"}
    assert access.needed(PROJECT, "plain:app", path) == Access()
