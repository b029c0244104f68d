"""The banks, with pages of their console in a real browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from systems.bank.tests.branch import ORCHESTRATOR
from tests.support.browsing import browser, page_at
from tests.support.whole_system import beside

__all__ = ["browser"]


@pytest.fixture(scope="module")
def banks() -> Iterator[System]:
    """The system as it is delivered."""
    with beside("bank", {}) as system:
        yield system


@pytest.fixture
def page(browser: Browser, banks: System) -> Iterator[Page]:
    """A page of the console."""
    refused = ["403", "404", "409", "422"]
    shown = banks.app_headers(ORCHESTRATOR)
    with page_at(browser, banks.app_url(ORCHESTRATOR), refused, shown) as page:
        yield page
