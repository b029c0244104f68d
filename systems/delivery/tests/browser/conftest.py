"""A system of deliveries by hand: a person is the restaurant, the driver and the customer."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from systems.delivery.tests.town import CITY, DRIVERS, ORCHESTRATOR
from tests.support.browsing import browser, page_at
from tests.support.whole_system import beside

__all__ = ["browser"]

BY_HAND = {
    CITY: {"CITY_DRIVERS": "0"},
    DRIVERS: {"SPEED": "1"},
    ORCHESTRATOR: {"SPEED": "1", "PAUSE_SECONDS": "1", "OPEN_CASES_PER_OWNER": "0"},
}


@pytest.fixture(scope="module")
def by_hand() -> Iterator[System]:
    with beside("delivery", BY_HAND) as system:
        yield system


@pytest.fixture
def page(browser: Browser, by_hand: System) -> Iterator[Page]:
    """A page of the console. After the test nothing is on its way, and the driver is off."""
    shown = by_hand.app_headers(ORCHESTRATOR)
    with page_at(browser, by_hand.app_url(ORCHESTRATOR), ["409", "422"], shown) as page:
        yield page
        for delivery in page.request.get("/deliveries?status=running").json()["deliveries"]:
            page.request.post(f"/deliveries/{delivery['deliveryId']}/cancel")
        home = {"latitude": 52.5235, "longitude": 13.4122, "online": False}
        page.request.put(f"{by_hand.app_url(DRIVERS)}/drivers/person/position", data=home)
