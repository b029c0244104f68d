"""What PaymentService promises, whoever implements it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.world import PAYMENT

NewId = Callable[[], str]
BODY: dict[str, Any] = {
    "customerId": "customer-123",
    "amount": {"amount": 12_345, "currency": "USD"},
    "paymentMethod": "pm_card_visa",
}


@pytest.fixture
def payments(client_of: Callable[[str], httpx.Client]) -> httpx.Client:
    return client_of(PAYMENT)


def balance(charge: dict[str, Any]) -> int:
    return sum(posting["amount"] for posting in charge["postings"])


def test_a_charge_sent_many_times_at_once_is_one_charge(
    payments: httpx.Client, new_id: NewId
) -> None:
    path = f"/charges/{new_id()}"
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: payments.put(path, json=BODY), range(12)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "charged"
    assert balance(payments.get(path).json()) == 12_345


def test_another_charge_under_the_same_id_is_refused(payments: httpx.Client, new_id: NewId) -> None:
    path = f"/charges/{new_id()}"
    payments.put(path, json=BODY)
    answer = payments.put(path, json=BODY | {"amount": {"amount": 1, "currency": "USD"}})
    assert (answer.status_code, answer.json()["reason"]) == (409, "idempotency_conflict")
    assert balance(payments.get(path).json()) == 12_345


def test_a_refund_gives_all_back_once(payments: httpx.Client, new_id: NewId) -> None:
    path = f"/charges/{new_id()}"
    payments.put(path, json=BODY)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: payments.post(f"{path}/refund"), range(8)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["status"] == "refunded"
    assert balance(payments.get(path).json()) == 0


def test_a_refund_that_comes_first_refuses_the_late_charge(
    payments: httpx.Client, new_id: NewId
) -> None:
    path = f"/charges/{new_id()}"
    assert payments.post(f"{path}/refund").json()["status"] == "refunded"
    answer = payments.put(path, json=BODY)
    assert (answer.status_code, answer.json()["reason"]) == (409, "charge_refunded")
    assert balance(payments.get(path).json()) == 0


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_decline_is_recorded_and_repeated(
    payments: httpx.Client, new_id: NewId, method: str, reason: str
) -> None:
    path = f"/charges/{new_id()}"
    for _ in range(2):
        answer = payments.put(path, json=BODY | {"paymentMethod": method})
        assert (answer.status_code, answer.json()["reason"]) == (402, reason)
    charge = payments.get(path).json()
    assert (charge["status"], balance(charge)) == ("declined", 0)


def test_an_unknown_charge_is_unknown(payments: httpx.Client, new_id: NewId) -> None:
    answer = payments.get(f"/charges/{new_id()}")
    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_charge")
