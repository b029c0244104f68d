"""Money on its way: it arrives, or it comes home; nothing is lost in between."""

from contextlib import ExitStack
from typing import Any

import pytest

from runtime.system import System
from systems.bank.tests.branch import (
    BANK_A,
    BANK_B,
    ORCHESTRATOR,
    Branch,
    balances,
    euros,
    new_iban,
)
from systems.bank.tests.calls import CREDIT
from tests.support.fault_proxy import Fault, about


def held_at_the_credit(branch: Branch, stack: ExitStack) -> tuple[str, str, str, Fault]:
    """Return a transfer whose credit is held back until the stack is left, payer, payee, fault."""
    transfer_id, (payer, payee) = branch.transfer_id("way"), branch.pair()
    fault = stack.enter_context(
        branch.proxies[BANK_B].fault(
            "held", about(transfer_id, CREDIT.method, CREDIT.path), times=1
        )
    )
    branch.send(transfer_id, payer, payee, 7_000)
    fault.wait()
    return transfer_id, payer, payee, fault


def test_money_between_debit_and_credit_is_in_transit(branch: Branch) -> None:
    with ExitStack() as stack:
        transfer_id, payer, payee, _ = held_at_the_credit(branch, stack)
        assert branch.in_transit() == 7_000
        assert branch.transfer(transfer_id)["money"] == "in_transit"
        assert branch.account(payer)["posted"]["amount"] == 100_000 - 7_020
        assert branch.account(payee)["posted"]["amount"] == 0
    assert branch.ended(transfer_id)["money"] == "credited"
    assert branch.in_transit() == 0


def test_killed_between_debit_and_credit_it_is_credited(branch: Branch, system: System) -> None:
    with ExitStack() as stack:
        transfer_id, *_ = held_at_the_credit(branch, stack)
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
        assert branch.in_transit() == 7_000
        system.restart()
    assert branch.ended(transfer_id)["status"] == "completed"


def test_killed_between_debit_and_credit_it_comes_home_when_the_payee_is_frozen(
    branch: Branch, system: System
) -> None:
    with ExitStack() as stack:
        transfer_id, payer, payee, _ = held_at_the_credit(branch, stack)
        branch.turn(payee, "freeze")
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
        system.restart()
    transfer = branch.ended(transfer_id)
    assert (transfer["status"], transfer["money"]) == ("rejected", "returned")
    assert transfer["halt"]["reason"] == "account_frozen"
    assert branch.available(payer) == 100_000


@pytest.mark.parametrize(
    ("deed", "reason", "says"),
    [("close", "account_closed", "AC04"), ("freeze", "account_frozen", "AC06")],
)
def test_a_credit_that_is_refused_is_returned_by_a_reversing_entry_with_the_reason(
    branch: Branch, deed: str, reason: str, says: str
) -> None:
    with ExitStack() as stack:
        transfer_id, payer, payee, _ = held_at_the_credit(branch, stack)
        branch.turn(payee, deed)
    transfer = branch.ended(transfer_id)
    assert (transfer["halt"]["step"], transfer["halt"]["reason"]) == (CREDIT.step, reason)
    held = branch.hold(transfer_id)
    assert held is not None
    posted, back = held["posting"], held["reversal"]
    assert (back["kind"], back["reason"]) == ("reversal", reason)
    turned = {"debit": "credit", "credit": "debit"}
    assert [leg | {"side": turned[leg["side"]]} for leg in posted["legs"]] == back["legs"]
    lines = branch.services[BANK_A].get(f"/accounts/{payer}/statement").json()["entries"]
    assert [(line["kind"], line["amount"]["amount"]) for line in lines] == [
        ("deposit", 100_000),
        ("debit", -7_020),
        ("reversal", 7_020),
    ]
    [mail] = [
        p
        for p in branch.mails.glob("*was-returned*")
        if payee in p.name or transfer_id in p.read_text()
    ]
    assert says in mail.read_text()


