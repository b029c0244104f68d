"""A system of orders by hand: a person is the warehouse and the carrier."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.orders.tests.shop import ORCHESTRATOR, SHIPPING, WAREHOUSE
from tests.support.browsing import browser, page_at
from tests.support.running import running
from tests.support.whole_system import PROJECT

__all__ = ["browser"]

HOME = PROJECT / ".orders-console-system"
BY_HAND = {WAREHOUSE: {"PACKING_SECONDS": "0"}, SHIPPING: {"CARRIER_SECONDS": "0"}}


@pytest.fixture(scope="module")
def by_hand() -> Iterator[System]:
    """The system, in a folder and on ports of its own."""
    System(PROJECT, HOME, name="orders").stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    with (
        on_free_ports(PROJECT, Changes(env=BY_HAND), name="orders") as changes,
        running(System(PROJECT, HOME, changes, say=print, name="orders")) as system,
    ):
        yield system


@pytest.fixture
def page(browser: Browser, by_hand: System) -> Iterator[Page]:
    """A page of the console."""
    with page_at(browser, by_hand.app_url(ORCHESTRATOR), refused=["409", "422"]) as page:
        yield page
