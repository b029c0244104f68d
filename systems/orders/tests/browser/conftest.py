"""A system of orders by hand: a person is the warehouse and the carrier."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from systems.orders.tests.shop import ORCHESTRATOR, SHIPPING, WAREHOUSE
from tests.support.browsing import browser, page_at
from tests.support.whole_system import beside

__all__ = ["browser"]

BY_HAND = {WAREHOUSE: {"PACKING_SECONDS": "0"}, SHIPPING: {"CARRIER_SECONDS": "0"}}


@pytest.fixture(scope="module")
def by_hand() -> Iterator[System]:
    with beside("orders", BY_HAND) as system:
        yield system


@pytest.fixture
def page(browser: Browser, by_hand: System) -> Iterator[Page]:
    """A page of the console."""
    shown = by_hand.app_headers(ORCHESTRATOR)
    with page_at(browser, by_hand.app_url(ORCHESTRATOR), ["409", "422"], shown) as page:
        yield page
