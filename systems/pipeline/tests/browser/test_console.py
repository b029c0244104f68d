"""The console of runs in a real browser: start, read logs, decide, look at the environments."""

import json
import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from systems.pipeline.tests.works import ORCHESTRATOR, Works
from systems.pipeline.words import EXAMPLE
from tests.support.browsing import in_every_look, pages_that_fit

_LONG = 60_000  # milliseconds: a build and a scan take their time


def start(page: Page, works: Works, **changes: Any) -> str:
    """Start a run by the form; return its id once its page is open."""
    run_id = works.run_id("by-hand")
    works.runs.append(run_id)
    page.goto("/")
    page.get_by_role("button", name="Start a run").click()
    page.get_by_label("Id of the run").fill(run_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | changes))
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile(f"/console/runs/{run_id}"))
    return run_id


def status(page: Page, says: str) -> None:
    expect(page.locator("h1 .status")).to_have_text(says, timeout=_LONG)


def card(page: Page, name: str) -> Any:
    return page.get_by_label(name, exact=True)


def decide(page: Page, who: str, how: str) -> None:
    page.get_by_role("button", name="Decide").click(timeout=_LONG)
    page.get_by_label("Who decides").fill(who)
    page.get_by_role("button", name=how).click()


def test_a_run_is_followed_decided_on_and_released(page: Page, works: Works, first: str) -> None:
    run_id = start(page, works, commit="next")
    expect(card(page, "Commit")).to_contain_text("What next")
    for job in ("Build", "Tests", "Scan", "Integration"):
        expect(card(page, job).locator(".status")).to_have_text("passed", timeout=_LONG)
    expect(card(page, "Tests")).to_contain_text("1 tests passed.")
    expect(card(page, "Staging").locator(".status")).to_have_text("live")
    decide(page, EXAMPLE["authorId"], "Approve")
    expect(page.get_by_role("alert")).to_contain_text("does not decide on it")
    page.get_by_role("link", name=run_id).click()
    decide(page, "grace", "Approve")
    status(page, "released")
    expect(card(page, "Production").locator(".status")).to_have_text("live")
    page.get_by_role("link", name="Log of build").click()
    expect(page.locator("pre.log")).to_contain_text("Successfully built hello-1.0.0")
    page.goto(f"/console/runs/{run_id}")
    page.get_by_role("link", name="mail: released").click()
    expect(page.locator("h1")).to_have_text(f"{run_id} is released")
    page.goto("/console/environments")
    expect(card(page, "Production")).to_contain_text(works.release_of(run_id)[:12])
    page.get_by_role("button", name=f"Roll production back to {first[:12]}").click()
    expect(card(page, "Production")).to_contain_text(first[:12])
    assert works.answers("production")["release"] == first


def test_a_log_grows_on_its_page_and_a_run_is_cancelled(page: Page, works: Works) -> None:
    run_id = start(page, works, commit="takes-long")
    page.get_by_role("link", name="Log of tests").click()
    expect(page.locator("pre.log")).to_contain_text("pytest", timeout=_LONG)
    status(page, "running")
    page.goto(f"/console/runs/{run_id}")
    page.get_by_role("button", name="Cancel the run").click()
    status(page, "cancelled")
    expect(card(page, "Tests").locator(".status")).to_have_text("killed")


def test_a_finding_is_told_in_words(page: Page, works: Works) -> None:
    start(page, works, commit="leaks-secret")
    status(page, "rejected")
    expect(page.locator(".why")).to_contain_text("found what may not go on")
    expect(card(page, "Scan")).to_contain_text("AWS Access Key")


def test_a_bad_request_is_said_in_words_and_changes_nothing(page: Page, works: Works) -> None:
    run_id = works.run_id("bad")
    page.goto("/console/new")
    page.get_by_label("Id of the run").fill(run_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | {"repository": "-x"}))
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("repository")
    assert page.request.get(f"/runs/{run_id}").status == 404


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, system: System, works: Works, first: str, scheme: str, width: int
) -> None:
    run_id = works.environment("production")["history"][0]["run"]
    paths = {
        "list": "/",
        "run": f"/console/runs/{run_id}",
        "log": f"/console/runs/{run_id}/jobs/build",
        "decision": f"/console/runs/{run_id}/decision?release={first}",
        "environments": "/console/environments",
    }
    looked_at = pages_that_fit(browser, system, ORCHESTRATOR, scheme, width, paths)
    for name, seen in looked_at:
        expect(seen.locator(".apps li")).to_have_count(6)
        if name == "list":
            expect(seen.get_by_label("Production", exact=True)).to_be_visible()
