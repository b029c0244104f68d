"""Who somebody is, is what Sentry says; and Sentry wants to see a token that only we can sign."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from runtime.secure.vault import Vault
from tests.secure.intruder import Intruder
from tests.support.waiting import until
from tests.support.world import FLIGHT, ORCHESTRATOR, World

Token = Callable[[Vault, Path], Path | None]


def none(_: Vault, __: Path) -> None:
    return None


def of_another(vault: Vault, _: Path) -> Path:
    return vault.identity_file(FLIGHT)


def self_signed(vault: Vault, folder: Path) -> Path:
    """Sign what the true token says, with another key under the same name."""
    text = vault.identity_file(ORCHESTRATOR).read_text()
    mine = ECKey.generate_key("P-256")
    theirs = jwt.decode(text, ECKey.import_key(_public(vault)))
    path = folder / "forged"
    path.write_text(jwt.encode({**theirs.header}, theirs.claims, mine))
    return path


def unsigned(vault: Vault, folder: Path) -> Path:
    head, claims, _ = vault.identity_file(ORCHESTRATOR).read_text().split(".")
    path = folder / "unsigned"
    path.write_text(f"{head}.{claims}.")
    return path


def _public(vault: Vault) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = json.loads(vault.keys.read_text())["keys"][0]
    return found


@pytest.mark.parametrize("token", [none, of_another, self_signed, unsigned])
def test_nobody_becomes_the_orchestrator_without_its_token(
    intruder: Intruder, vault: Vault, tmp_path: Path, token: Token
) -> None:
    intruder.start(ORCHESTRATOR, token(vault, tmp_path))
    until(lambda: "error from sentry SignCertificate" in intruder.log, bool, "Sentry to refuse")
    until(intruder.runs, lambda runs: not runs, "the sidecar to give up")


def test_a_sidecar_without_certificate_steals_no_trip(world: World, intruder: Intruder) -> None:
    """Without mTLS, one that called itself so got two trips of eight with all their data."""
    intruder.start(ORCHESTRATOR, mtls=False)
    for service in ("placement service", "scheduler host"):
        refused = f"Failed to connect to {service}"
        until(partial(_said, intruder, refused), bool, refused)
    trips = [world.trip_id("mine") for _ in range(8)]
    assert [world.book(trip, world.request()).status_code for trip in trips] == [200] * 8
    told = intruder.client().get("/v1.0/metadata").json()
    assert told["actorRuntime"]["placement"] == "placement: disconnected"
    assert not told.get("scheduler", {}).get("connected_addresses")


def test_a_participant_cannot_offer_to_run_the_orchestrators_workflows(
    world: World, intruder: Intruder, vault: Vault
) -> None:
    """Its name is its own, and its certificate; the kind of actor is another's."""
    config = {"entities": ["dapr.internal.default.trip-orchestrator.workflow"]}
    with intruder.app(config):
        intruder.start(FLIGHT, vault.identity_file(FLIGHT), app=True)
        refused = "is not allowed for app ID flight-service"
        until(partial(_said, intruder, refused), bool, refused)
        assert world.book(world.trip_id("mine"), world.request()).status_code == 200


def _said(intruder: Intruder, text: str) -> bool:
    return text in intruder.log
