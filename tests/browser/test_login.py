"""Logging in to the console in a real browser, at the small identity provider beside the system."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from runtime import identity
from runtime.system import System
from tests.support.whole_system import beside
from tests.support.world import ORCHESTRATOR, booking, fresh_day

LogIn = Callable[..., Page]


@pytest.fixture(scope="module")
def peopled() -> Iterator[System]:
    """Trips with an identity provider, in which every trip waits for approval."""
    dear = {ORCHESTRATOR: {"APPROVAL_LIMIT": "100"}}
    with beside("trips", dear, people=True) as system:
        yield system


@pytest.fixture(scope="module")
def site(peopled: System) -> str:
    """The console, at the name by which the provider knows it."""
    return peopled.app_url(ORCHESTRATOR).replace("127.0.0.1", "localhost")


@pytest.fixture
def log_in(browser: Browser, peopled: System, site: str) -> Iterator[LogIn]:
    """Logs somebody in, in a browser of their own; none of them logs an error."""
    lines = identity.passwords(peopled.home).read_text().splitlines()
    passwords = {name: password for name, password, _ in (line.split("\t") for line in lines)}
    contexts, errors = [], []

    def logged_in(name: str, then: str = "/") -> Page:
        context = browser.new_context(base_url=site)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(then)
        page.get_by_role("button", name="Log in with http://localhost").click()
        expect(page).to_have_url(re.compile(rf":{peopled.ports_beside.identity}/authorize"))
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(passwords[name])
        page.get_by_role("button", name="Log in").click()
        expect(page.locator(".who span")).to_contain_text(name)
        return page

    yield logged_in
    for context in contexts:
        context.close()
    assert errors == []


def test_one_books_another_approves_and_each_sees_what_is_theirs(log_in: LogIn, site: str) -> None:
    customer = log_in("customer-123", "/console/book")
    expect(customer).to_have_url(f"{site}/console/book")  # back to where one wanted to
    expect(customer.get_by_label("Customer")).to_have_value("customer-123")
    customer.get_by_label("Trip id").fill("login-1")
    customer.get_by_role("button", name="Book", exact=True).click()
    expect(customer).to_have_url(f"{site}/console/trips/login-1")
    expect(customer.get_by_text("Waits for approval")).to_be_visible()
    expect(customer.get_by_role("button", name="Cancel the trip")).to_be_visible()
    expect(customer.get_by_role("button", name="Approve")).to_have_count(0)
    expect(customer.get_by_label("Apps")).to_have_count(0)

    auditor = log_in("otto", "/console/trips/login-1")
    expect(auditor.locator("h1 .status")).to_have_text("running")
    expect(auditor.locator(".actions button")).to_have_count(0)
    expect(auditor.get_by_role("button", name="Book a trip")).to_have_count(0)

    approver = log_in("anna", "/")
    approver.get_by_role("link", name="login-1").click()
    expect(approver.get_by_role("button", name="Cancel the trip")).to_have_count(0)
    approver.get_by_role("button", name="Approve").click()
    expect(approver.locator("h1 .status")).to_have_text("confirmed")
    approver.get_by_text("Audit trail").click()
    expect(approver.get_by_role("row", name="signal sent")).to_contain_text("by anna")
    expect(customer.locator("h1 .status")).to_have_text("confirmed")


def test_a_logout_ends_it_also_for_a_page_that_is_still_open(log_in: LogIn, site: str) -> None:
    page = log_in("olga")
    other = page.context.new_page()
    other.goto("/")
    expect(other.get_by_label("Apps")).to_be_visible()
    [cookie] = [one for one in page.context.cookies() if one["name"] == "trip_session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{site}/login")
    expect(other).to_have_url(re.compile("/login"))
    assert not [one for one in page.context.cookies() if one["name"] == "trip_session"]
    copied = {"Cookie": f"trip_session={cookie['value']}"}
    assert httpx.get(f"{site}/trips", headers=copied).status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["another site", "another port"])
def test_a_page_of_another_origin_acts_for_nobody(
    log_in: LogIn, site: str, peopled: System, host: str
) -> None:
    page, trip_id = log_in("customer-123"), f"login-{host.replace('.', '-')}"
    how = {"Prefer": "respond-async", "Origin": site}
    wish = booking(fresh_day(), customerId="customer-123")
    assert page.request.put(f"/trips/{trip_id}", data=wish, headers=how).status == 202
    form = (
        f'<form method="post" action="{site}/console/trips/{trip_id}/cancel"><button>Win</button>'
    )
    attacker, url = page.context.new_page(), f"http://{host}:{peopled.ports_beside.identity}/win"
    attacker.route(url, lambda route: route.fulfill(body=form, content_type="text/html"))
    attacker.goto(url)
    with attacker.expect_response(re.compile("/cancel$")) as answer:
        attacker.get_by_role("button", name="Win").click()
    assert answer.value.status == 403
    assert "cancelRequestedAt" not in page.request.get(f"/trips/{trip_id}").json()
