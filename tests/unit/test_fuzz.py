"""Every door of every app, with what its OpenAPI document allows and what it does not: no 500.

The apps are served by this process, over a store in memory and a sidecar that says yes.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from base.sidecar import Sidecar
from base.state import StateStore
from runtime import processes, systems
from runtime.template import is_orchestrator
from sagas import Kind
from tests.support.free_ports import free_ports
from tests.support.manifests import PROJECT
from tests.support.memory import MemoryStore
from tests.support.served import served
from tests.unit.errands import World

gently = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def apps() -> dict[str, str]:
    """Return the module and name of each app that any system starts, by system and app-id."""
    found = {}
    for known in systems.every(PROJECT):
        for app in yaml.safe_load(known.template.read_text())["apps"]:
            command = app["command"]
            found[f"{known.name} {app['appID']}"] = command[command.index("uvicorn") + 1]
    return {where: name for name, where in found.items()}  # an app of two systems once


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every sidecar say yes, and every store be in memory."""
    store = MemoryStore()

    async def request(_: Sidecar, __: str, url: str, ___: Any = None) -> Any:
        told = {"workflows": {"connectedWorkers": 1}}
        return (200, told, {}) if url.endswith("metadata") else (204, None, {})

    monkeypatch.setattr(Sidecar, "request", request)
    monkeypatch.setattr(StateStore, "read", lambda _, keys: store.read(keys))
    monkeypatch.setattr(StateStore, "write", lambda _, writes: store.write(writes))


@pytest.fixture
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Have the files of the apps that keep some be this test's, and end what apps have started."""
    ports = ("STAGING_PORT", "PRODUCTION_PORT", "POSTGRES_SERVER_PORT", "S3_SERVER_PORT")
    for name, port in zip(ports, free_ports(len(ports)), strict=True):
        monkeypatch.setenv(name, str(port))
    for what in ("PIPELINE", "POSTGRES", "S3", "VAULT", "ESTATE"):
        monkeypatch.setenv(f"{what}_FOLDER", str(tmp_path / what))
    monkeypatch.setenv(processes.MARK, str(tmp_path))
    yield
    processes.end(processes.of_system(tmp_path))


@contextmanager
def running(where: str, name: str) -> Iterator[str]:
    """Serve an app and give its URL; an orchestrator with an engine that runs nothing."""
    module = importlib.import_module(where.partition(":")[0])
    app: FastAPI = module.app
    if not is_orchestrator(name.split()[-1]):
        with served(app) as url:
            yield url
        return
    kind = next(value for value in vars(module).values() if isinstance(value, Kind))
    world = World(kind)
    world.app.state.wait_seconds, world.app.state.sidecar = 0, Sidecar.__new__(Sidecar)
    with served(world.app, lifespan="off") as url:
        yield url


def takes_something(operation: Any) -> bool:
    return bool(operation.path_parameters or operation.query or operation.body)


@pytest.mark.usefixtures("_alone", "_apart")
@pytest.mark.parametrize(("where", "name"), apps().items(), ids=apps().values())
def test_no_door_breaks(where: str, name: str) -> None:
    answers: set[int] = set()
    with running(where, name) as url:
        document: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
        operations = [found.ok() for found in document.get_all_operations()]
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.NEGATIVE and not takes_something(operation):
                    continue

                @gently
                @given(case=operation.as_strategy(generation_mode=mode))
                def holds(case: Any) -> None:
                    answer = case.call(timeout=20)
                    answers.add(answer.status_code)
                    assert answer.status_code < 500, f"{case.as_curl_command()}: {answer.text}"

                with suppress(Unsatisfiable):  # nothing that it takes is wrong
                    holds()
    stopped = {422} if any(map(takes_something, operations)) else set[int]()
    assert {200} | stopped <= answers, "it came past the door, and was stopped at it"
