"""The banks, with pages of their console in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from runtime.blocks import on_free_ports
from runtime.system import System
from runtime.template import Changes
from systems.bank.tests.branch import ORCHESTRATOR
from tests.browser.conftest import browser
from tests.support.running import running

__all__ = ["browser"]

PROJECT = Path(__file__).resolve().parents[4]
HOME = PROJECT / ".bank-console-system"


@pytest.fixture(scope="module")
def banks() -> Iterator[System]:
    """The system as it is delivered, in a folder and on ports of its own."""
    System(PROJECT, HOME, name="bank").stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    with (
        on_free_ports(PROJECT, Changes(), name="bank") as changes,
        running(System(PROJECT, HOME, changes, say=print, name="bank")) as system,
    ):
        yield system


@pytest.fixture
def page(browser: Browser, banks: System) -> Iterator[Page]:
    """A page of the console; after the test, the browser's log has no error."""
    context = browser.new_context(base_url=banks.app_url(ORCHESTRATOR))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    # What is refused is answered with a 4xx, which browsers log as errors.
    refused = ("403", "404", "409", "422")
    assert [error for error in errors if not any(code in error for code in refused)] == []
