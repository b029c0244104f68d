"""Flight-service is in an attacker's hands: its token, its sidecar, its identity. What it can do is
what it could before: be asked about flights."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from dapr.ext.workflow import DaprWorkflowClient, DaprWorkflowContext, WorkflowRuntime
from dapr.ext.workflow.workflow_state import WorkflowState

from runtime.secure.vault import Vault
from runtime.system import System
from tests.secure.intruder import Intruder
from tests.support import reach
from tests.support.attacks import own
from tests.support.waiting import until
from tests.support.world import FLIGHT, ORCHESTRATOR, PAYMENT, World

INVOKE = "/v1.0/invoke/{app_id}/method/{path}"
TRIPS = ".trip-orchestrator."


@pytest.fixture
def booked(world: World) -> str:
    """The id of somebody's trip."""
    trip_id = world.trip_id("somebodys")
    assert world.book(trip_id, world.request()).status_code == 200
    return trip_id


@pytest.fixture
def flight(secure: System) -> Iterator[httpx.Client]:
    """A client of flight-service's sidecar that knows its token."""
    with reach.sidecar(secure, FLIGHT) as client:
        yield client


@pytest.mark.parametrize(
    ("verb", "app_id", "path"),
    [
        ("POST", PAYMENT, "charges/{id}:payment/refund"),
        ("PUT", PAYMENT, "charges/{id}:more"),
        ("GET", PAYMENT, "charges/{id}:payment"),
        ("GET", PAYMENT, "healthz"),
        ("POST", "hotel-service", "reservations/{id}:hotel/cancel"),
        ("GET", "notification-service", "notifications/{id}:confirmation"),
        ("PUT", "notification-service", "notifications/{id}:spam"),
        ("GET", ORCHESTRATOR, "trips/{id}"),
        ("GET", ORCHESTRATOR, "trips"),
        ("GET", ORCHESTRATOR, "trips/{id}/audit"),
        ("POST", ORCHESTRATOR, "trips/{id}/cancel"),
        ("POST", ORCHESTRATOR, "trips/{id}/approval"),
        ("POST", ORCHESTRATOR, "trips/{id}/signals/approval"),
        ("POST", ORCHESTRATOR, "TripOrchestrator/{id}/GetBooking"),
        ("PUT", ORCHESTRATOR, "trips/{id}-2"),
    ],
)
def test_its_sidecar_calls_nobody(
    flight: httpx.Client, world: World, booked: str, verb: str, app_id: str, path: str
) -> None:
    url = INVOKE.format(app_id=app_id, path=path.format(id=booked))
    for spelt in (url, url.replace("method/", "method//x/../")):
        answer = flight.request(verb, spelt, json=world.request())
        assert answer.status_code == 403, answer.text
        assert "access control policy has denied" in answer.text
    assert world.trip(booked)["status"] == "confirmed"


def test_its_token_opens_no_other_door(
    vault: Vault, secure: System, world: World, booked: str
) -> None:
    shown = {"dapr-api-token": vault.api_token(FLIGHT)}, {"dapr-api-token": vault.app_token(FLIGHT)}
    for headers in shown:
        refund = f"{secure.app_url(PAYMENT)}/charges/{booked}:payment/refund"
        assert httpx.post(refund, headers=headers).status_code == 401
        trip = f"{secure.app_url(ORCHESTRATOR)}/trips/{booked}"
        assert httpx.get(trip, headers=headers).status_code == 401
        state = f"{secure.sidecar_url(ORCHESTRATOR)}/v1.0/state/trip-store/{booked}"
        assert httpx.get(state, headers=headers).status_code == 401
    assert world.trip(booked)["status"] == "confirmed"


