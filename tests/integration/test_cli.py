"""``trip`` and ``saga``, as a script uses them."""

import json
import os
import subprocess
import sys

from runtime.system import System
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import ORCHESTRATOR, PAYMENT, World, fresh_day

Ended = subprocess.CompletedProcess[str]


def run(system: System, program: str, url: str, *words: str, said: str = "") -> Ended:
    command = [sys.executable, "-m", f"cli.{program}", *words]
    token = system.vault.app_token(ORCHESTRATOR) if system.vault else ""
    return subprocess.run(
        command,
        env=os.environ | {f"{program.upper()}_URL": url, "DAPR_API_TOKEN": token},
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


def trip(system: System, *words: str, url: str = "") -> Ended:
    return run(system, "trip", url or system.app_url(ORCHESTRATOR), *words)


def saga(system: System, *words: str, said: str = "") -> Ended:
    return run(system, "saga", system.app_url(ORCHESTRATOR), *words, said=said)


def book(system: System, world: World, *words: str) -> tuple[str, Ended]:
    trip_id = world.trip_id("cli")
    world.trips.append(trip_id)
    route = ["--from", "SFO", "--to", "JFK", "--city", "New York"]
    day = ["--date", fresh_day().isoformat(), "--id", trip_id]
    return trip_id, trip(system, "book", *route, *day, *words)


def test_a_script_books_a_trip_and_reads_json(world: World, system: System) -> None:
    trip_id, done = book(system, world, "--json")
    assert done.returncode == 0, done.stderr
    booked = json.loads(done.stdout)
    assert (booked["tripId"], booked["status"]) == (trip_id, "confirmed")
    assert json.loads(trip(system, "show", trip_id, "--json").stdout) == booked


def test_a_refused_trip_exits_non_zero_with_the_reason(world: World, system: System) -> None:
    _, done = book(system, world, "--card", "pm_card_chargeDeclined")
    assert done.returncode == 1
    assert "card_declined" in done.stdout
    assert "\x1b[" not in done.stdout, "colours are for terminals"


def test_a_wrong_request_says_what_is_wrong(world: World, system: System) -> None:
    _, done = book(system, world, "--people", "12")
    assert done.returncode == 2
    assert "passengers" in done.stderr
    assert trip(system, "show", "nobody").returncode == 2


def test_without_a_system_it_says_how_to_start_one(system: System) -> None:
    done = trip(system, "list", url="http://127.0.0.1:9")
    assert done.returncode == 3
    assert "make up" in done.stderr


def test_a_trip_is_watched_approved_listed_and_cancelled(world: World, system: System) -> None:
    trip_id, started = book(system, world, "--to", "SIN", "--people", "9", "--no-wait")
    assert started.returncode == 0
    until(lambda: world.trip(trip_id).get("step"), lambda step: step == "approval", "approval")
    assert trip(system, "show", trip_id).returncode == 4
    assert trip(system, "approve", trip_id, "--by", "bob").returncode == 0
    watched = trip(system, "watch", trip_id)
    assert watched.returncode == 0
    assert "Approved by bob" in watched.stdout
    assert "ended" in watched.stdout.splitlines()[-1]
    listed = trip(system, "list", "--status", "confirmed", "--json")
    assert trip_id in [found["tripId"] for found in json.loads(listed.stdout)]
    assert trip(system, "cancel", trip_id).returncode == 0
    assert world.ended(trip_id, but_not="confirmed")["status"] == "cancelled"


def test_what_needs_attention_is_shown_and_resumed(world: World, system: System) -> None:
    trip_id, _ = book(system, world)
    with world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")):
        trip(system, "cancel", trip_id)
        until(
            lambda: world.trip(trip_id)["status"],
            lambda status: status == "needs_attention",
            "the trip to need attention",
        )
        assert "blocked: refund" in trip(system, "show", trip_id).stdout
    assert trip(system, "resume", trip_id).returncode == 0
    assert world.ended(trip_id, but_not="confirmed")["status"] == "cancelled"


def test_a_request_is_started_by_a_program_that_knows_no_trips(
    world: World, system: System
) -> None:
    trip_id, request = world.trip_id("saga"), world.request()
    world.trips.append(trip_id)
    done = saga(system, "start", "--id", trip_id, "--file", "-", said=json.dumps(request))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split() == [trip_id, "confirmed"]
    charged = world.trip(trip_id)["total"]["amount"] / 100
    assert f"total: {charged:,.2f} USD" in done.stdout
    again = saga(
        system, "start", "--id", trip_id, "--file", "-", "--json", said=json.dumps(request)
    )
    assert json.loads(again.stdout) == json.loads(trip(system, "show", trip_id, "--json").stdout)
    listed = saga(system, "list", "--owner", "customer-123", "--status", "confirmed", "--json")
    assert trip_id in [found["tripId"] for found in json.loads(listed.stdout)]
    assert saga(system, "cancel", trip_id).returncode == 0
    assert world.ended(trip_id, but_not="confirmed")["status"] == "cancelled"
    assert saga(system, "show", trip_id).returncode == 1


def test_a_signal_is_given_and_a_case_watched_by_a_program_that_knows_no_trips(
    world: World, system: System
) -> None:
    kind = json.loads(saga(system, "kind", "--json").stdout)
    assert (kind["noun"], kind["done"], kind["owner"]) == ("trip", "confirmed", "customerId")
    trip_id, started = book(system, world, "--to", "SIN", "--people", "9", "--no-wait")
    assert started.returncode == 0
    until(lambda: world.trip(trip_id).get("step"), lambda step: step == "approval", "approval")
    unknown = saga(system, "signal", trip_id, "aproval", "approved=false")
    assert (unknown.returncode, "approval approved=true|false" in unknown.stderr) == (2, True)
    told = saga(system, "signal", trip_id, "approval", "approved=false", "by=bob")
    assert told.returncode == 0, told.stderr
    watched = saga(system, "watch", trip_id)
    assert watched.returncode == 1
    assert "Refused by bob" in watched.stdout
    resumed = saga(system, "resume", trip_id)
    assert (resumed.returncode, "nothing to resume" in resumed.stderr) == (2, True)
