"""Who resolves a hold first wins, and all others are told how: post, void and expiry raced."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx

from systems.bank.tests.branch import BANK_A, Branch, euros
from tests.support.waiting import until

HOLDS = 12


def test_of_post_void_and_expiry_one_wins_and_the_others_are_told_which(branch: Branch) -> None:
    payer, payee = branch.pair(1_000_000)
    service = branch.services[BANK_A]
    ids = [f"race-{payer}-{number}:hold" for number in range(HOLDS)]
    for hold_id in ids:
        body = {"account": payer, "amount": euros(1_000), "seconds": 1.0}
        assert service.put(f"/holds/{hold_id}", json=body).status_code == 200
    start = Barrier(3 * HOLDS)

    def race(hold_id: str, what: str) -> httpx.Response:
        start.wait()
        if what == "look":  # whoever looks after its time finds it expired
            return service.get(f"/holds/{hold_id}")
        body = {"postingId": hold_id, "payee": payee} if what == "post" else None
        return service.post(f"/holds/{hold_id}/{what}", json=body)

    outcomes = Counter[str]()
    with ThreadPoolExecutor(3 * HOLDS) as pool:
        asked = {
            (hold_id, what): pool.submit(race, hold_id, what)
            for hold_id in ids
            for what in ("post", "void", "look")
        }
        answers = {key: each.result() for key, each in asked.items()}
    for hold_id in ids:
        status = until(
            lambda hold_id=hold_id: service.get(f"/holds/{hold_id}").json()["status"],  # type: ignore[misc]
            lambda status: status != "pending",
            f"{hold_id} to be resolved",
        )
        posted, voided = answers[hold_id, "post"], answers[hold_id, "void"]
        won = {"posted": posted, "voided": voided}
        lost = {"posted": "already_posted", "voided": "already_voided", "expired": "expired"}
        for outcome, answer in won.items():
            if outcome == status:
                assert answer.status_code == 200, answer.text
            else:
                assert (answer.status_code, answer.json()["reason"]) == (409, lost[status])
        outcomes[status] += 1
    moved = outcomes["posted"] * 1_020
    account = branch.account(payer)
    assert account["posted"]["amount"] == 1_000_000 - moved
    assert account["available"]["amount"] == 1_000_000 - moved
    for hold_id in ids:
        service.post(f"/holds/{hold_id}/reverse").raise_for_status()
    assert branch.available(payer) == 1_000_000


def test_a_hold_that_runs_out_frees_its_amount_and_can_be_neither_posted_nor_voided(
    branch: Branch,
) -> None:
    payer, payee = branch.pair(1_020)
    service = branch.services[BANK_A]
    body = {"account": payer, "amount": euros(1_000), "seconds": 0.5}
    assert service.put("/holds/short:hold", json=body).status_code == 200
    assert branch.available(payer) == 0
    until(lambda: branch.available(payer), lambda left: left == 1_020, "the hold to run out")
    for what, more in (("post", {"postingId": "p", "payee": payee}), ("void", None)):
        answer = service.post(f"/holds/short:hold/{what}", json=more)
        assert (answer.status_code, answer.json()["reason"]) == (409, "expired")
    assert service.post("/holds/short:hold/release").json()["status"] == "expired"


def test_the_same_hold_asked_for_twenty_times_at_once_is_one(branch: Branch) -> None:
    payer, _ = branch.pair(5_000)
    service = branch.services[BANK_A]
    body = {"account": payer, "amount": euros(1_000)}
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(service.put, "/holds/one:hold", json=body) for _ in range(20)]
        answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert branch.available(payer) == 5_000 - 1_020
    other = service.put("/holds/one:hold", json=body | {"amount": euros(1_001)})
    assert (other.status_code, other.json()["reason"]) == (409, "idempotency_conflict")
    assert service.post("/holds/one:hold/void").json()["status"] == "voided"


def test_a_release_that_comes_first_refuses_the_late_hold(branch: Branch) -> None:
    payer, _ = branch.pair()
    service = branch.services[BANK_A]
    for undo in ("release", "reverse", "void"):
        assert service.post(f"/holds/late-{undo}:hold/{undo}").json()["status"] == "voided"
        body = {"account": payer, "amount": euros(1_000)}
        late = service.put(f"/holds/late-{undo}:hold", json=body)
        assert (late.status_code, late.json()["reason"]) == (409, "already_voided")
