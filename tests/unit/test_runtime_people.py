"""A system that brings an identity provider, and what its orchestrator is told of it."""

from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

from runtime import identity, sample, supervisor, template
from runtime.dapr import Dapr
from runtime.errors import SetupError
from runtime.system import System
from runtime.systems import every
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", [known.name for known in every(PROJECT)])
def test_only_the_orchestrator_is_told_of_the_provider(tmp_path: Path, name: str) -> None:
    own = {f"{noun}-orchestrator": {"OIDC_NAME": "email"} for noun in ("trip", "order")}
    changes = Changes(by=10_000, people=True, env=own)
    system = System(PROJECT, tmp_path, changes, name=name)
    system._make_folders()
    system._write_template()
    port = system.ports_beside.identity
    for app in yaml.safe_load(system.template.path.read_text())["apps"]:
        told = {key for key in app["env"] if key.startswith(("OIDC", "PEOPLE"))}
        if app["appID"] == system.template.orchestrator:
            assert app["env"]["OIDC_ISSUER"] == f"http://localhost:{port}"
            assert told >= {"PEOPLE", "OIDC_NAME"} or app["appID"] not in own
        else:
            assert told == set()
    assert port not in system.template.ports


def test_where_another_door_would_stand_open_nobody_is_asked_at_one(tmp_path: Path) -> None:
    system = System(PROJECT, tmp_path, Changes(by=10_000, people=True), name="tenants")
    system._make_folders()
    system._write_template()
    with pytest.raises(SetupError, match="removal-orchestrator, tenant-orchestrator"):
        system._identity()


def test_the_demo_is_set_up_once_and_knows_the_console(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    identity.set_up(PROJECT, tmp_path, "trip-orchestrator", 8080)
    passwords = identity.passwords(tmp_path).read_text()
    assert [line.split("\t")[2] for line in passwords.splitlines()] == [
        "customer",
        "operator",
        "approver",
        "auditor",
    ]
    identity.set_up(PROJECT, tmp_path, "trip-orchestrator", 18080)
    assert identity.passwords(tmp_path).read_text() == passwords
    known = (identity.folder(tmp_path) / "known.json").read_text()
    assert "http://localhost:18080/login/done" in known
    assert "localhost:8080" not in known
    private = [tmp_path / identity.KEYS, *identity.folder(tmp_path).iterdir()]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}
    assert identity.folder(tmp_path).stat().st_mode & 0o077 == 0


def test_a_supervised_provider_has_its_environment(tmp_path: Path) -> None:
    read = template.read(PROJECT / "dapr.yaml")
    service = identity.service(PROJECT, tmp_path, 9109)
    (tmp_path / ".dapr").mkdir()
    supervisor.command(tmp_path, read, Dapr(Path("dapr"), tmp_path, "made up"), [service])
    config = RawConfigParser()
    config.read(tmp_path / ".dapr" / "supervisord.conf")
    told = config["program:identity"]["environment"]
    assert 'IDENTITY_ISSUER="http://localhost:9109"' in told.split(",")
    assert "environment" not in config["program:trip-orchestrator"]


def test_a_sample_is_sent_with_the_key_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample._proof() == {}
    monkeypatch.setenv("SAGA_KEY", "saga_x")
    assert sample._proof() == {"Authorization": "Bearer saga_x"}
