"""The rules of the ledger, without any store."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from services.payment import ledger
from services.payment.cards import DEFAULT_METHOD, Asked
from services.payment.ledger import Charge
from tests.support.refusals import check, refused

NOW = datetime(2024, 12, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DECLINED = {
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
}


def asked(amount: int = 12_345, method: str = DEFAULT_METHOD, customer: str = "alice") -> Asked:
    request = {"amount": amount, "method": method, "customer": customer}
    return Asked("c1", amount, "EUR", method, request)


def balance(charge: Charge) -> int:
    return sum(posting.amount for posting in charge.postings)


@pytest.mark.parametrize("method", [DEFAULT_METHOD, "pm_card_mastercard", "pm_card_amex"])
def test_a_charge_is_one_posting(method: str) -> None:
    charged = ledger.charge(asked(method=method), None, NOW)
    assert (charged.id, charged.status, charged.reason) == ("c1", "charged", None)
    assert (charged.amount, charged.currency, charged.method) == (12_345, "EUR", method)
    [posting] = charged.postings
    assert (posting.kind, posting.amount, posting.at) == ("charge", 12_345, NOW)


def test_the_same_charge_again_charges_nothing_more() -> None:
    once = ledger.charge(asked(), None, NOW)
    assert ledger.charge(asked(), once, LATER) == once


@pytest.mark.parametrize(
    "other", [asked(1), asked(customer="bob"), asked(method="pm_card_amex")], ids=repr
)
def test_another_charge_under_the_same_id_is_refused_whatever_differs(other: Asked) -> None:
    once = ledger.charge(asked(), None, NOW)
    refused("idempotency_conflict", lambda: ledger.charge(other, once, NOW), "c1")


@pytest.mark.parametrize("method", DECLINED)
def test_a_declining_method_is_declined_for_good(method: str) -> None:
    declined = ledger.charge(asked(method=method), None, NOW)
    assert (declined.status, declined.reason) == ("declined", DECLINED[method])
    assert declined.postings == []
    check(ledger.decline_of(declined), DECLINED[method], "declined")
    assert ledger.charge(asked(method=method), declined, LATER) == declined


def test_a_charge_that_went_through_is_no_decline() -> None:
    assert ledger.decline_of(ledger.charge(asked(), None, NOW)) is None


def test_an_unknown_method_is_refused() -> None:
    refused("unknown_payment_method", lambda: ledger.charge(asked(method="iou"), None, NOW), "iou")


def test_a_refund_gives_all_of_it_back_once() -> None:
    charged = ledger.charge(asked(), None, NOW)
    refunded = ledger.refund("c1", charged, LATER)
    assert refunded.status == "refunded"
    charge, refund = refunded.postings
    assert [charge] == charged.postings
    assert (refund.kind, refund.amount, refund.at) == ("refund", -12_345, LATER)
    assert ledger.refund("c1", refunded, LATER) == refunded


def test_what_was_refunded_is_never_charged_again() -> None:
    refunded = ledger.refund("c1", ledger.charge(asked(), None, NOW), NOW)
    refused("charge_refunded", lambda: ledger.charge(asked(), refunded, LATER), "c1")


def test_a_refund_of_the_unknown_leaves_a_tombstone_that_refuses_the_late_charge() -> None:
    tombstone = ledger.refund("c1", None, NOW)
    assert (tombstone.id, tombstone.status, tombstone.postings) == ("c1", "refunded", [])
    refused("charge_refunded", lambda: ledger.charge(asked(), tombstone, NOW), "c1")


def test_a_refund_of_a_decline_moves_no_money() -> None:
    declined = ledger.charge(asked(method="pm_card_chargeDeclined"), None, NOW)
    assert ledger.refund("c1", declined, NOW) == declined


methods = st.sampled_from([DEFAULT_METHOD, *DECLINED, "iou"])
charges = st.builds(asked, st.integers(1, 2), methods)


@given(st.lists(st.one_of(charges, st.none()), max_size=8))
def test_whatever_comes_in_whatever_order_money_moves_once_and_back_once(
    history: list[Asked | None],
) -> None:
    """Charges of all kinds come, and refunds in between."""
    known, moved = None, [0]
    for wanted in history:
        try:
            known = ledger.charge(wanted, known, NOW) if wanted else ledger.refund("c1", known, NOW)
        except Refusal:
            continue
        assert Charge.model_validate(known.model_dump(mode="json")) == known
        assert balance(known) == (known.amount if known.status == "charged" else 0)
        assert wanted or known.status != "charged"
        moved += [balance(known)] if balance(known) != moved[-1] else []
    assert len(moved) <= 3
