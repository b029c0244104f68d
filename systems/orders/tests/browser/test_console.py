"""The console of orders in a real browser: place, be the warehouse and the carrier, decide."""

import json
import re
from itertools import count
from typing import Any

from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from systems.orders.tests.shop import INVENTORY, ORCHESTRATOR
from systems.orders.words import EXAMPLE
from tests.support import reach
from tests.support.browsing import in_every_look, pages_that_fit
from tests.support.waiting import until

_numbers = count(1)


def place(page: Page, **changes: Any) -> str:
    """Place an order by the form; return its id once its page is open."""
    order_id = f"by-hand-{next(_numbers)}"
    page.goto("/")
    page.get_by_role("button", name="Place an order").click()
    page.get_by_label("Id of the order").fill(order_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | changes))
    page.get_by_role("button", name="Place", exact=True).click()
    return order_id


def status(page: Page, says: str) -> None:
    expect(page.locator("h1 .status")).to_have_text(says)


def say(page: Page, parcel: int, deed: str) -> None:
    page.get_by_label(f"Parcel {parcel}", exact=True).get_by_role("button", name=deed).click()


def test_a_person_is_the_warehouse_and_the_carrier_until_it_is_fulfilled(page: Page) -> None:
    order_id = place(page)
    expect(page).to_have_url(re.compile(f"/console/orders/{order_id}"))
    for parcel in (1, 2):
        say(page, parcel, "Packed")
    for parcel in (1, 2):
        say(page, parcel, "In transit")
        say(page, parcel, "Delivered")
    status(page, "fulfilled")
    expect(page.get_by_role("button", name="Cancel the order")).to_have_count(0)
    page.goto("/")
    expect(page.locator(f"#row-{order_id} .status")).to_have_text("fulfilled")


def test_a_parcel_that_is_lost_is_refunded(page: Page) -> None:
    place(page)
    for parcel in (1, 2):
        say(page, parcel, "Packed")
    for parcel, end in ((1, "Lost"), (2, "Returned")):
        say(page, parcel, end)
    status(page, "fulfilled")
    expect(page.locator(".lanes")).to_contain_text("refund share")
    expect(page.locator(".lanes")).to_contain_text("restock")
    total = page.locator(".cards article", has_text="Total")
    paid = re.search(r"[\d,.]+ [A-Z]{3}", total.inner_text())
    assert paid
    expect(total).to_contain_text(f"Captured {paid[0]}")
    expect(total).to_contain_text(f"Refunded {paid[0]}")
    page.get_by_role("link", name="mail: refunded 2").click()
    expect(page.locator("pre")).to_contain_text("it came back to us")


def test_a_parcel_shows_where_it_is_and_only_what_can_be_said_of_it(page: Page) -> None:
    place(page)
    first = page.get_by_label("Parcel 1", exact=True)
    expect(first).to_contain_text("being packed")
    expect(first.get_by_role("button")).to_have_text(["Packed", "Not found"])
    say(page, 1, "Packed")
    expect(first.locator(".status")).to_have_text("packed")
    expect(first.get_by_role("button")).to_have_count(0)
    say(page, 2, "Packed")
    expect(first).to_contain_text("handed over")
    expect(first.get_by_role("button")).to_have_text(
        ["In transit", "Delivered", "Lost", "Returned"]
    )
    say(page, 1, "Delivered")
    expect(first.locator(".status").last).to_have_text("delivered")
    expect(first.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="mail: shipped").click()
    expect(page.locator("h1")).to_contain_text("on its way")


def test_what_is_said_too_late_is_answered_in_words(page: Page) -> None:
    order_id = place(page)
    expect(page.get_by_label("Parcel 1", exact=True).get_by_role("button")).to_have_count(2)
    page.route("**/live", lambda route: route.fulfill(status=204))  # the page stays as it is
    page.request.post(f"/orders/{order_id}/cancel")
    until(
        lambda: page.request.get(f"/orders/{order_id}").json()["status"],
        lambda status: status == "cancelled",
        f"{order_id} to be cancelled",
    )
    say(page, 1, "Packed")
    expect(page.get_by_role("heading", level=1)).to_have_text("That is not possible now")
    expect(page.get_by_role("alert")).to_contain_text("undone")
    page.get_by_role("link", name=order_id).click()
    page.get_by_role("link", name="mail: cancelled").click()
    expect(page.locator("h1")).to_contain_text("is cancelled")


def test_what_is_not_found_undoes_the_order_and_says_why(page: Page) -> None:
    place(page)
    say(page, 1, "Not found")
    status(page, "rejected")
    expect(page.locator(".why")).to_contain_text("could not be found in the warehouse")


def test_an_order_is_cancelled_while_it_is_packed(page: Page) -> None:
    place(page)
    page.get_by_role("button", name="Cancel the order").click()
    status(page, "cancelled")


def test_on_a_shortage_the_customer_decides(page: Page, by_hand: System) -> None:
    receipt = {"sku": "BOWL-KINTSUGI", "warehouse": "osaka", "quantity": 1}
    with reach.app(by_hand, INVENTORY) as inventory:
        inventory.put("/receipts/one", json=receipt).raise_for_status()
    place(page, lines=[{"sku": "BOWL-KINTSUGI", "quantity": 3}])
    page.get_by_role("button", name="Send what is there").click()
    say(page, 1, "Packed")
    say(page, 1, "Delivered")
    status(page, "fulfilled")


def test_a_bad_request_is_said_in_words_and_changes_nothing(page: Page) -> None:
    order_id = place(page, lines=[])
    expect(page.get_by_role("alert")).to_contain_text("lines")
    assert page.request.get(f"/orders/{order_id}").status == 404


def test_markup_in_a_name_is_text(page: Page) -> None:
    place(page, customerId="<b id=bold>bold</b>")
    expect(page.get_by_text("<b id=bold>bold</b>").first).to_be_visible()
    expect(page.locator("#bold")).to_have_count(0)
    page.get_by_role("button", name="Cancel the order").click()
    status(page, "cancelled")


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, by_hand: System, page: Page, scheme: str, width: int
) -> None:
    order_id = place(page)
    expect(page.get_by_label("Parcel 2", exact=True)).to_be_visible()
    paths = {
        "list": "/",
        "order": f"/console/orders/{order_id}",
        "new": "/console/new",
    }
    looked_at = pages_that_fit(browser, by_hand, ORCHESTRATOR, scheme, width, paths)
    for _, seen in looked_at:
        expect(seen.locator(".apps li")).to_have_count(6)