def test_money_that_cannot_be_brought_home_is_parked_in_transit_until_a_person_helps(
    branch: Branch,
) -> None:
    transfer_id, (payer, payee) = branch.transfer_id("stuck"), branch.pair()
    with ExitStack() as stack:
        stack.enter_context(
            branch.proxies[BANK_B].fault(
                "refused", about(transfer_id, CREDIT.method, CREDIT.path), times=1
            )
        )
        stack.enter_context(
            branch.proxies[BANK_A].fault("error", about(transfer_id, "POST", ":hold/reverse"))
        )
        branch.send(transfer_id, payer, payee)
        transfer = branch.parked(transfer_id)
        [blocked] = transfer["attention"]["blocked"]
        assert blocked["step"] == "reverse debit at bank-a"
        assert branch.in_transit() == 1_000
        told = [e for e in branch.audit(transfer_id) if e["event"] == "needs_attention"]
        assert [e["detail"] for e in told] == ["reverse debit at bank-a"]
    assert branch.ask(transfer_id, "resume").status_code == 202
    assert branch.ended(transfer_id)["money"] == "returned"
    assert branch.in_transit() == 0


def test_money_comes_home_to_an_account_that_was_frozen_meanwhile(branch: Branch) -> None:
    with ExitStack() as stack:
        transfer_id, payer, payee, _ = held_at_the_credit(branch, stack)
        branch.turn(payer, "freeze")
        branch.turn(payee, "close")
    assert branch.ended(transfer_id)["money"] == "returned"
    assert branch.available(payer) == 100_000


def test_within_one_bank_it_passes_the_banks_own_in_transit_account(branch: Branch) -> None:
    payer, payee = branch.open(BANK_B), branch.open(BANK_B, 0)
    answer = branch.put("inside-1", branch.request(payer, payee, 500), prefer="")
    assert answer.status_code == 200
    own = balances(branch.trial_balance(BANK_B))["in-transit-bank-b-EUR"]
    assert own == 0


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"payee": "NL91ABNA0417164300"}, "unknown_bank"),
        ({"payee": new_iban(BANK_B)}, "unknown_account"),
        ({"amount": {"amount": 500, "currency": "USD"}}, "currency_mismatch"),
        ({"amount": euros(100_000)}, "insufficient_funds"),  # and 20 of fee
        ({"amount": euros(6_000_000)}, "insufficient_funds"),
    ],
    ids=["no such bank", "no such account", "other currency", "fee too much", "far too much"],
)
def test_what_cannot_be_is_refused_with_its_reason(
    branch: Branch, other: dict[str, Any], reason: str
) -> None:
    transfer_id, (payer, payee) = branch.transfer_id("no"), branch.pair()
    body = branch.request(payer, payee) | other
    answer = branch.put(transfer_id, body, prefer="")
    if reason.startswith("unknown"):  # there is no service to look for the payee's account at
        del branch.transfers[transfer_id]
    assert (answer.status_code, answer.json()["reason"]) == (409, reason)
    assert branch.available(payer) == 100_000


def test_limits_are_taken_and_given_back(branch: Branch) -> None:
    payer = branch.open(BANK_A, 100_000, perTransfer=5_000, perDay=8_000)
    payee = branch.open(BANK_B, 0)

    def send(amount: int, to: str = payee) -> str:
        transfer_id = branch.transfer_id("limit")
        answer = branch.put(transfer_id, branch.request(payer, to, amount), prefer="")
        return str(answer.json().get("reason", answer.json()["status"]))

    assert send(5_001) == "transfer_limit_exceeded"
    frozen = branch.open(BANK_B, 0)
    branch.turn(frozen, "freeze")
    assert send(5_000, frozen) == "account_frozen"
    assert send(5_000) == "completed"
    assert send(3_001) == "daily_limit_exceeded"
    assert branch.account(payer)["limitTaken"] == 5_000
    assert send(3_000) == "completed"


def test_a_bad_request_changes_nothing(branch: Branch) -> None:
    payer, payee = branch.pair()
    good = branch.request(payer, payee)
    for bad in (
        {"payee": payer},
        {"payee": payee[:-1] + ("0" if payee[-1] != "0" else "1")},
        {"amount": euros(0)},
        {"amount": euros(-5)},
        {"amount": {"amount": 1.5, "currency": "EUR"}},
        {"initiatorId": ""},
        {"remittance": "two\nlines"},
        {"typo": 1},
    ):
        answer = branch.orchestrator.put("/transfers/bad", json=good | bad)
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request"), bad
    assert branch.orchestrator.get("/transfers/bad").status_code == 404
