"""What web pages, and others who reach a port, try on the running system. SECURITY.md lists it."""

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from runtime import template
from runtime.system import System
from tests.support import attacks, workflows
from tests.support.attacks import form, own, rebound, refusal
from tests.support.fault_proxy import about
from tests.support.variant import PROFILE
from tests.support.waiting import until
from tests.support.world import (
    FLIGHT,
    HOTEL,
    NOTIFICATION,
    ORCHESTRATOR,
    PAYMENT,
    World,
    booking,
    fresh_day,
)

APPS = (FLIGHT, HOTEL, PAYMENT, NOTIFICATION, ORCHESTRATOR)
STORES = {FLIGHT: "flight-store", PAYMENT: "payment-store", ORCHESTRATOR: "trip-store"}
MIB = 1024 * 1024


@pytest.fixture
def booked(world: World) -> str:
    """The id of a confirmed trip."""
    trip_id = world.trip_id("safe")
    world.book(trip_id, world.request()).raise_for_status()
    return trip_id


def deeds(trip_id: str) -> dict[str, str]:
    """Return what would harm a confirmed trip, by the app that does it."""
    return {
        PAYMENT: f"charges/{trip_id}:payment/refund",
        FLIGHT: f"reservations/{trip_id}:flight/cancel",
        HOTEL: f"reservations/{trip_id}:hotel/cancel",
        ORCHESTRATOR: f"trips/{trip_id}/cancel",
    }


def is_as_it_was(world: World, trip_id: str) -> bool:
    charge = world.charge(trip_id)
    seats = world.reservation(FLIGHT, f"{trip_id}:flight")
    states = (world.trip(trip_id)["status"], charge and charge["status"], seats and seats["status"])
    return states == ("confirmed", "charged", "confirmed")


def test_a_form_of_another_page_changes_nothing_at_any_app(
    world: World, system: System, booked: str
) -> None:
    for app_id, path in deeds(booked).items():
        assert refusal(form(f"{system.app_url(app_id)}/{path}")) == "other_origin", app_id
    assert is_as_it_was(world, booked)


@pytest.mark.parametrize("by", [FLIGHT, ORCHESTRATOR])
def test_nor_does_it_through_a_sidecar(world: World, system: System, booked: str, by: str) -> None:
    for app_id, path in deeds(booked).items():
        url = f"{system.sidecar_url(by)}/v1.0/invoke/{app_id}/method/{path}"
        assert refusal(form(url)) == "other_origin", app_id
    assert is_as_it_was(world, booked)


def test_a_page_whose_name_was_made_to_lead_here_neither_reads_nor_changes(
    world: World, system: System, booked: str
) -> None:
    app, sidecar = system.app_url(ORCHESTRATOR), system.sidecar_url(ORCHESTRATOR)
    through = f"{sidecar}/v1.0/invoke/{ORCHESTRATOR}/method"
    for url, reason in ((app, "other_host"), (through, "other_origin")):
        said = rebound(urlsplit(url).port or 0)
        assert refusal(httpx.post(f"{url}/trips/{booked}/cancel", headers=said)) == reason
        assert refusal(httpx.get(f"{url}/trips/{booked}", headers=said)) == reason
        del said["Origin"]
        assert refusal(httpx.get(f"{url}/trips", headers=said)) == reason
    assert is_as_it_was(world, booked)


def test_what_is_no_page_is_served_as_ever(system: System, booked: str) -> None:
    port = urlsplit(system.app_url(ORCHESTRATOR)).port
    for host in ("localhost", "127.0.0.1"):
        assert httpx.get(f"http://{host}:{port}/trips/{booked}").is_success
    through = f"{system.sidecar_url(FLIGHT)}/v1.0/invoke/{ORCHESTRATOR}/method/trips/{booked}"
    assert httpx.get(through).is_success
    probe = {"Host": f"10.0.0.7:{port}", "User-Agent": "kube-probe/1.34"}
    assert httpx.get(f"http://localhost:{port}/readyz", headers=probe).is_success


