"""Without its token neither an app nor a sidecar does anything, and nobody sees the tokens."""

import stat
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from runtime import logs, processes
from runtime.secure.vault import Vault
from runtime.system import TOKEN_HEADER, System
from tests.secure.conftest import APPS
from tests.support import reach
from tests.support.world import FLIGHT, ORCHESTRATOR, World

CALLS = [
    ("GET", "/v1.0/metadata"),
    ("GET", "/v1.0/state/flight-store/reservation||x"),
    ("POST", "/v1.0/state/trip-store"),
    ("POST", "/v1.0/bindings/mail"),
    ("POST", "/v1.0/jobs/x"),
    ("POST", "/v1.0/shutdown"),
    ("POST", "/v1.0/invoke/payment-service/method/charges/x:payment/refund"),
    ("GET", "/v1.0/invoke/http%3A%2F%2F127.0.0.1%3A1/method/x"),
    ("POST", "/v1.0/workflows/dapr/x/raiseEvent/approval"),
    ("POST", "/v1.0/workflows/dapr/x/terminate"),
    ("PUT", "/v1.0/actors/dapr.internal.default.trip-orchestrator.activity/x/method/y"),
]


def not_its_own(vault: Vault, app_id: str) -> list[str]:
    """Return what others may show: nothing, nonsense, and the tokens of another app."""
    other = next(name for name in APPS if name != app_id)
    return ["", "x", vault.api_token(other), vault.app_token(other)]


@pytest.mark.parametrize("app_id", APPS)
def test_no_route_of_an_app_answers_without_its_token(
    secure: System, vault: Vault, app_id: str
) -> None:
    document = reach.app(secure, app_id).get("/openapi.json").json()
    routes = [
        (verb.upper(), path.replace("{", "").replace("}", ""))
        for path, verbs in document["paths"].items()
        if path not in ("/healthz", "/readyz")
        for verb in verbs
    ]
    unlisted = [("GET", path) for path in ("/", "/docs", "/openapi.json", "/metrics", "/static/x")]
    dapr = [("GET", "/dapr/config"), ("POST", "/job/x"), ("POST", "/nothing")]
    assert len(routes) > 3
    with httpx.Client(base_url=secure.app_url(app_id)) as client:
        for shown in not_its_own(vault, app_id):
            for verb, path in routes + unlisted + dapr:
                answer = client.request(verb, path, headers={TOKEN_HEADER: shown}, json={})
                assert answer.status_code == 401, f"{verb} {path}"
                assert answer.json()["reason"] == "no_token"
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


@pytest.mark.parametrize("app_id", APPS)
def test_a_sidecar_does_nothing_without_its_token(
    secure: System, vault: Vault, app_id: str
) -> None:
    with httpx.Client(base_url=secure.sidecar_url(app_id)) as client:
        for shown in not_its_own(vault, app_id):
            for verb, path in CALLS:
                answer = client.request(verb, path, headers={TOKEN_HEADER: shown}, json={})
                assert answer.status_code == 401, f"{verb} {path}"
    assert len(secure.processes_of("sidecar", app_id)) == 1


@pytest.mark.parametrize(
    "method",
    ["/dapr.proto.runtime.v1.Dapr/GetMetadata", "/TaskHubSidecarService/GetInstance"],
)
def test_nor_does_its_grpc(secure: System, method: str) -> None:
    port = processes.argument(secure.processes_of("sidecar", FLIGHT)[0], "--dapr-grpc-port")
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(method)
        with pytest.raises(grpc.RpcError) as refused:
            call(b"", timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_trip_is_booked_through_the_sidecar_with_the_token(world: World, secure: System) -> None:
    trip_id = world.trip_id("by-sidecar")
    world.trips.append(trip_id)
    path = f"/v1.0/invoke/{ORCHESTRATOR}/method/TripOrchestrator/{trip_id}/BookTrip"
    answer = reach.sidecar(secure, ORCHESTRATOR).post(path, json=world.request())
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")


def test_every_app_has_tokens_of_its_own(vault: Vault) -> None:
    tokens = [tell(app_id) for app_id in APPS for tell in (vault.api_token, vault.app_token)]
    assert len({*tokens}) == 2 * len(APPS)
    assert min(map(len, tokens)) >= 43  # 256 bits


def test_nobody_else_can_read_a_secret(secure: System, vault: Vault) -> None:
    secret = [vault.folder, *vault.folder.rglob("*"), secure.template.path]
    assert [path for path in secret if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)] == []


def test_no_secret_is_on_a_command_line_or_in_a_log(secure: System, vault: Vault) -> None:
    secrets = {path.read_text() for path in _secrets(vault)}
    said = [" ".join(process.cmdline()) for process in processes.of_system(secure.home)]
    said += [path.read_text(errors="replace") for path in logs.folder(secure.home).iterdir()]
    assert len(said) > 20
    assert not [secret for secret in secrets for text in said if secret in text]


def _secrets(vault: Vault) -> list[Path]:
    folders = ("api", "app", "identity")
    found = [path for name in folders for path in (vault.folder / name).iterdir()]
    assert len(found) == 2 * len(APPS) + len(APPS) + 2
    return found
