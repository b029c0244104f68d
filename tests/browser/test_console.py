"""The console in a real browser: book, watch, cancel, approve, resume."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from tests.support.browsing import in_every_look, pages_that_fit
from tests.support.fault_proxy import about
from tests.support.world import HOTEL, ORCHESTRATOR, PAYMENT, World, fresh_day

# Where the pictures go that README shows: `make pictures` sets it.
PICTURES = os.environ.get("PICTURES")


def shown_trip(page: Page, world: World) -> str:
    """Return the id of the trip whose page is open, now also one of the test's trips."""
    expect(page).to_have_url(re.compile(r"/console/trips/"))
    trip_id = page.url.rpartition("/")[2]
    world.trips.append(trip_id)
    return trip_id


def test_a_trip_is_booked_by_the_form_and_watched(page: Page, world: World) -> None:
    page.goto("/")
    page.get_by_role("button", name="Book a trip").click()
    page.get_by_label("From").fill("san fran")
    expect(page.locator("#from-airports option[value=SFO]")).to_have_count(1)
    page.get_by_label("From").fill("SFO")
    day = fresh_day()
    for label in ("Departure", "Check-in"):
        page.get_by_label(label).fill(day.isoformat())
    page.get_by_label("Check-out").fill((day + timedelta(days=2)).isoformat())
    page.get_by_role("button", name="Show offers").click()
    flights = page.locator("select[name=flightOffer]")
    chosen = flights.locator("option").nth(2).get_attribute("value")
    flights.select_option(chosen)
    page.get_by_role("button", name="Book", exact=True).click()
    trip_id = shown_trip(page, world)
    expect(page.locator("h1 .status")).to_have_text("confirmed")
    expect(page.locator(".lanes li")).to_have_count(7)  # no search for a flight that is named
    assert world.trip(trip_id)["flight"]["flight"]["offerId"] == chosen
    page.goto("/")
    expect(page.get_by_role("link", name=trip_id)).to_be_visible()


def test_the_list_shows_trips_as_they_happen_without_a_reload(page: Page, world: World) -> None:
    page.goto("/")
    trip_id = world.trip_id("appears")
    world.book(trip_id, world.request())
    expect(page.locator(f"#row-{trip_id} .status")).to_have_text("confirmed")
    page.get_by_role("link", name="rejected", exact=True).click()
    expect(page.locator(f"#row-{trip_id}")).to_have_count(0)


def test_a_refusal_is_seen_live_with_its_compensations(page: Page, world: World) -> None:
    trip_id = world.trip_id("seen")
    with world.proxies[HOTEL].fault("held", about(trip_id, "PUT", ":hotel"), times=1) as held:
        world.book(trip_id, world.request(), Prefer="respond-async")
        held.wait()
        page.goto(f"/console/trips/{trip_id}")
        expect(page.locator("h1 .status")).to_have_text("running")
        world.services[HOTEL].post(f"/reservations/{trip_id}:hotel/cancel").raise_for_status()
    expect(page.locator("h1 .status")).to_have_text("rejected", timeout=15_000)
    expect(page.locator(".lanes li.undo", has_text="cancel flight")).to_have_count(1)
    expect(page.locator(".lanes rect.undo").first).to_be_attached()


def test_retries_are_drawn_one_by_one(page: Page, world: World) -> None:
    trip_id = world.trip_id("retries")
    with world.proxies[HOTEL].fault("error", about(trip_id, "PUT", ":hotel")) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        page.goto(f"/console/trips/{trip_id}")
        lane = page.locator(".lanes li", has_text="hold hotel").first
        expect(lane.locator("rect.fault")).to_have_count(4, timeout=15_000)
        expect(page.locator("h1 .status")).to_have_text("failed")
        expect(page.locator(".why")).to_contain_text("did not answer")


def test_a_confirmed_trip_is_cancelled_from_its_page(page: Page, world: World) -> None:
    trip_id = world.trip_id("unwanted")
    world.book(trip_id, world.request())
    page.goto(f"/console/trips/{trip_id}")
    page.get_by_role("button", name="Cancel the trip").click()
    expect(page.locator("h1 .status")).to_have_text("cancelled")
    expect(page.locator(".lanes li.undo")).to_have_count(3)
    page.get_by_role("link", name="cancellation mail").click()
    expect(page.locator("pre")).to_contain_text("We refunded")