@pytest.mark.parametrize("end", ["", "?%3C", "?x=%3C", "#<"])
@pytest.mark.parametrize("app_id", STORES)
def test_no_page_reads_or_writes_a_store(
    world: World, system: System, booked: str, app_id: str, end: str
) -> None:
    state = f"{system.sidecar_url(app_id)}/v1.0/state/{STORES[app_id]}"
    write = json.dumps([{"key": "planted", "value": 1}])
    writes = {"operations": [{"operation": "upsert", "request": {"key": "planted", "value": 1}}]}
    assert form(f"{state}{end}", write).status_code == 400
    assert form(f"{state}/transaction{end}", json.dumps(writes)).status_code == 400
    assert form(f"{state}/bulk{end}", '{"keys": ["planted"]}').status_code == 400
    assert httpx.get(f"{state}/planted{end}").status_code == 400
    assert own(f"{state}/planted")[0] == 204
    assert is_as_it_was(world, booked)


def test_no_page_sends_a_mail_or_plans_a_job(world: World, system: System) -> None:
    mail = {
        "operation": "create",
        "data": "<p>pay here</p>",
        "metadata": {"emailTo": "victim@example.com", "subject": "planted"},
    }
    url = system.sidecar_url(NOTIFICATION)
    assert form(f"{url}/v1.0/bindings/mail", json.dumps(mail)).status_code == 400
    for version in ("v1.0", "v1.0-alpha1"):
        job = form(f"{url}/{version}/jobs/planted", '{"dueTime": "1s", "data": {}}')
        assert job.status_code == 400
    assert not list(world.mails.glob("planted*"))


SHUT = {
    "shutdown": ("POST", "shutdown", ""),
    "approve": ("POST", "workflows/dapr/{}/raiseEvent/approval", '{"approved": true, "by": "b"}'),
    "cancel": ("POST", "workflows/dapr/{}/raiseEvent/cancel", ""),
    "terminate": ("POST", "workflows/dapr/{}/terminate", ""),
    "purge": ("POST", "workflows/dapr/{}/purge", ""),
    "start": ("POST", "workflows/dapr/trip/start?instanceID=x", "{}"),
    "actor": ("PUT", "actors/dapr.internal.default.trip-orchestrator.activity/x/method/y", ""),
    "reminder": ("POST", "actors/x/y/reminders/z", '{"dueTime": "1s"}'),
    "secret": ("GET", "secrets/secrets/mailPassword", ""),
    "secrets": ("GET", "secrets/secrets/bulk", ""),
    "publish": ("POST", "publish/x/y", "{}"),
    "lock": ("POST", "lock/x", "{}"),
    "configuration": ("GET", "configuration/x", ""),
}


@pytest.mark.parametrize("app_id", [ORCHESTRATOR, FLIGHT])
def test_what_no_app_uses_is_shut_for_everybody(world: World, system: System, app_id: str) -> None:
    """Also for those who can send what a browser cannot."""
    sidecar = system.sidecar_url(app_id)
    with _open(world) as trip_id:
        for name, (verb, path, body) in SHUT.items():
            for version in ("v1.0", "v1.0-alpha1", "v1.0-beta1"):
                url = f"{sidecar}/{version}/{path.format(trip_id)}"
                assert httpx.request(verb, url, content=body).status_code == 400, name
                # With the mark it comes as far as the router, which knows no such route.
                assert 400 <= own(url, verb, body)[0] < 500, name
        assert httpx.get(f"{sidecar}/v1.0/healthz").status_code == 204
        engine = workflows.state(system, trip_id)
        assert engine is not None
        assert engine.runtime_status.name == "RUNNING"


def test_a_sidecar_is_no_door_to_other_addresses(system: System) -> None:
    there = system.app_url(PAYMENT)
    for way in (there, there.replace("/", "%2F"), f"{there}/", f"..%2F{there}"):
        url = f"{system.sidecar_url(FLIGHT)}/v1.0/invoke/{way}/method/healthz"
        assert httpx.get(url).status_code >= 400, way


