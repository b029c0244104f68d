"""Trips at whose door people are asked who they are: keys, through the sidecar too, and roles."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from sagas.people.identity import Role
from sagas.people.keys import Keys
from tests.support.running import running
from tests.support.waiting import until
from tests.support.world import FLIGHT, NOTIFICATION, ORCHESTRATOR, booking, fresh_day

PROJECT = Path(__file__).resolve().parent.parent.parent
HOME = PROJECT / ".people-system"
LIMIT = "100"  # minor units: every trip waits for approval


@dataclass
class Peopled:
    """The system, and its people's keys."""

    system: System
    keys: Keys

    def __post_init__(self) -> None:
        self.url = self.system.app_url(ORCHESTRATOR)

    def ask(
        self, verb: str, path: str, key: str = "", body: Any = None, **headers: str
    ) -> httpx.Response:
        proof = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.request(verb, self.url + path, json=body, headers=proof | headers, timeout=60)

    def through(self, app: str, verb: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask through the sidecar of an app."""
        url = f"{self.system.sidecar_url(app)}/v1.0/invoke/{ORCHESTRATOR}/method{path}"
        return httpx.request(verb, url, json=body, headers=headers, timeout=60)

    def status(self, trip_id: str, key: str) -> Any:
        return self.ask("GET", f"/trips/{trip_id}", key).json()["step"]


@pytest.fixture(scope="module")
def peopled() -> Iterator[Peopled]:
    """Trips on real sidecars, which prove themselves, and a file of keys."""
    System(PROJECT, HOME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    keys = Keys(HOME / "people.json")
    keys.make("first", ["auditor"])
    env = {"PEOPLE": "people.json", "APPROVAL_LIMIT": LIMIT}
    with (
        pytest.MonkeyPatch.context() as patched,
        on_free_ports(PROJECT, Changes(env={ORCHESTRATOR: env})) as changes,
    ):
        patched.setenv("APP_API_TOKEN", "a-token-of-this-test")  # for sidecars and apps alike
        with running(System(PROJECT, HOME, changes, say=print)) as system:
            yield Peopled(system, keys)


@pytest.fixture(scope="module")
def key(peopled: Peopled) -> dict[str, str]:
    """A key of everybody."""
    everybody: dict[str, list[Role]] = {
        "alice": ["customer"],
        "mallory": ["customer"],
        "olga": ["operator"],
        "anna": ["approver"],
        "otto": ["auditor"],
    }
    return {name: peopled.keys.make(name, roles) for name, roles in everybody.items()}


def wish(name: str) -> dict[str, Any]:
    return booking(fresh_day(), customerId=name)


def test_a_trip_of_ones_own_from_the_request_to_the_audit(
    peopled: Peopled, key: dict[str, str]
) -> None:
    ask, at = peopled.ask, "/trips/p-1"
    assert ask("PUT", at, body=wish("alice")).status_code == 401
    assert ask("PUT", at, key["mallory"], wish("alice")).status_code == 403
    assert ask("PUT", at, key["olga"], wish("olga")).status_code == 403
    assert ask("PUT", at, key["alice"], wish("alice"), Prefer="respond-async").status_code == 202
    until(lambda: peopled.status("p-1", key["alice"]), lambda step: step == "approval", "approval")
    for path in ("", "/audit", "/events"):
        assert ask("GET", at + path, key["mallory"]).status_code == 404
    assert ask("POST", f"{at}/cancel", key["mallory"]).status_code == 404
    for name, code in (("alice", 403), ("olga", 403), ("otto", 403), ("mallory", 403)):
        answer = ask("POST", f"{at}/approval", key[name], {"approved": True, "by": name})
        assert answer.status_code == code
    boss = {"approved": True, "by": "boss"}
    assert ask("POST", f"{at}/approval", key["anna"], boss).json()["reason"] == "foreign_name"
    assert ask("POST", f"{at}/approval", key["anna"], {"approved": True}).status_code == 202
    end = until(
        lambda: ask("GET", at, key["alice"]).json(),
        lambda trip: trip["status"] != "running",
        "the end",
    )
    assert (end["status"], end["approval"]["by"]) == ("confirmed", "anna")
    assert ask("POST", f"{at}/cancel", key["olga"]).status_code == 202
    audit = ask("GET", f"{at}/audit", key["otto"]).json()
    who = [(event["event"], event["by"]) for event in audit if "by" in event]
    assert who == [("accepted", "alice"), ("signal_sent", "anna"), ("cancel_requested", "olga")]
    assert [trip["tripId"] for trip in ask("GET", "/trips", key["alice"]).json()["trips"]] == [
        "p-1"
    ]
    assert ask("GET", "/trips", key["mallory"]).json()["trips"] == []


def test_a_person_is_known_through_a_sidecar_too(peopled: Peopled, key: dict[str, str]) -> None:
    at, proof = "/TripOrchestrator/p-2/BookTrip", {"Authorization": f"Bearer {key['alice']}"}
    async_ = {"Prefer": "respond-async"}
    assert peopled.through(ORCHESTRATOR, "POST", at, wish("alice")).status_code == 401
    booked = peopled.through(ORCHESTRATOR, "POST", at, wish("alice"), **proof, **async_)
    assert booked.status_code == 202
    foreign = {"X-API-Key": key["mallory"]}
    look = "/TripOrchestrator/p-2/GetBooking"
    assert peopled.through(FLIGHT, "POST", look, **foreign).status_code == 404
    assert peopled.through(FLIGHT, "POST", look, **proof).status_code == 200


def test_a_service_is_known_by_its_sidecar_and_may_nothing_of_people(peopled: Peopled) -> None:
    answer = peopled.through(FLIGHT, "GET", "/trips")
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("flight-service (service) may not list")
    named = {"dapr-caller-app-id": NOTIFICATION}
    claimed = peopled.through(FLIGHT, "GET", "/trips", **named)
    assert claimed.status_code in (401, 403)
    assert "notification-service" not in claimed.text
    forged = {"dapr-caller-app-id": FLIGHT, "dapr-api-token": "guessed"}
    assert peopled.ask("GET", "/trips", **forged).status_code == 401


def test_the_command_line_says_who_one_is_and_what_one_may_not(
    peopled: Peopled, key: dict[str, str]
) -> None:
    def trip(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.trip", *words]
        return subprocess.run(
            command,
            env=os.environ | {"TRIP_URL": peopled.url} | env,
            capture_output=True,
            text=True,
            check=False,
        )

    listed = trip("list")
    assert (listed.returncode, "SAGA_KEY" in listed.stderr) == (2, True)
    assert trip("list", SAGA_KEY=key["otto"]).returncode == 0
    refused = trip("resume", "p-1", "--key", key["alice"])
    assert refused.returncode == 2
    assert "alice (customer) may not resume: that is for operator." in refused.stderr
    false = trip("list", "--key", "saga_x")
    assert (false.returncode, "not taken" in false.stderr) == (2, True)