def test_a_dear_trip_is_approved_from_its_page(page: Page, world: World) -> None:
    trip_id = world.trip_id("dear")
    body = world.request(flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, body, Prefer="respond-async")
    page.goto(f"/console/trips/{trip_id}")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("h1 .status")).to_have_text("confirmed")


def test_what_needs_attention_is_on_top_and_is_resumed(page: Page, world: World) -> None:
    trip_id = world.trip_id("stuck")
    world.book(trip_id, world.request())
    with world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")):
        world.orchestrator.post(f"/trips/{trip_id}/cancel")
        page.goto("/")
        expect(page.locator(".attention")).to_contain_text(trip_id, timeout=30_000)
    page.locator(".attention").get_by_role("link", name=trip_id).click()
    expect(page.get_by_role("alert")).to_contain_text("refund")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("h1 .status")).to_have_text("cancelled")


def test_a_dead_service_is_seen(page: Page, world: World, system: System) -> None:
    page.goto("/")
    hotel = page.locator(".apps li", has_text=HOTEL)
    expect(hotel).to_contain_text("up")
    system.kill("app", HOTEL)
    try:
        expect(hotel).to_contain_text("app down")
    finally:
        system.restart()
    expect(hotel).to_contain_text("up")
    world.works_again()


def test_markup_in_what_customers_say_is_text(page: Page, world: World) -> None:
    trip_id, evil = world.trip_id("evil"), "<script>alert(1)</script>"
    world.book(trip_id, world.request(customerId=evil, hotel={"city": evil}))
    page.goto(f"/console/trips/{trip_id}")
    expect(page.locator("main")).to_contain_text(evil)
    page.goto("/")
    expect(page.locator(f"#row-{trip_id}")).to_contain_text(evil)
    assert page.locator("main script").count() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/console/trips/{}/cancel", "/trips/{}/cancel"])
def test_a_form_of_another_site_changes_nothing(
    world: World, headers: dict[str, str], path: str
) -> None:
    trip_id = world.trip_id("forged")
    world.book(trip_id, world.request())
    answer = world.orchestrator.post(path.format(trip_id), headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "other_origin")
    assert world.trip(trip_id)["status"] == "confirmed"


def test_a_form_with_mistakes_says_so_and_books_nothing(page: Page, world: World) -> None:
    page.goto("/console/book")
    page.get_by_label("To", exact=True).fill("QQQ")
    page.get_by_label("Trip id").fill("bad-form")
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("QQQ")
    assert world.orchestrator.get("/trips/bad-form").status_code == 404


def test_the_console_works_with_the_keyboard(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent"))
    assert {"Trip console", "Book a trip", "confirmed"} <= reached


def trips_of_every_kind(world: World) -> str:
    """Book trips that end in every way, and one that waits; return one that failed."""
    customers = iter(["ada", "grace", "linus", "margaret", "edsger", "barbara"])

    def book(**changes: Any) -> str:
        trip_id = world.trip_id("trip")
        world.book(trip_id, world.request(customerId=next(customers), **changes))
        return trip_id

    book(flight={"to": "BOS"}, hotel={"city": "Boston"})
    book(paymentMethod="pm_card_chargeDeclined", flight={"to": "LHR"}, hotel={"city": "London"})
    world.orchestrator.post(f"/trips/{book()}/cancel")
    book(flight={"to": "NRT"}, hotel={"city": "Tokyo"})
    bad = world.trip_id("trip")
    with world.proxies[HOTEL].fault("error", about(bad, "POST", "/confirm")):
        world.book(bad, world.request(customerId=next(customers)))
    dear = world.request(customerId=next(customers), flight={"to": "SIN", "passengers": 9})
    world.book(world.trip_id("trip"), dear, Prefer="respond-async")
    return bad


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, system: System, world: World, scheme: str, width: int
) -> None:
    bad = trips_of_every_kind(world)
    paths = {
        "list": "/",
        "trip": f"/console/trips/{bad}",
        "book": "/console/book",
    }
    looked_at = pages_that_fit(browser, system, ORCHESTRATOR, scheme, width, paths)
    for name, page in looked_at:
        expect(page.locator(".apps li")).to_have_count(5)
        if PICTURES and (scheme, width) == ("light", 1280):
            page.screenshot(path=Path(PICTURES) / f"{name}.png")