@pytest.mark.parametrize(
    "call", ["GetState", "ExecuteStateTransaction", "InvokeBinding", "GetSecret", "Shutdown"]
)
def test_the_other_protocol_is_shut_too(system: System, call: str) -> None:
    _, app = template.sections(system.template.path, NOTIFICATION, 1)
    with grpc.insecure_channel(f"127.0.0.1:{app['daprGRPCPort']}") as channel:
        asked: Any = channel.unary_unary(f"/dapr.proto.runtime.v1.Dapr/{call}")
        with pytest.raises(grpc.RpcError) as refused:
            asked(b"", timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("word", [{"approved": True, "by": ""}, {"approved": 1}, "yes", None, [1]])
def test_a_word_that_says_nothing_sensible_is_ignored(
    world: World, system: System, word: Any
) -> None:
    trip_id = _waiting_for_approval(world)
    workflows.tell(system, trip_id, "approval", word)
    said = {"approved": True, "by": "bob"}
    approved = world.orchestrator.post(f"/trips/{trip_id}/approval", json=said)
    assert approved.status_code == 202, approved.text
    assert world.ended(trip_id)["approval"]["by"] == "bob"


def test_silent_connections_refuse_no_booking(world: World, system: System) -> None:
    [app] = system.processes_of("app", ORCHESTRATOR, replica=1)
    with attacks.few_files(app, 1024), attacks.silent(system.app_url(ORCHESTRATOR), 1100):
        for _ in range(3):
            assert httpx.get(f"{system.app_url(ORCHESTRATOR)}/healthz", timeout=20).is_success
            assert world.book(world.trip_id("among"), world.request()).status_code == 200
        assert app.num_fds() < 1024


def test_heads_without_end_cost_no_memory(system: System) -> None:
    for app_id in APPS:
        [app] = system.processes_of("app", app_id, replica=1)
        before = app.memory_info().rss
        with ThreadPoolExecutor(4) as pool:
            urls = [system.app_url(app_id)] * 4
            sent = list(pool.map(lambda url: attacks.endless_head(url, 50 * MIB), urls))
        assert max(sent) < 50 * MIB, app_id
        assert app.memory_info().rss - before < 20 * MIB, app_id


def test_three_hundred_streams_are_not_all_served_and_bookings_go_on(
    world: World, system: System
) -> None:
    with _open(world) as trip_id, ExitStack() as stack:
        url = f"{system.app_url(ORCHESTRATOR)}/trips/{trip_id}/events"
        limits = httpx.Limits(max_connections=None)
        client = stack.enter_context(httpx.Client(timeout=60, limits=limits))
        answers = [stack.enter_context(client.stream("GET", url)) for _ in range(300)]
        statuses = [answer.status_code for answer in answers]
        assert statuses == [200] * 100 + [429] * 200
        assert int(answers[-1].headers["retry-after"]) > 0
        assert world.book(world.trip_id("watched"), world.request()).status_code == 200
    until(lambda: _status_of_stream(url), (200).__eq__, "a place to be free again")


def _status_of_stream(url: str) -> int:
    with httpx.stream("GET", url, timeout=30) as answer:
        return answer.status_code


def test_nobody_holds_all_the_seats_and_pays_for_nothing(supervised: System) -> None:
    """On a system with the settings that it has by default."""
    day, url = fresh_day(), supervised.app_url(ORCHESTRATOR)
    dear = booking(day, flight={"to": "SIN", "passengers": 9})
    ids = [f"greedy-{n}" for n in range(60)]
    with httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(16) as pool:

        def book(trip_id: str, **changes: str) -> httpx.Response:
            wanted = dear | changes
            how = {"Prefer": "respond-async"}
            return client.put(f"/trips/{trip_id}", json=wanted, headers=how)

        answers = dict(zip(ids, pool.map(book, ids), strict=True))
        taken = [trip_id for trip_id in ids if answers[trip_id].status_code == 202]
        refused = [answers[trip_id] for trip_id in ids if trip_id not in taken]
        assert len(taken) == 10
        assert {(a.status_code, a.json()["reason"]) for a in refused} == {(429, "too_many_open")}
        assert book("another", customerId="somebody-else").status_code == 202
        for trip_id in (*taken, "another"):
            client.post(f"/trips/{trip_id}/cancel").raise_for_status()
        until(lambda: book("greedy-later").status_code, (202).__eq__, "a place when one has ended")
        client.post("/trips/greedy-later/cancel").raise_for_status()


def test_what_is_stored_and_logged_is_its_owners_only(world: World, system: System) -> None:
    world.book(world.trip_id("written"), world.request())
    for folder in ("data", ".dapr"):
        root = system.home / folder
        paths = [root, *root.rglob("*")]
        assert len(paths) > 10
        open_to_others = {str(path): _mode(path) for path in paths if _mode(path) & 0o077}
        assert open_to_others == {}


def _mode(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:  # a store's journal that has just gone
        return 0
    return 0 if stat.S_ISLNK(found.st_mode) else stat.S_IMODE(found.st_mode)


def test_no_password_is_in_a_command_or_an_environment(system: System) -> None:
    secrets = json.loads((system.data / "secrets.json").read_text())
    assert PROFILE in ("", "redis", "postgres")
    told = [
        text
        for kind in ("app", "sidecar")
        for app_id in APPS
        for process in system.processes_of(kind, app_id)
        for text in (*process.cmdline(), *process.environ().values())
    ]
    for value in filter(None, secrets.values()):
        assert not any(value in text for text in told)


def test_logs_have_no_mail_addresses(world: World, system: System) -> None:
    request = world.request(customerEmail="private@mailbox.example")
    world.book(world.trip_id("logged"), request).raise_for_status()
    declined = request | {"paymentMethod": "pm_card_chargeDeclined"}
    assert world.book(world.trip_id("logged"), declined).status_code == 409
    logs = list((system.home / ".dapr" / "logs").glob("*.log"))
    assert len(logs) > 5
    assert [log.name for log in logs if "private@" in log.read_text(errors="replace")] == []


def test_whatever_is_answered_has_a_content_policy(system: System) -> None:
    for app_id in APPS:
        for path in ("/", "/docs", "/openapi.json", "/healthz", "/nothing", "/metrics"):
            answer = httpx.get(system.app_url(app_id) + path)
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy, (app_id, path)
            assert "http:" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "odd",
    [
        {"customerId": "customer\u202e321-"},
        {"flight": {"date": "1734220800"}},
        {"hotel": {"checkIn": "2024-12-15T00:00:00"}},
    ],
    ids=str,
)
def test_a_date_is_a_date_and_a_name_reads_as_it_is(world: World, odd: dict[str, Any]) -> None:
    answer = world.book(world.trip_id("odd"), world.request(**odd))
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert world.orchestrator.get("/trips", params={"customerId": "\u202e"}).status_code == 422


@contextmanager
def _open(world: World) -> Iterator[str]:
    """Give the id of a trip that does not end as long as the context lasts: its refund fails."""
    trip_id = world.trip_id("open")
    with (
        world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")),
        world.proxies[FLIGHT].fault("error", about(trip_id, "POST", "/confirm")) as broken,
    ):
        world.book(trip_id, world.request(), Prefer="respond-async")
        broken.wait()
        yield trip_id
        until(
            lambda: world.trip(trip_id),
            lambda trip: trip["status"] == "needs_attention" and "attention" in trip,
            "the trip to be parked",
        )
    world.orchestrator.post(f"/trips/{trip_id}/resume").raise_for_status()
    world.ended(trip_id)


def _waiting_for_approval(world: World) -> str:
    trip_id = world.trip_id("dear")
    dear = world.request(flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, dear, Prefer="respond-async")
    until(lambda: world.trip(trip_id), lambda trip: "approval" in trip, "approval to be asked for")
    return trip_id
