"""The console of the test system, in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from tests.support.browsing import browser, page_at
from tests.support.world import ORCHESTRATOR

__all__ = ["browser"]


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A page of the console."""
    shown = system.app_headers(ORCHESTRATOR)
    with page_at(browser, system.app_url(ORCHESTRATOR), ["422"], shown) as page:
        yield page
