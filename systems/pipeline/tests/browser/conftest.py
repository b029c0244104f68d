"""A headless Chromium that looks at the console of the pipeline."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from runtime.system import System
from systems.pipeline.tests.works import ORCHESTRATOR
from tests.browser.conftest import browser

__all__ = ["browser"]


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A page of the console; after the test, the browser's log has no error."""
    context = browser.new_context(base_url=system.app_url(ORCHESTRATOR))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    # What is refused is answered with 403, 409 or 422, which browsers log as errors.
    assert [e for e in errors if not any(code in e for code in ("403", "409", "422"))] == []
