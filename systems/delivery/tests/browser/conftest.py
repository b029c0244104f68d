"""A system of deliveries by hand: a person is the restaurant, the driver and the customer."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.delivery.tests.town import CITY, DRIVERS, ORCHESTRATOR
from tests.browser.conftest import browser
from tests.support.running import running

__all__ = ["browser"]

PROJECT = Path(__file__).resolve().parents[4]
HOME = PROJECT / ".delivery-console-system"
BY_HAND = {
    CITY: {"CITY_DRIVERS": "0"},
    DRIVERS: {"SPEED": "1"},
    ORCHESTRATOR: {"SPEED": "1", "PAUSE_SECONDS": "1"},
}


@pytest.fixture(scope="module")
def by_hand() -> Iterator[System]:
    """The system, in a folder and on ports of its own."""
    System(PROJECT, HOME, name="delivery").stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    with (
        on_free_ports(PROJECT, Changes(env=BY_HAND), name="delivery") as changes,
        running(System(PROJECT, HOME, changes, say=print, name="delivery")) as system,
    ):
        yield system


@pytest.fixture
def page(browser: Browser, by_hand: System) -> Iterator[Page]:
    """A page of the console; after the test, the browser's log has no error."""
    context = browser.new_context(base_url=by_hand.app_url(ORCHESTRATOR))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    for delivery in page.request.get("/deliveries?status=running").json()["deliveries"]:
        page.request.post(f"/deliveries/{delivery['deliveryId']}/cancel")
    home = {"latitude": 52.5235, "longitude": 13.4122, "online": False}
    page.request.put(f"{by_hand.app_url(DRIVERS)}/drivers/person/position", data=home)
    context.close()
    # What is refused is answered with 409 or 422, which browsers log as errors.
    assert [error for error in errors if "409" not in error and "422" not in error] == []