def test_its_sidecar_reads_no_store_of_others(secure: System) -> None:
    url, shown = secure.sidecar_url(FLIGHT), secure.sidecar_headers(FLIGHT)
    assert own(f"{url}/v1.0/state/flight-store/x", headers=shown)[0] == 204
    for store in ("trip-store", "payment-store", "workflow-store"):
        status, text = own(f"{url}/v1.0/state/{store}/x", headers=shown)
        assert (status, json.loads(text)["errorCode"]) == (400, "ERR_STATE_STORE_NOT_FOUND")


@pytest.mark.parametrize("kind", ["workflow", "activity"])
@pytest.mark.parametrize("method", ["CreateWorkflowInstance", "AddWorkflowEvent", "Execute"])
def test_it_calls_no_actor_of_the_orchestrator(
    intruder: Intruder, vault: Vault, world: World, booked: str, kind: str, method: str
) -> None:
    intruder.start(FLIGHT, vault.identity_file(FLIGHT))
    intruder.is_up()
    actor = f"/v1.0/actors/dapr.internal.default{TRIPS}{kind}/{booked}/method/{method}"
    answer = intruder.client().put(actor, content=b"\x0a\x00")
    assert "workflow access policy" in answer.text, answer.text
    assert world.trip(booked)["status"] == "confirmed"


def refunds(booked: str, activity: str) -> Callable[[DaprWorkflowContext], Any]:
    """Return a workflow that has the orchestrator's own activity refund a trip."""
    call = {"step": "refund", "id": f"{booked}:payment"}

    def attack(ctx: DaprWorkflowContext) -> Any:
        done = yield ctx.call_activity(activity, input={"calls": [call]}, app_id=ORCHESTRATOR)
        return done

    return attack


def cancels(booked: str, workflow: str) -> Callable[[DaprWorkflowContext], Any]:
    """Return a workflow that starts the orchestrator's own for a trip."""

    def attack(ctx: DaprWorkflowContext) -> Any:
        done = yield ctx.call_child_workflow(
            workflow, input={"case_id": booked}, instance_id=booked, app_id=ORCHESTRATOR
        )
        return done

    return attack


@pytest.mark.parametrize(
    ("make", "name"), [(refunds, "undo charge"), (refunds, "keep"), (cancels, "trip_cancellation")]
)
def test_a_workflow_of_its_own_runs_nothing_of_the_orchestrator(
    intruder: Intruder,
    vault: Vault,
    world: World,
    booked: str,
    make: Callable[[str, str], Callable[[DaprWorkflowContext], Any]],
    name: str,
) -> None:
    """It did, with mTLS and access control alone: neither of them looks at workflows."""
    intruder.start(FLIGHT, vault.identity_file(FLIGHT))
    with _working(intruder, make(booked, name)) as client:
        attack = client.schedule_new_workflow("attack")
        ended = until(
            partial(client.get_workflow_state, attack),
            lambda state: (
                state is not None and state.runtime_status.name in ("FAILED", "COMPLETED")
            ),
            "the attack to end",
        )
    _check_denied(ended)
    assert world.trip(booked)["status"] == "confirmed"
    charge = world.charge(booked)
    assert charge is not None
    assert [posting["kind"] for posting in charge["postings"]] == ["charge"]


def _check_denied(ended: WorkflowState | None) -> None:
    assert ended is not None
    assert ended.runtime_status.name == "FAILED"
    details = ended.failure_details
    assert details is not None
    assert "denied by workflow access policy" in details.message, details.message


@contextmanager
def _working(
    intruder: Intruder, attack: Callable[[DaprWorkflowContext], Any]
) -> Iterator[DaprWorkflowClient]:
    intruder.is_up()
    runtime = WorkflowRuntime(host="127.0.0.1", port=intruder.grpc_port)
    runtime.register_workflow(attack, name="attack")
    runtime.start()  # type: ignore[no-untyped-call]
    try:
        yield DaprWorkflowClient(host="127.0.0.1", port=intruder.grpc_port)
    finally:
        runtime.shutdown()  # type: ignore[no-untyped-call]
