"""The console of transfers in a real browser: send, review with four eyes, read the statement."""

import json
import re
from itertools import count
from typing import Any

from playwright.sync_api import Browser, Page, expect

from runtime.system import System
from systems.bank.tests.branch import BANK_B, ORCHESTRATOR
from systems.bank.words import EXAMPLE
from tests.support import reach
from tests.support.browsing import in_every_look, pages_that_fit
from tests.support.waiting import until

ANNA, DORA = "DE07900100000000001000", "DE50900100000000001002"
BERT, FENNA, JORIS = "NL36BRTA0000002000", "NL09BRTA0000002001", "NL79BRTA0000002002"
LARGE = {"amount": {"amount": 1_000_000, "currency": "EUR"}, "payer": DORA, "payee": JORIS}

_numbers = count(1)


def send(page: Page, **changes: Any) -> str:
    """Send a transfer by the form; return its id once its page is open."""
    transfer_id = f"by-hand-{next(_numbers)}"
    page.goto("/")
    page.get_by_role("button", name="Send a transfer").click()
    page.get_by_label("Id of the transfer").fill(transfer_id)
    page.get_by_label("Request (JSON)").fill(json.dumps(EXAMPLE | changes))
    page.get_by_role("button", name="Send", exact=True).click()
    return transfer_id


def status(page: Page, says: str) -> None:
    expect(page.locator("h1 .status")).to_have_text(says)


def decide(page: Page, by: str, decision: str, note: str = "") -> None:
    page.get_by_label("Reviewer").fill(by)
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name=decision).click()


def test_a_transfer_shows_its_entries_and_the_statement_has_them(page: Page) -> None:
    transfer_id = send(page)
    expect(page).to_have_url(re.compile(f"/console/transfers/{transfer_id}"))
    status(page, "completed")
    expect(page.get_by_label("Transfer", exact=True)).to_contain_text("credited")
    debit, credit = (page.get_by_label(side, exact=True) for side in ("Debit", "Credit"))
    expect(debit).to_contain_text("debit 125.70 EUR")
    expect(debit).to_contain_text("credit 0.20 EUR")
    expect(credit).to_contain_text("credit 125.50 EUR")
    expect(page.get_by_label("Fraud score")).to_contain_text("New payee: 10")
    expect(page.get_by_label("Sanctions")).to_contain_text("no match")
    credit.get_by_role("link", name=BERT).click()
    entry = page.locator("tr", has_text=f"{transfer_id}:credit")
    expect(entry).to_contain_text(f"Credit from {ANNA}")
    expect(entry).to_contain_text("125.50 EUR")
    expect(page.get_by_text("Closing balance")).to_be_visible()
    page.goto(f"/console/transfers/{transfer_id}")
    page.get_by_role("link", name="mail: debited").click()
    expect(page.locator("pre")).to_contain_text("0.20 EUR")
    page.goto("/")
    expect(page.locator(f"#row-{transfer_id}")).to_contain_text("125.50 EUR")


def test_the_accounts_of_both_banks_add_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Accounts").click()
    expect(page.get_by_label("Aller Bank")).to_contain_text("145,400.00 EUR debit")
    for bank in ("Aller Bank", "Brenta Bank"):
        expect(page.get_by_label(bank)).to_contain_text("difference 0")
    page.get_by_label("Aller Bank").get_by_role("link", name="cash-EUR").click()
    expect(page.locator("table")).to_contain_text("Opening balance")
    expect(page.locator("main")).to_contain_text("Posted -145,400.00 EUR")
    expect(page.locator("main")).not_to_contain_text("Available")


def test_what_is_unusual_is_reviewed_by_another_person(page: Page) -> None:
    transfer_id = send(page, initiatorId="dora", payeeName="Joris van Dam", **LARGE)
    page.get_by_role("button", name="Review").click()
    expect(page.locator("dl")).to_contain_text("Fraud score 40")
    expect(page.locator("dl")).to_contain_text("Large amount: 30")
    expect(page.locator("dl")).to_contain_text("Entered by dora")
    decide(page, "Dora", "Approve")
    expect(page.get_by_role("alert")).to_contain_text("does not review it")
    decide(page, "no spaces allowed", "Approve")
    expect(page.get_by_role("alert")).to_contain_text("by")
    decide(page, "bob", "Approve", "called her")
    expect(page).to_have_url(re.compile(f"/console/transfers/{transfer_id}$"))
    status(page, "completed")
    expect(page.get_by_role("button", name="Review")).to_have_count(0)
    page.goto(f"/console/transfers/{transfer_id}/review")
    expect(page.get_by_role("alert")).to_contain_text("does not wait for a review")


