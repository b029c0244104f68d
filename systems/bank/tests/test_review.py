"""The review of what is unusual: four eyes, in time, while the hold lasts."""

from datetime import datetime
from typing import Any

import pytest

from systems.bank.tests.branch import BANK_A, BANK_B, FRAUD, Branch, Json

LARGE = 1_000_000  # and a payee that is new: 40 points


def to_review(branch: Branch, name: str = "review", **changes: Any) -> str:
    """Return a transfer that waits for its review."""
    transfer_id = branch.transfer_id(name)
    payer, payee = branch.pair(2_000_000)
    branch.send(transfer_id, payer, payee, LARGE, initiatorId="anna", **changes)
    branch.at(transfer_id, "review")
    return transfer_id


def test_an_approved_transfer_is_carried_out(branch: Branch) -> None:
    transfer_id = to_review(branch)
    waiting = branch.transfer(transfer_id)
    [wait] = waiting["waits"]
    held = branch.hold(transfer_id)
    assert held is not None
    assert moment(held["expiresAt"]) > moment(wait["until"])
    assert branch.review(transfer_id, approved=True).status_code == 202
    assert branch.ended(transfer_id)["status"] == "completed"
    lines = [e for e in branch.audit(transfer_id) if e.get("step") == "review"]
    assert [e["detail"] for e in lines if e["event"] == "step_done"] == ["Approved by bob."]


def test_a_refused_one_is_rejected_and_the_hold_released(branch: Branch) -> None:
    transfer_id = to_review(branch)
    assert branch.review(transfer_id, approved=False).status_code == 202
    transfer = branch.ended(transfer_id)
    assert (transfer["status"], transfer["halt"]["reason"]) == ("rejected", "not_approved")
    assert transfer["money"] == "released"
    assert branch.mails_of(transfer_id) == ["rejected"]


@pytest.mark.parametrize("by", ["anna", "ANNA"])
@pytest.mark.parametrize("approved", [True, False])
def test_who_entered_a_transfer_does_not_review_it(branch: Branch, approved: bool, by: str) -> None:
    transfer_id = to_review(branch)
    before = branch.audit(transfer_id)
    own = branch.review(transfer_id, approved, by)
    assert (own.status_code, own.json()["reason"]) == (403, "four_eyes")
    assert branch.audit(transfer_id) == before
    assert branch.transfer(transfer_id)["step"] == "review"
    assert branch.review(transfer_id, approved=True).status_code == 202
    assert branch.ended(transfer_id)["status"] == "completed"


def test_without_a_review_in_time_it_is_rejected_and_a_late_one_is_refused(branch: Branch) -> None:
    transfer_id = to_review(branch, "late")
    transfer = branch.ended(transfer_id)
    assert (transfer["status"], transfer["halt"]["reason"]) == ("rejected", "review_timed_out")
    late = branch.review(transfer_id, approved=True)
    assert (late.status_code, late.json()["reason"]) == (409, "not_waited_for")
    assert branch.transfer(transfer_id) == transfer


def test_a_second_review_is_refused(branch: Branch) -> None:
    transfer_id = to_review(branch)
    assert branch.review(transfer_id, approved=True).status_code == 202
    branch.ended(transfer_id)
    second = branch.review(transfer_id, approved=False, by="carla")
    assert second.status_code == 409
    assert "Approved by bob." in second.json()["detail"]


def test_what_is_most_unusual_is_refused_at_once_and_the_customer_is_not_told_why(
    branch: Branch,
) -> None:
    payer, payee = branch.pair(4_000_000)
    body = branch.request(payer, payee, 2_500_000, payeeName="Somebody Else")
    transfer_id = branch.transfer_id("fraud")
    told = branch.put(transfer_id, body, prefer="").json()
    assert told["reason"] == "fraud_suspected"
    for code in ("large_amount 50", "payee_name_differs 30", "new_payee 10"):
        assert code in told["detail"]
    [mail] = [
        p.read_text()
        for p in branch.mails.glob("*was-not-carried-out*")
        if transfer_id in p.read_text()
    ]
    assert "fraud" not in mail.replace(transfer_id, "")


def test_a_payee_that_was_paid_before_is_no_longer_new(branch: Branch) -> None:
    payer, payee = branch.pair()
    for expected in (["new_payee"], []):
        transfer_id = branch.transfer_id("again")
        branch.put(transfer_id, branch.request(payer, payee), prefer="")
        assert reasons(branch, transfer_id) == expected


@pytest.mark.parametrize(
    ("named", "outcome", "status"),
    [
        ("Sergej Maximovich VORONKIN", "exact", "rejected"),
        ("Sergei Maximovic Voronkin", "close", "review"),
        ("Serge Voronkine", "exact", "rejected"),  # an alias
        ("Kestrel Arms Trading", "exact", "rejected"),  # without its legal form
        ("Kestrel Armes Trading", "close", "review"),
        ("Anna Voss", "none", "completed"),
    ],
)
def test_both_parties_are_screened(branch: Branch, named: str, outcome: str, status: str) -> None:
    payer, payee = branch.open(BANK_A), branch.open(BANK_B, 0, holder=named)
    transfer_id = branch.transfer_id("listed")
    branch.send(transfer_id, payer, payee, payeeName=named)
    if status == "review":
        branch.at(transfer_id, "review")
        branch.review(transfer_id, approved=False)
    ended = branch.ended(transfer_id)
    found = branch.services["compliance-service"].get(f"/screenings/{transfer_id}:screening").json()
    assert found["outcome"] == outcome
    assert ended["status"] == ("rejected" if status == "review" else status)
    if outcome == "exact":
        assert ended["halt"]["reason"] == "sanctions_match"


def reasons(branch: Branch, transfer_id: str) -> list[str]:
    found: Json = branch.services[FRAUD].get(f"/scores/{transfer_id}:score").json()
    return [each["code"] for each in found["reasons"]]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
