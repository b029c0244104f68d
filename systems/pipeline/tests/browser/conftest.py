"""A page of the pipeline's console in a headless Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from systems.pipeline.tests.works import ORCHESTRATOR
from tests.support.browsing import browser, page_at

__all__ = ["browser"]


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A page of the console."""
    shown = system.app_headers(ORCHESTRATOR)
    with page_at(browser, system.app_url(ORCHESTRATOR), ["403", "409", "422"], shown) as page:
        yield page
