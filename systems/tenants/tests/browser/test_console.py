"""The console of tenants in a real browser: set up, look at what really exists, remove."""

import json
import re
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from systems.tenants.tests.platform import ORCHESTRATOR, REMOVALS, Platform
from systems.tenants.tests.test_life import link_in, mail_to
from systems.tenants.words import EXAMPLE
from tests.support.browsing import browser, in_every_look, page_at, pages_that_fit

__all__ = ["browser"]

_numbers = count(1)


@pytest.fixture
def page(browser: Browser, system: System) -> Iterator[Page]:
    """A page of the console."""
    shown = system.app_headers(ORCHESTRATOR)
    with page_at(browser, system.app_url(ORCHESTRATOR), ["409", "422"], shown) as page:
        yield page


def set_up(page: Page, platform: Platform, slug: str = "") -> str:
    """Set a tenant up by the form; return its id."""
    tenant_id = f"seen-{next(_numbers)}"
    email = f"owner@{tenant_id}.example"
    asked = EXAMPLE | {"slug": slug or tenant_id, "name": tenant_id, "ownerEmail": email}
    page.goto("/")
    page.get_by_role("button", name="Set up a tenant").click()
    page.get_by_label("Id of the tenant").fill(tenant_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(asked))
    page.get_by_role("button", name="Set up", exact=True).click()
    if not slug:
        platform.tenants.append(tenant_id)
    return tenant_id


def status(page: Page, says: str) -> None:
    expect(page.locator("h1 .status")).to_have_text(says)


def test_a_tenant_is_set_up_looked_at_and_removed(page: Page, platform: Platform) -> None:
    tenant_id = set_up(page, platform)
    status(page, "active")
    for name in ("Schema", "Bucket", "Realm", "Account"):
        expect(page.get_by_label(name, exact=True)).to_contain_text("present")
    assert platform.secret("database", f"{tenant_id}:schema") not in page.content()
    page.get_by_role("link", name="what really exists").click()
    expect(page.get_by_role("status")).to_have_text("It is as it has to be.")
    page.go_back()
    page.get_by_role("button", name="Remove the tenant").click()
    expect(page.get_by_role("status")).to_contain_text("Nobody can log in")
    removal_id = page.locator("strong", has_text="removal-").inner_text()
    platform.removals.append(removal_id)
    platform.in_grace(removal_id)
    page.context.set_extra_http_headers(platform.system.app_headers(REMOVALS))
    page.goto(f"{platform.system.app_url(REMOVALS)}/console/removals/{removal_id}")
    expect(page.get_by_text("Waits for waiver")).to_be_visible()
    page.get_by_role("button", name="Remove it now").click()
    status(page, "removed")
    page.context.set_extra_http_headers(platform.system.app_headers(ORCHESTRATOR))
    page.goto("/console/orphans")
    expect(page.get_by_role("status")).to_have_text("There are none.")


def test_the_owner_sets_a_password_with_the_link_of_the_mail(
    page: Page, platform: Platform
) -> None:
    tenant_id = platform.set_up()
    page.goto(link_in(mail_to(platform, tenant_id)))
    page.get_by_label("Password").fill("a password of its owner")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
    assert platform.login(tenant_id, "a password of its owner", "owner").status_code == 200


def test_a_slug_that_breaks_a_rule_is_said_in_words(page: Page, platform: Platform) -> None:
    tenant_id = set_up(page, platform, slug="pg_catalog")
    expect(page.get_by_role("alert")).to_contain_text("slug")
    assert page.request.get(f"/tenants/{tenant_id}").status == 404


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, page: Page, platform: Platform, scheme: str, width: int
) -> None:
    tenant_id = set_up(page, platform)
    expect(page).to_have_url(re.compile(f"/console/tenants/{tenant_id}"))
    status(page, "active")
    link = link_in(mail_to(platform, tenant_id))
    paths = {
        "list": "/",
        "tenant": f"/console/tenants/{tenant_id}",
        "verified": f"/console/tenants/{tenant_id}/verify",
        "welcome": link,
    }
    looked_at = pages_that_fit(browser, platform.system, ORCHESTRATOR, scheme, width, paths)
    for _, seen in looked_at:
        expect(seen.locator("h1").first).to_be_visible()
