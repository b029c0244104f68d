"""The rules of the ledger, without any store."""

from datetime import UTC, datetime

import pytest

from base.errors import Refusal
from services.payment import ledger
from services.payment.ledger import Asked, Charge

NOW = datetime(2024, 12, 1, tzinfo=UTC)


def asked(amount: int = 12_345, method: str = ledger.DEFAULT_METHOD) -> Asked:
    return Asked("c1", amount, "USD", method, {"amount": amount, "method": method})


def balance(charge: Charge) -> int:
    return sum(posting.amount for posting in charge.postings)


def reason_of(call: object) -> str:
    with pytest.raises(Refusal) as refusal:
        call()  # type: ignore[operator]
    return refusal.value.reason


def test_a_charge_is_one_posting() -> None:
    charged = ledger.charge(asked(), None, NOW)
    assert charged.status == "charged"
    assert balance(charged) == 12_345


def test_the_same_charge_again_charges_nothing_more() -> None:
    once = ledger.charge(asked(), None, NOW)
    assert ledger.charge(asked(), once, NOW) == once


def test_another_charge_under_the_same_id_is_refused() -> None:
    once = ledger.charge(asked(), None, NOW)
    assert reason_of(lambda: ledger.charge(asked(1), once, NOW)) == "idempotency_conflict"


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_declining_method_is_declined_for_good(method: str, reason: str) -> None:
    declined = ledger.charge(asked(method=method), None, NOW)
    assert declined.status == "declined"
    assert balance(declined) == 0
    refusal = ledger.decline_of(declined)
    assert refusal is not None
    assert refusal.reason == reason
    assert ledger.charge(asked(method=method), declined, NOW) == declined


def test_a_charge_that_went_through_is_no_decline() -> None:
    assert ledger.decline_of(ledger.charge(asked(), None, NOW)) is None


def test_an_unknown_method_is_refused() -> None:
    assert reason_of(lambda: ledger.charge(asked(method="iou"), None, NOW)) == (
        "unknown_payment_method"
    )


def test_a_refund_gives_all_of_it_back_once() -> None:
    charged = ledger.charge(asked(), None, NOW)
    refunded = ledger.refund("c1", charged, NOW)
    assert refunded.status == "refunded"
    assert balance(refunded) == 0
    assert ledger.refund("c1", refunded, NOW) == refunded


def test_a_refund_of_the_unknown_leaves_a_tombstone_that_refuses_the_late_charge() -> None:
    tombstone = ledger.refund("c1", None, NOW)
    assert reason_of(lambda: ledger.charge(asked(), tombstone, NOW)) == "charge_refunded"


def test_a_refund_of_a_decline_moves_no_money() -> None:
    declined = ledger.charge(asked(method="pm_card_chargeDeclined"), None, NOW)
    assert ledger.refund("c1", declined, NOW) == declined
