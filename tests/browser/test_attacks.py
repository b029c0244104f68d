"""What a page of another site tries in a real browser."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from runtime.system import System
from tests.support.world import FLIGHT, NOTIFICATION, ORCHESTRATOR, PAYMENT, World

ATTACKER = "page.attacker.example"
REBOUND = "rebind.attacker.example"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder on a free port of this machine."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A page of somebody's browser, in which there is no console."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


Submit = Callable[[str, str], Response]


@pytest.fixture(params=[ATTACKER, "localhost"], ids=["another site", "another port"])
def submit(request: pytest.FixtureRequest, stranger: Page, tmp_path: Path) -> Iterator[Submit]:
    """Send a form of a page of another origin."""
    (tmp_path / "index.html").write_text("<h1>You have won!</h1>")
    with served(tmp_path) as port:

        def sent(url: str, body: str = "") -> Response:
            stranger.goto(f"http://{request.param}:{port}/")
            # As text/plain a form sends name=value: a JSON body whose last text has the = in it.
            name, value = (body[:-2] + '", "x": "', '"}') if body else ("a", "b")
            with stranger.expect_navigation() as navigated:
                stranger.evaluate(
                    """([url, name, value]) => {
                        const form = document.createElement("form");
                        Object.assign(form, {method: "POST", action: url, enctype: "text/plain"});
                        const input = document.createElement("textarea");
                        Object.assign(input, {name, value});
                        form.append(input);
                        document.body.append(form);
                        form.submit();
                    }""",
                    [url, name, value],
                )
            answer = navigated.value
            assert answer is not None
            return answer

        yield sent


@pytest.fixture
def booked(world: World) -> str:
    trip_id = world.trip_id("safe")
    world.book(trip_id, world.request()).raise_for_status()
    return trip_id


def test_a_form_refunds_nothing_at_an_app_or_through_a_sidecar(
    submit: Submit, world: World, system: System, booked: str
) -> None:
    refund = f"charges/{booked}:payment/refund"
    for url in (
        f"{system.app_url(PAYMENT)}/{refund}",
        f"{system.sidecar_url(PAYMENT)}/v1.0/invoke/{PAYMENT}/method/{refund}",
        f"{system.sidecar_url(FLIGHT)}/v1.0/invoke/{PAYMENT}/method/{refund}",
    ):
        answer = submit(url, "")
        assert (answer.status, answer.json()["reason"]) == (403, "other_origin"), url
    charge = world.charge(booked)
    assert charge is not None
    assert charge["status"] == "charged"


def test_a_form_sends_no_mail_writes_no_store_and_stops_no_sidecar(
    submit: Submit, world: World, system: System, booked: str
) -> None:
    mail = {"operation": "create", "metadata": {"emailTo": "v@example.com", "subject": "planted"}}
    planted = {"operations": [{"operation": "upsert", "request": {"key": "p", "value": "x"}}]}
    for app_id, path, body in (
        (NOTIFICATION, "bindings/mail", mail | {"data": "x"}),
        (FLIGHT, "state/flight-store/transaction", planted),
        (FLIGHT, "state/flight-store/transaction?<", planted),
        (FLIGHT, "shutdown?<", {"a": "b"}),
        (ORCHESTRATOR, f"workflows/dapr/{booked}/terminate", {"a": "b"}),
    ):
        answer = submit(f"{system.sidecar_url(app_id)}/v1.0/{path}", json.dumps(body))
        assert answer.status == 400, path
        assert httpx.get(f"{system.sidecar_url(app_id)}/v1.0/healthz").is_success
    assert not list(world.mails.glob("planted*"))


def test_a_page_whose_name_was_made_to_lead_to_an_app_reads_nothing(
    stranger: Page, system: System, booked: str
) -> None:
    port = urlsplit(system.app_url(ORCHESTRATOR)).port
    answer = stranger.goto(f"http://{REBOUND}:{port}/trips/{booked}")
    assert answer is not None
    assert (answer.status, answer.json()["reason"]) == (403, "other_host")


def test_one_that_leads_to_a_sidecar_reads_no_trip_and_cancels_none(
    stranger: Page, world: World, system: System, booked: str
) -> None:
    """The page is of the sidecar's origin, as far as the browser can tell."""
    port = urlsplit(system.sidecar_url(ORCHESTRATOR)).port
    stranger.goto(f"http://{REBOUND}:{port}/v1.0/metadata")
    trip = f"/v1.0/invoke/{ORCHESTRATOR}/method/trips/{booked}"
    store = f"/v1.0/state/trip-store/case:{booked}"
    for verb, path, status in (
        ("GET", trip, 403),
        ("POST", f"{trip}/cancel", 403),
        ("GET", store, 400),
        ("GET", f"{store}?<", 400),
        ("DELETE", f"{store}?<", 400),
        ("POST", "/v1.0/shutdown?<", 400),
    ):
        for policy in ("", "no-referrer"):
            asked = {"method": verb, "referrerPolicy": policy}
            got = stranger.evaluate(
                "async ([path, how]) => (await fetch(path, how)).status", [path, asked]
            )
            assert got == status, (verb, path)
    assert world.trip(booked)["status"] == "confirmed"


def test_the_docs_are_there_and_nothing_is_loaded_from_elsewhere(
    page: Page, system: System
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    page.locator(".opblock-summary").first.click()
    expect(page.get_by_role("button", name="Try it out").first).to_be_visible()
    own = urlsplit(system.app_url(ORCHESTRATOR)).netloc
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {own}
