"""A system of orders by hand: a person is the warehouse and the carrier."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.orders.tests.shop import ORCHESTRATOR, SHIPPING, WAREHOUSE
from tests.browser.conftest import browser
from tests.support.running import running
from tests.support.variant import SECURE

__all__ = ["browser"]

PROJECT = Path(__file__).resolve().parents[4]
HOME = PROJECT / ".orders-console-system"
BY_HAND = {WAREHOUSE: {"PACKING_SECONDS": "0"}, SHIPPING: {"CARRIER_SECONDS": "0"}}


@pytest.fixture(scope="module")
def by_hand() -> Iterator[System]:
    """The system, in a folder and on ports of its own."""
    System(PROJECT, HOME, name="orders").stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    with (
        on_free_ports(PROJECT, Changes(env=BY_HAND, secure=SECURE), name="orders") as changes,
        running(System(PROJECT, HOME, changes, say=print, name="orders")) as system,
    ):
        yield system


@pytest.fixture
def page(browser: Browser, by_hand: System) -> Iterator[Page]:
    """A page of the console; after the test, the browser's log has no error."""
    context = browser.new_context(
        base_url=by_hand.app_url(ORCHESTRATOR), extra_http_headers=by_hand.app_headers(ORCHESTRATOR)
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    # What is refused is answered with 409 or 422, which browsers log as errors.
    assert [error for error in errors if "409" not in error and "422" not in error] == []
