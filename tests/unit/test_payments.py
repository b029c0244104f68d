"""Payments in two phases: authorised once, captured in shares up to that, settled to nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from services.payment import payments as rules
from services.payment.payments import Payment, Wanted

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def wanted(amount: int = 900, **changes: Any) -> Wanted:
    facts: dict[str, Any] = {
        "id": "o:payment",
        "currency": "USD",
        "method": "pm_card_visa",
        "seconds": 60.0,
    }
    return Wanted(**facts | {"amount": amount, "request": {"amount": amount}} | changes)


def authorised(amount: int = 900, **changes: Any) -> Payment:
    return rules.authorise(wanted(amount, **changes), None, NOW)


def captured(known: Payment | None, amount: int, name: str = "share-1", **more: Any) -> Payment:
    at, currency = more.get("at", NOW), more.get("currency", "USD")
    return rules.capture("o:payment", name, amount, currency, known, at)


def refunded(known: Payment | None, name: str = "share-1") -> Payment:
    return rules.refund("o:payment", name, known, NOW)


def cancelled(known: Payment | None) -> Payment:
    return rules.cancel("o:payment", known, NOW)


def reason(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        call(*args, **more)
    return refusal.value.reason


def test_shares_are_captured_up_to_the_total() -> None:
    payment = captured(captured(authorised(), 600), 300, "share-2")
    assert (payment.status, payment.captured, payment.refunded) == ("captured", 900, 0)
    assert reason(captured, payment, 1, "share-3") == "exceeds_authorisation"


def test_the_same_again_changes_nothing() -> None:
    payment = captured(authorised(), 600)
    assert captured(payment, 600) == payment
    assert rules.authorise(wanted(), payment, NOW) == payment
    assert refunded(refunded(payment)) == refunded(payment)
    assert cancelled(cancelled(payment)) == cancelled(payment)


def test_another_request_under_the_same_id_is_refused() -> None:
    payment = captured(authorised(), 600)
    assert reason(rules.authorise, wanted(901), payment, NOW) == "idempotency_conflict"
    assert reason(captured, payment, 601) == "idempotency_conflict"


def test_what_is_refunded_is_not_captured_any_more() -> None:
    assert reason(captured, refunded(captured(authorised(), 600)), 600) == "capture_refunded"
    late = rules.authorise(wanted(), refunded(None), NOW)
    assert reason(captured, late, 600) == "capture_refunded"
    assert captured(late, 300, "share-2").captured == 300


def test_a_cancel_voids_what_was_not_captured_and_refunds_what_was() -> None:
    payment = cancelled(captured(authorised(), 600))
    assert (payment.status, payment.captured, payment.refunded) == ("cancelled", 600, 600)
    assert [posting.amount for posting in payment.postings] == [600, -600]
    assert reason(captured, payment, 300, "share-2") == "payment_cancelled"


def test_a_cancel_that_comes_first_refuses_the_late_payment() -> None:
    assert reason(rules.authorise, wanted(), cancelled(None), NOW) == "payment_cancelled"


def test_an_authorisation_runs_out() -> None:
    payment = captured(authorised(), 600)
    late = NOW + timedelta(seconds=60)
    assert reason(captured, payment, 300, "share-2", at=late) == "authorisation_expired"
    assert captured(payment, 600, at=late) == payment


@pytest.mark.parametrize("known", [None, refunded(None)], ids=["nothing", "a refund"])
def test_an_unknown_payment_is_not_captured(known: Payment | None) -> None:
    assert reason(captured, known, 1, "share-2") == "unknown_payment"


def test_another_currency_is_not_captured() -> None:
    assert reason(captured, authorised(), 1, currency="EUR") == "other_currency"


def test_a_declined_card_is_on_record_and_holds_nothing() -> None:
    payment = authorised(method="pm_card_chargeDeclined")
    declined = rules.decline(payment)
    assert declined is not None
    assert (payment.status, declined.reason) == ("declined", "card_declined")
    assert reason(captured, payment, 1) == "not_authorised"
    assert cancelled(payment) == payment
    assert reason(authorised, method="pm_none") == "unknown_payment_method"


_NAMES = st.sampled_from(["a", "b", "c"])
_DEEDS = st.lists(
    st.one_of(
        st.just(("authorise", "", 0)),
        st.tuples(st.just("capture"), _NAMES, st.integers(1, 600)),
        st.tuples(st.just("refund"), _NAMES, st.just(0)),
        st.just(("cancel", "", 0)),
    ),
    max_size=20,
)


def _after(deed: tuple[str, str, int], known: Payment | None) -> Payment | None:
    what, name, amount = deed
    try:
        if what == "authorise":
            return rules.authorise(wanted(), known, NOW)
        if what == "capture":
            return captured(known, amount, name)
        return refunded(known, name) if what == "refund" else cancelled(known)
    except Refusal:
        return known


@given(_DEEDS)
def test_in_any_order_no_more_moves_than_was_authorised_and_a_cancel_settles_to_nothing(
    deeds: list[tuple[str, str, int]],
) -> None:
    payment: Payment | None = None
    for deed in deeds:
        before = payment.postings if payment else []
        payment = _after(deed, payment)
        if payment:
            assert payment.postings[: len(before)] == before
            assert 0 <= payment.captured - payment.refunded <= payment.captured <= payment.amount
            assert _after(deed, payment) == payment
    settled = cancelled(payment)
    assert settled.captured == settled.refunded
