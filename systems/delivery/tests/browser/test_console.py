"""The console of deliveries in a real browser: be the restaurant, the driver and the customer."""

import json
import re
from itertools import count
from typing import Any

from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from systems.delivery.tests.town import DRIVERS, ORCHESTRATOR
from systems.delivery.words import EXAMPLE
from tests.support import reach
from tests.support.browsing import in_every_look, pages_that_fit

_numbers = count(1)


def place(page: Page, **changes: Any) -> str:
    """Order by the form; return the id once its page is open."""
    delivery_id = f"by-hand-{next(_numbers)}"
    page.goto("/")
    page.get_by_role("button", name="Order a delivery").click()
    page.get_by_label("Id of the delivery").fill(delivery_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | changes))
    page.get_by_role("button", name="Order", exact=True).click()
    expect(page).to_have_url(re.compile(f"/console/deliveries/{delivery_id}"))
    return delivery_id


def status(page: Page, says: str) -> None:
    expect(page.locator("h1 .status")).to_have_text(says)


def say(page: Page, who: str, deed: str) -> None:
    page.get_by_label(who, exact=True).get_by_role("button", name=deed, exact=True).click()


def pin_of(page: Page, delivery_id: str) -> str:
    """Return the PIN that the customer sees."""
    page.goto(f"/console/deliveries/{delivery_id}/track")
    pin = page.locator("strong#pin").inner_text()
    page.goto(f"/console/deliveries/{delivery_id}")
    return pin


def pick_up(page: Page) -> None:
    """Have it cooked, and be the driver who takes it."""
    say(page, "Restaurant", "Accept")
    say(page, "Restaurant", "Ready")
    say(page, "Driver", "Wait at the counter")
    say(page, "Driver", "Accept")
    say(page, "Driver", "At the counter")
    expect(page.get_by_label("Driver", exact=True)).to_contain_text("riding")


def show_pin(page: Page, pin: str) -> None:
    page.get_by_role("button", name="At the door").click()
    page.get_by_label("The PIN that the customer says").fill(pin)
    page.get_by_role("button", name="Deliver", exact=True).click()


def deliver(page: Page, delivery_id: str) -> None:
    show_pin(page, pin_of(page, delivery_id))
    status(page, "delivered")


def test_a_person_is_restaurant_driver_and_customer_until_it_is_at_the_door(page: Page) -> None:
    delivery_id = place(page)
    pick_up(page)
    page.get_by_role("button", name="Tip 20 %").click()
    expect(page.get_by_role("button", name="Cancel the delivery")).to_have_count(0)
    deliver(page, delivery_id)
    customer = page.get_by_label("Customer", exact=True)
    for who in ("Paid", "Restaurant", "Driver", "Platform"):
        expect(customer).to_contain_text(who)
    page.get_by_role("link", name="mail: receipt").click()
    expect(page.locator("pre")).to_contain_text("Tip for your driver, 5.94 EUR")


def test_a_wrong_pin_is_answered_in_words(page: Page) -> None:
    delivery_id = place(page)
    pick_up(page)
    pin = pin_of(page, delivery_id)
    show_pin(page, f"{(int(pin) + 1) % 10_000:04}")
    expect(page.get_by_role("heading", level=1)).to_have_text("That is not possible now")
    expect(page.get_by_role("alert")).to_contain_text("not the customer's PIN")
    page.get_by_role("link", name=delivery_id).click()
    deliver(page, delivery_id)


def test_a_restaurant_denies(page: Page) -> None:
    place(page)
    say(page, "Restaurant", "Deny")
    status(page, "rejected")
    expect(page.locator(".why")).to_contain_text("the restaurant could not take the order")
    page.get_by_role("link", name="mail: rejected").click()
    expect(page.locator("pre")).to_contain_text("You were not charged.")


def test_a_cancel_while_it_is_cooked_shows_its_fee(page: Page) -> None:
    place(page)
    say(page, "Restaurant", "Accept")
    expect(page.get_by_label("Restaurant", exact=True)).to_contain_text("accepted")
    page.get_by_role("button", name="Cancel the delivery").click()
    status(page, "cancelled")
    expect(page.get_by_label("Customer", exact=True)).to_contain_text("Fee 14.85 EUR")


def test_a_driver_who_gives_back_is_replaced(page: Page, by_hand: System) -> None:
    delivery_id = place(page)
    say(page, "Restaurant", "Accept")
    say(page, "Driver", "Wait at the counter")
    say(page, "Driver", "Accept")
    say(page, "Driver", "Give back")
    with reach.app(by_hand, DRIVERS) as drivers:
        here = {"latitude": 52.5235, "longitude": 13.4122}
        drivers.put("/drivers/other/position", json=here).raise_for_status()
        expect(page.get_by_label("Driver", exact=True)).to_contain_text("other")
        drivers.put("/drivers/other/position", json=here | {"online": False}).raise_for_status()
    page.get_by_role("button", name="Cancel the delivery").click()
    status(page, "cancelled")
    assert delivery_id


def test_the_track_is_drawn_anew_as_the_driver_moves(page: Page, by_hand: System) -> None:
    delivery_id = place(page)
    pick_up(page)
    pin = pin_of(page, delivery_id)
    page.goto(f"/console/deliveries/{delivery_id}/track")
    expect(page.locator("h1")).to_have_text("Your food is on the way")
    expect(page.locator(".track text")).to_have_text(["Restaurant", "Door", "Driver"])
    driver, route = page.locator(".track .driver circle"), page.locator(".track .trail")
    with reach.app(by_hand, DRIVERS) as drivers:
        for latitude in (52.5270, 52.5320):
            before = driver.get_attribute("cy")
            there = {"latitude": latitude, "longitude": 13.4100}
            drivers.put("/drivers/person/position", json=there).raise_for_status()
            expect(driver).not_to_have_attribute("cy", before or "")
        expect(route).to_have_count(1)
        expect(page.get_by_role("status")).to_contain_text("At the door at")
        ride = f"/offers/{delivery_id}:driver-1/deliver"
        drivers.post(ride, json={"pin": pin}).raise_for_status()
    expect(page.locator("h1")).to_have_text("Your food is delivered")


def test_a_bad_request_is_said_in_words_and_changes_nothing(page: Page) -> None:
    page.goto("/console/new")
    page.get_by_label("Id of the delivery").fill("bad-1")
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | {"lines": []}))
    page.get_by_role("button", name="Order", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("lines")
    assert page.request.get("/deliveries/bad-1").status == 404


def test_markup_in_an_address_is_text(page: Page) -> None:
    place(page, door=EXAMPLE["door"] | {"address": "<b id=bold>bold</b>"})
    expect(page.get_by_text("<b id=bold>bold</b>").first).to_be_visible()
    expect(page.locator("#bold")).to_have_count(0)
    page.get_by_role("button", name="Cancel the delivery").click()
    status(page, "cancelled")


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, by_hand: System, page: Page, scheme: str, width: int
) -> None:
    delivery_id = place(page)
    say(page, "Restaurant", "Accept")
    say(page, "Driver", "Wait at the counter")
    expect(page.get_by_label("Driver", exact=True)).to_contain_text("offered")
    paths = {
        "list": "/",
        "delivery": f"/console/deliveries/{delivery_id}",
        "track": f"/console/deliveries/{delivery_id}/track",
        "new": "/console/new",
    }
    looked_at = pages_that_fit(browser, by_hand, ORCHESTRATOR, scheme, width, paths)
    for _, seen in looked_at:
        expect(seen.locator(".apps li")).to_have_count(5)
    page.get_by_role("button", name="Cancel the delivery").click()
    status(page, "cancelled")
