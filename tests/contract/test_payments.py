"""What PaymentService promises of authorisations and their captures, whoever implements it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.world import PAYMENT

NewId = Callable[[], str]
BODY: dict[str, Any] = {
    "customerId": "customer-123",
    "amount": {"amount": 10_000, "currency": "EUR"},
    "paymentMethod": "pm_card_visa",
}


@dataclass
class Desk:
    """The service, and a payment there that nobody else uses."""

    client: httpx.Client
    path: str

    def authorise(self, **other: Any) -> httpx.Response:
        return self.client.put(self.path, json=BODY | other)

    def capture(self, share: str, amount: int, currency: str = "EUR") -> httpx.Response:
        body = {"amount": {"amount": amount, "currency": currency}}
        return self.client.put(f"{self.path}/captures/{share}", json=body)

    def refund(self, share: str) -> httpx.Response:
        return self.client.post(f"{self.path}/captures/{share}/refund")

    def cancel(self) -> httpx.Response:
        return self.client.post(f"{self.path}/cancel")

    def look(self) -> Any:
        return self.client.get(self.path).json()

    def kept(self) -> int:
        """Return what was captured and not refunded, and check that the postings say the same."""
        shown = self.look()
        kept = int(shown["captured"]["amount"] - shown["refunded"]["amount"])
        assert kept == sum(posting["amount"] for posting in shown["postings"])
        return kept


@pytest.fixture
def desk(client_of: Callable[[str], httpx.Client], new_id: NewId) -> Desk:
    return Desk(client_of(PAYMENT), f"/payments/{new_id()}")


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_authorisation_sent_many_times_at_once_is_one_and_moves_no_money(desk: Desk) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: desk.authorise(), range(12)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "authorised"
    assert answers[0].json()["authorised"] == BODY["amount"]
    assert desk.kept() == 0


def test_another_payment_under_the_same_id_is_refused(desk: Desk) -> None:
    desk.authorise()
    refused(desk.authorise(customerId="customer-124"), 409, "idempotency_conflict")


def test_a_capture_sent_many_times_at_once_is_one_capture(desk: Desk) -> None:
    desk.authorise()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: desk.capture("first", 4_000), range(12)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "captured"
    assert (desk.kept(), desk.look()["status"]) == (4_000, "partially_captured")
    refused(desk.capture("first", 4_001), 409, "idempotency_conflict")


def test_shares_captured_at_once_never_exceed_what_was_authorised(desk: Desk) -> None:
    desk.authorise()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: desk.capture(f"share-{n}", 3_000), range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 7
    assert {a.json()["reason"] for a in answers if a.is_error} == {"exceeds_authorisation"}
    assert desk.kept() == 9_000
    desk.capture("rest", 1_000)
    assert (desk.kept(), desk.look()["status"]) == (10_000, "captured")


def test_another_currency_is_refused(desk: Desk) -> None:
    desk.authorise()
    refused(desk.capture("first", 1, "USD"), 409, "currency_mismatch")


def test_a_refund_gives_one_share_back_once(desk: Desk) -> None:
    desk.authorise()
    desk.capture("first", 4_000)
    desk.capture("second", 6_000)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.refund("first"), range(8)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "refunded"
    assert desk.kept() == 6_000
    refused(desk.capture("first", 4_000), 409, "capture_refunded")


@pytest.mark.parametrize("authorised_first", [False, True])
def test_a_refund_that_comes_first_refuses_the_late_capture(
    desk: Desk, authorised_first: bool
) -> None:
    if authorised_first:
        desk.authorise()
    tombstone = desk.refund("first")
    assert (tombstone.status_code, tombstone.json()["status"]) == (200, "refunded")
    assert desk.authorise().json()["status"] == "authorised"
    refused(desk.capture("first", 4_000), 409, "capture_refunded")
    assert desk.refund("first").text == tombstone.text
    assert desk.kept() == 0


def test_a_cancel_gives_back_what_was_captured_and_lets_the_rest_go(desk: Desk) -> None:
    desk.authorise()
    desk.capture("first", 4_000)
    desk.capture("second", 5_000)
    desk.refund("first")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.cancel(), range(8)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "cancelled"
    assert desk.kept() == 0
    refused(desk.capture("third", 1_000), 409, "payment_cancelled")
    refused(desk.authorise(), 409, "payment_cancelled")


def test_a_cancel_that_comes_first_refuses_the_late_payment(desk: Desk) -> None:
    tombstone = desk.cancel()
    assert (tombstone.status_code, tombstone.json()["status"]) == (200, "cancelled")
    refused(desk.authorise(), 409, "payment_cancelled")
    assert desk.kept() == 0


def test_captures_and_a_cancel_at_once_keep_nothing(desk: Desk) -> None:
    desk.authorise()
    with ThreadPoolExecutor(6) as pool:
        for n in range(5):
            pool.submit(desk.capture, f"share-{n}", 2_000)
        pool.submit(desk.cancel)
    assert (desk.look()["status"], desk.kept()) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_decline_is_recorded_and_repeated(desk: Desk, method: str, reason: str) -> None:
    for _ in range(2):
        refused(desk.authorise(paymentMethod=method), 402, reason)
    assert (desk.look()["status"], desk.kept()) == ("declined", 0)
    refused(desk.capture("first", 1), 402, reason)


def test_an_unknown_payment_is_unknown(desk: Desk) -> None:
    refused(desk.client.get(desk.path), 404, "unknown_payment")
    refused(desk.capture("first", 1), 404, "unknown_payment")