def test_a_name_that_is_like_a_listed_one_is_shown_to_the_reviewer_who_refuses(page: Page) -> None:
    send(page, payeeName="Sergei Voronkin")
    page.get_by_role("button", name="Review").click()
    expect(page.locator("dl")).to_contain_text("VORONKIN, Sergej Maximovich, entry 9001")
    decide(page, "bob", "Refuse", "It may be him.")
    status(page, "rejected")
    expect(page.locator(".why")).to_contain_text("bob refused it. It may be him.")
    expect(page.get_by_label("Transfer", exact=True)).to_contain_text("released")
    page.get_by_role("link", name="mail: rejected").click()
    expect(page.locator("pre")).not_to_contain_text("sanctions")


def test_money_that_is_returned_shows_the_reversing_entry(page: Page, banks: System) -> None:
    """The payee's account is frozen while somebody reviews."""
    transfer_id = send(
        page, initiatorId="dora", payeeName="Fenna de Wit", **LARGE | {"payee": FENNA}
    )
    page.get_by_role("button", name="Review").click()
    with reach.app(banks, BANK_B) as bank:
        bank.post(f"/accounts/{FENNA}/freeze", json={"reason": "a test"}).raise_for_status()
        decide(page, "bob", "Approve")
        status(page, "rejected")
        expect(page.get_by_label("Reversing entry")).to_contain_text("an account is frozen")
        expect(page.get_by_label("Transfer", exact=True)).to_contain_text("returned")
        page.get_by_label("Reversing entry").get_by_role("link", name=DORA).click()
        lines = page.locator("tr", has_text=transfer_id)
        expect(lines).to_have_count(2)
        expect(lines.last).to_contain_text("because an account is frozen")
        bank.post(f"/accounts/{FENNA}/unfreeze", json={"reason": "a test"}).raise_for_status()


def test_what_is_not_there_is_said_in_words(page: Page) -> None:
    page.goto("/console/accounts/NL91ABNA0417164300")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.goto("/console/accounts/nothing?at=bank-a")
    expect(page.get_by_role("alert")).to_contain_text("There is no account nothing")
    transfer_id = send(page, payee=ANNA)
    expect(page.get_by_role("alert")).to_contain_text("the same account")
    assert page.request.get(f"/transfers/{transfer_id}").status == 404


def test_markup_in_a_name_is_text(page: Page) -> None:
    marked = {"payeeName": "<b id=bold>bold</b>", "remittance": "<i id=slant>x</i>"}
    send(page, initiatorId="dora", **LARGE | marked)
    expect(page.get_by_text("<b id=bold>bold</b>").first).to_be_visible()
    expect(page.locator("#bold, #slant")).to_have_count(0)
    page.get_by_role("button", name="Cancel the transfer").click()
    status(page, "cancelled")


@in_every_look
def test_pages_fit_their_width_in_light_and_dark(
    browser: Browser, banks: System, page: Page, scheme: str, width: int
) -> None:
    waiting = send(page, initiatorId="dora", payeeName="Somebody Else", **LARGE)
    done = send(page)
    status(page, "completed")
    until(
        lambda: page.request.get(f"/transfers/{waiting}").json().get("step"),
        lambda step: step == "review",
        "a transfer to wait for its review",
    )
    paths = {
        "list": "/",
        "transfer": f"/console/transfers/{done}",
        "review": f"/console/transfers/{waiting}/review",
        "accounts": "/console/accounts",
        "statement": f"/console/accounts/{ANNA}",
        "new": "/console/new",
    }
    looked_at = pages_that_fit(browser, banks, ORCHESTRATOR, scheme, width, paths)
    for _, seen in looked_at:
        expect(seen.locator(".apps li")).to_have_count(6)
    page.request.post(f"/transfers/{waiting}/cancel")
