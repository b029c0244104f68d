"""A headless Chromium that looks at pages, and what its log says of them."""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from runtime.system import System

T = TypeVar("T", bound=Callable[..., Any])

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")  # while it lives, an event loop runs in the tests' thread
def browser() -> Iterator[Browser]:
    """The machine's own Chromium. Skips where there is none; `make test` as root installs it."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("There is no Chromium; install it (Debian, Ubuntu: apt install chromium)")
    with sync_playwright() as playwright:
        # Names that lead here, as those of somebody who attacks with a page of their own would.
        names = "--host-resolver-rules=MAP *.attacker.example 127.0.0.1"
        args = ["--no-sandbox", names]
        browser = playwright.chromium.launch(executable_path=program, args=args)
        yield browser
        browser.close()


@contextmanager
def page_at(
    browser: Browser, url: str, refused: Collection[str], shown: Mapping[str, str] | None = None
) -> Iterator[Page]:
    """Open a page below ``url``; in the end, the browser's log has no error.

    ``shown`` are headers of every request.

    A form that is refused is answered with one of the ``refused`` statuses, which browsers log as
    an error.
    """
    context = browser.new_context(base_url=url, extra_http_headers=dict(shown or {}))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert [error for error in errors if not any(status in error for status in refused)] == []


def in_every_look(test: T) -> T:
    """Have a test run with each ``scheme`` and each ``width`` in pixels that pages are made for."""
    widths = pytest.mark.parametrize("width", [1280, 390])
    schemes = pytest.mark.parametrize("scheme", ["light", "dark"])
    looked: T = schemes(widths(test))
    return looked


def pages_that_fit(
    browser: Browser, system: System, app_id: str, scheme: str, width: int, paths: Mapping[str, str]
) -> Iterator[tuple[str, Page]]:
    """Open pages of an app one after the other, and yield each by its name, to be looked at.

    None of them may be wider than the window; pictures of them are in the system's folder.
    """
    context = browser.new_context(
        base_url=system.app_url(app_id),
        extra_http_headers=system.app_headers(app_id),
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
    )
    try:
        page = context.new_page()
        for name, path in paths.items():
            page.goto(path)
            yield name, page
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide, its window {width}"
            page.screenshot(path=system.home / f"{name}-{scheme}-{width}.png", full_page=True)
    finally:
        context.close()
