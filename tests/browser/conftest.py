"""A headless Chromium that looks at the console of the test system."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from runtime.system import System
from tests.support.world import ORCHESTRATOR

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")  # while it lives, an event loop runs in the tests' thread
def browser() -> Iterator[Browser]:
    """The machine's own Chromium. Skips where there is none; `make test` as root installs it."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("There is no Chromium; install it (Debian, Ubuntu: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A page of the console; after the test, the browser's log has no error."""
    context = browser.new_context(
        base_url=system.app_url(ORCHESTRATOR), extra_http_headers=system.app_headers(ORCHESTRATOR)
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    # A form that is refused is answered with 422, which browsers log as an error.
    assert [error for error in errors if "422" not in error] == []
