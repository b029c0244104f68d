"""The rules of payments, without any store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from services.payment import payments
from services.payment.cards import DEFAULT_METHOD, Asked
from services.payment.payments import Capture, Payment, Share
from tests.support.refusals import check, refused

SECONDS = 100
NOW = datetime(2024, 12, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=SECONDS - 1)
TOO_LATE = NOW + timedelta(seconds=SECONDS)
DECLINED = {
    "pm_card_chargeDeclined": "card_declined",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
}


def asked(amount: int = 100, method: str = DEFAULT_METHOD, customer: str = "alice") -> Asked:
    request = {"amount": amount, "method": method, "customer": customer}
    return Asked("p1", amount, "EUR", method, request)


def authorised(amount: int = 100) -> Payment:
    return payments.authorise(asked(amount), None, NOW, SECONDS)


def capture(
    known: Payment | None, share: str, amount: int, at: datetime = NOW, currency: str = "EUR"
) -> Payment:
    return payments.capture(Capture(share, amount, currency), "p1", known, at)


def refund(known: Payment | None, share: str, at: datetime = NOW) -> Payment:
    return payments.refund(share, "p1", known, at)


def cancel(known: Payment | None, at: datetime = NOW) -> Payment:
    return payments.cancel("p1", known, at)


def again(known: Payment | None, at: datetime = NOW, wanted: Asked | None = None) -> Payment:
    return payments.authorise(wanted or asked(), known, at, SECONDS)


def kept(payment: Payment) -> int:
    return payment.captured - payment.refunded


def moved(payment: Payment) -> list[tuple[str, str, int, datetime]]:
    return [(p.kind, p.capture_id, p.amount, p.at) for p in payment.postings]


@pytest.mark.parametrize("method", [DEFAULT_METHOD, "pm_card_mastercard", "pm_card_amex"])
def test_what_is_authorised_is_on_hold_and_moves_no_money(method: str) -> None:
    wanted = asked(method=method)
    payment = payments.authorise(wanted, None, NOW, SECONDS)
    assert payment == Payment(
        id="p1",
        status="authorised",
        request=wanted.request,
        amount=100,
        currency="EUR",
        method=method,
        expires_at=TOO_LATE,
    )
    assert (payment.authorised, payment.captured, payment.refunded) == (100, 0, 0)
    assert payments.refusal_of(payment) is None


def test_the_same_again_changes_nothing_before_and_after_a_capture() -> None:
    assert again(authorised(), LATER) == authorised()
    captured = capture(authorised(), "a", 40)
    assert again(captured, LATER) == captured


@pytest.mark.parametrize(
    "other", [asked(1), asked(customer="bob"), asked(method="pm_card_amex")], ids=repr
)
def test_another_payment_under_the_same_id_is_refused_whatever_differs(other: Asked) -> None:
    refused("idempotency_conflict", lambda: again(authorised(), wanted=other), "p1")
    refused("idempotency_conflict", lambda: again(cancel(authorised()), wanted=other), "p1")


@pytest.mark.parametrize("method", DECLINED)
def test_a_declining_method_is_declined_for_good(method: str) -> None:
    no = payments.authorise(asked(method=method), None, NOW, SECONDS)
    assert (no.status, no.reason, no.method) == ("declined", DECLINED[method], method)
    assert (no.authorised, no.postings, no.expires_at) == (0, [], None)
    check(payments.refusal_of(no), DECLINED[method], "declined")
    assert again(no, TOO_LATE, asked(method=method)) == no
    refused(DECLINED[method], lambda: capture(no, "a", 1), "declined")
    assert cancel(no) == no


def test_an_unknown_method_is_refused() -> None:
    refused("unknown_payment_method", lambda: again(None, wanted=asked(method="iou")), "iou")


def test_what_a_later_release_authorised_by_a_method_of_its_own_can_be_captured() -> None:
    theirs = authorised().model_copy(update={"method": "pm_card_later"})
    assert payments.refusal_of(theirs) is None
    assert capture(theirs, "a", 40).captured == 40


def test_shares_are_captured_up_to_the_total() -> None:
    part = capture(authorised(), "a", 40, NOW)
    assert (part.status, part.captured, part.expires_at) == ("partially_captured", 40, TOO_LATE)
    whole = capture(part, "b", 60, LATER)
    assert (whole.status, whole.captured, whole.expires_at) == ("captured", 100, None)
    assert moved(whole) == [("capture", "a", 40, NOW), ("capture", "b", 60, LATER)]
    assert whole.shares == {
        "a": Share("a", "captured", 40, "EUR"),
        "b": Share("b", "captured", 60, "EUR"),
    }


def test_the_same_capture_again_takes_nothing_more_even_after_the_hold_ran_out() -> None:
    once = capture(authorised(), "a", 40)
    assert capture(once, "a", 40, TOO_LATE) == once


def test_another_capture_under_the_same_id_is_refused() -> None:
    once = capture(authorised(), "a", 40)
    refused("idempotency_conflict", lambda: capture(once, "a", 41), "a")
    refused("idempotency_conflict", lambda: capture(once, "a", 40, currency="USD"), "a")


def test_more_than_was_authorised_is_refused() -> None:
    refused("exceeds_authorisation", lambda: capture(authorised(), "a", 101), "p1", "100", "101")
    part = capture(authorised(), "a", 40)
    refused("exceeds_authorisation", lambda: capture(part, "b", 61), "p1", "60", "61")
    whole = capture(part, "b", 60)
    refused("exceeds_authorisation", lambda: capture(whole, "c", 1, TOO_LATE), "p1")


def test_a_share_that_was_given_back_makes_no_room_for_another() -> None:
    refunded = refund(capture(authorised(), "a", 100), "a")
    refused("exceeds_authorisation", lambda: capture(refunded, "b", 1), "p1")


def test_another_currency_is_refused() -> None:
    refused("currency_mismatch", lambda: capture(authorised(), "a", 1, currency="USD"), "EUR")


def test_nothing_is_captured_of_an_unknown_payment() -> None:
    refused("unknown_payment", lambda: capture(None, "a", 1), "p1")
    refused("unknown_payment", lambda: capture(refund(None, "a"), "a", 1), "p1")


def test_a_capture_that_comes_too_late_is_recorded_as_expired_for_all_clocks() -> None:
    part = capture(authorised(), "a", 40, LATER)
    assert (part.status_at(LATER), part.status_at(TOO_LATE)) == ("partially_captured", "expired")
    expired = capture(part, "b", 60, TOO_LATE)
    assert (expired.status, expired.postings) == ("expired", part.postings)
    check(payments.refusal_of(expired), "authorisation_expired", "p1", str(TOO_LATE))
    assert capture(expired, "b", 60, LATER) == expired
    assert again(expired, LATER) == expired


def test_an_authorisation_that_is_asked_for_again_too_late_is_expired() -> None:
    expired = again(authorised(), TOO_LATE)
    check(payments.refusal_of(expired), "authorisation_expired", "p1")


def test_a_payment_that_is_captured_whole_never_expires() -> None:
    whole = capture(authorised(), "a", 100)
    assert whole.status_at(TOO_LATE) == "captured"
    assert again(whole, TOO_LATE) == whole


def test_a_payment_of_nothing_is_captured_whole_by_a_share_of_nothing() -> None:
    free = capture(authorised(0), "a", 0)
    assert (free.status, kept(free)) == ("captured", 0)
    assert kept(cancel(free)) == 0


def test_a_refund_gives_one_share_back_once() -> None:
    captured = capture(capture(authorised(), "a", 40), "b", 60)
    refunded = refund(captured, "a", LATER)
    assert (refunded.status, refunded.refunded, kept(refunded)) == ("captured", 40, 60)
    assert refunded.postings[:2] == captured.postings
    assert moved(refunded)[2:] == [("refund", "a", -40, LATER)]
    assert refunded.shares["a"] == Share("a", "refunded", 40, "EUR")
    assert refunded.shares["b"].status == "captured"
    assert refund(refunded, "a", TOO_LATE) == refunded


def test_what_was_captured_is_given_back_after_the_hold_ran_out() -> None:
    expired = capture(capture(authorised(), "a", 40), "b", 60, TOO_LATE)
    assert kept(refund(expired, "a", TOO_LATE)) == 0


def test_a_share_that_was_refunded_is_never_captured_again() -> None:
    refunded = refund(capture(authorised(), "a", 40), "a")
    refused("capture_refunded", lambda: capture(refunded, "a", 40), "a")


@pytest.mark.parametrize("known", [None, authorised()], ids=["unknown", "authorised"])
def test_a_refund_of_an_unknown_capture_refuses_the_late_capture(known: Payment | None) -> None:
    tombstone = refund(known, "a")
    assert (tombstone.id, tombstone.postings, tombstone.tombstones) == ("p1", [], ["a"])
    assert tombstone.shares["a"].status == "refunded"
    assert tombstone.shares["a"].amount is None
    assert refund(tombstone, "a") == tombstone
    payment = again(tombstone)
    assert (payment.status, payment.tombstones) == ("authorised", ["a"])
    refused("capture_refunded", lambda: capture(payment, "a", 40), "a")
    assert refund(refund(payment, "b"), "a").tombstones == ["a", "b"]
    assert capture(payment, "c", 40).captured == 40


def test_a_cancel_voids_what_is_on_hold() -> None:
    cancelled = cancel(authorised())
    assert (cancelled.status, cancelled.expires_at) == ("cancelled", None)
    assert cancelled.postings == []
    assert cancelled.status_at(TOO_LATE) == "cancelled"


def test_a_cancel_gives_back_what_was_captured_and_not_refunded() -> None:
    captured = capture(capture(refund(authorised(), "z"), "a", 40), "b", 50)
    before = refund(captured, "a")
    cancelled = cancel(before, LATER)
    assert (cancelled.status, cancelled.captured, cancelled.refunded) == ("cancelled", 90, 90)
    assert cancelled.postings[:3] == before.postings
    assert moved(cancelled)[3:] == [("refund", "b", -50, LATER)]
    assert cancel(cancelled, TOO_LATE) == cancelled


def test_an_expired_payment_is_cancelled_and_what_was_captured_given_back() -> None:
    expired = capture(capture(authorised(), "a", 40), "b", 60, TOO_LATE)
    cancelled = cancel(expired, TOO_LATE)
    assert (cancelled.status, kept(cancelled)) == ("cancelled", 0)


def cancel_for(
    fee: int, known: Payment | None, at: datetime = NOW, currency: str = "EUR"
) -> Payment:
    return payments.cancel("p1", known, at, Capture("fee", fee, currency))


def test_a_cancel_can_keep_a_fee_of_what_is_on_hold() -> None:
    cancelled = cancel_for(30, authorised(), LATER)
    assert (cancelled.status, cancelled.expires_at, kept(cancelled)) == ("cancelled", None, 30)
    assert moved(cancelled) == [("capture", "fee", 30, LATER)]
    assert cancel_for(30, cancelled, TOO_LATE) == cancelled
    assert cancel(cancelled) == cancel_for(70, cancelled) == cancelled
    assert kept(refund(cancelled, "fee")) == 0


@pytest.mark.parametrize(("captured", "keeps"), [(0, 100), (40, 60), (100, 0)])
def test_a_fee_is_no_more_than_can_still_be_captured(captured: int, keeps: int) -> None:
    known = capture(authorised(), "a", captured) if captured else authorised()
    cancelled = cancel_for(1000, known)
    assert (cancelled.captured, kept(cancelled)) == (captured + keeps, keeps)


@pytest.mark.parametrize("known", [None, Payment(id="p1", tombstones=["a"])])
def test_of_what_never_came_no_fee_is_kept(known: Payment | None) -> None:
    assert cancel_for(30, known) == cancel(known)


def test_of_what_ran_out_or_was_declined_no_fee_is_kept() -> None:
    assert kept(cancel_for(30, authorised(), TOO_LATE)) == 0
    no = payments.authorise(asked(method="pm_card_chargeDeclined"), None, NOW, SECONDS)
    assert cancel_for(30, no) == no


def test_a_fee_is_in_the_currency_of_the_payment() -> None:
    refused("currency_mismatch", lambda: cancel_for(30, authorised(), currency="USD"), "EUR")
    assert cancel_for(0, authorised(), currency="USD") == cancel(authorised())


@pytest.mark.parametrize("share", ["a", "b"])
def test_nothing_is_captured_after_a_cancel(share: str) -> None:
    cancelled = cancel(capture(authorised(), "a", 40))
    refused("payment_cancelled", lambda: capture(cancelled, share, 40), "p1")
    refused("payment_cancelled", lambda: again(cancelled), "p1")


@pytest.mark.parametrize("known", [None, refund(None, "a")], ids=["unknown", "tombstone"])
def test_a_cancel_of_the_unknown_refuses_the_late_payment(known: Payment | None) -> None:
    tombstone = cancel(known)
    assert (tombstone.id, tombstone.status, tombstone.postings) == ("p1", "cancelled", [])
    assert cancel(tombstone) == tombstone
    refused("payment_cancelled", lambda: again(tombstone), "p1")
    refused("payment_cancelled", lambda: capture(tombstone, "a", 1), "p1")


@dataclass(frozen=True)
class Call:
    """Something that is asked of a payment, as it is told where a test fails."""

    words: str
    apply: Callable[[Payment | None, datetime], Payment]

    def __repr__(self) -> str:
        return self.words

    def __call__(self, known: Payment | None, at: datetime) -> Payment | None:
        """Return the payment after the call, unchanged if it is refused."""
        try:
            return self.apply(known, at)
        except Refusal:
            return known


def authorising(amount: int, method: str) -> Call:
    return Call(
        f"authorise {amount} {method}",
        lambda known, at: payments.authorise(asked(amount, method), known, at, SECONDS),
    )


def capturing(share: str, amount: int) -> Call:
    return Call(f"capture {share} {amount}", lambda known, at: capture(known, share, amount, at))


def refunding(share: str) -> Call:
    return Call(f"refund {share}", lambda known, at: refund(known, share, at))


CANCEL = Call("cancel", cancel)
AUTHORISE = authorising(100, DEFAULT_METHOD)

ids = st.sampled_from("abc")
captures = st.builds(capturing, ids, st.sampled_from([0, 30, 40, 60, 100]))
calls = st.one_of(
    st.just(AUTHORISE),
    st.builds(
        authorising, st.sampled_from([0, 100]), st.sampled_from([DEFAULT_METHOD, *DECLINED, "iou"])
    ),
    captures,
    captures,
    st.builds(refunding, ids),
    st.just(CANCEL),
)
timed = st.tuples(calls, st.integers(0, SECONDS // 3).map(lambda s: timedelta(seconds=s)))


@given(st.lists(timed, max_size=12))
def test_whatever_comes_what_is_kept_is_never_below_nothing_nor_above_the_total(
    history: list[tuple[Call, timedelta]],
) -> None:
    known: Payment | None = None
    now = NOW
    for call, pause in history:
        now += pause
        before, known = known, call(known, now)
        if known is None:
            continue
        assert 0 <= kept(known) <= known.captured <= known.authorised
        assert known.postings[: len(before.postings) if before else 0] == (
            before.postings if before else []
        )
        assert all(p.amount >= 0 if p.kind == "capture" else p.amount <= 0 for p in known.postings)
        each = [(p.kind, p.capture_id) for p in known.postings]
        assert len(set(each)) == len(each)
        assert Payment.model_validate(known.model_dump(mode="json")) == known


@given(st.lists(timed, max_size=8), st.lists(timed, max_size=8))
def test_a_cancel_settles_to_nothing_and_nothing_moves_after_it(
    before: list[tuple[Call, timedelta]], after: list[tuple[Call, timedelta]]
) -> None:
    known: Payment | None = None
    now = NOW
    for call, pause in before:
        now += pause
        known = call(known, now)
    settled = known = cancel(known, now)
    assert kept(settled) == 0
    for call, pause in after:
        now += pause
        known = call(known, now)
        assert known is not None
        assert (known.status, known.postings) == (settled.status, settled.postings)


@given(st.lists(timed, max_size=8), st.data())
def test_a_call_that_was_answered_changes_nothing_when_it_is_repeated(
    history: list[tuple[Call, timedelta]], data: st.DataObject
) -> None:
    known: Payment | None = None
    now, answered = NOW, list[Call]()
    for call, pause in history:
        now += pause
        try:
            known = call.apply(known, now)
        except Refusal:
            continue
        if known.status != "expired":  # which refuses what comes new
            answered.append(call)
    if not answered or known is None:
        return
    for call in data.draw(st.lists(st.sampled_from(answered), max_size=6)):
        repeated = call(known, now)
        assert repeated is not None
        assert repeated.status_at(now) == known.status_at(now)
        assert (repeated.postings, repeated.shares) == (known.postings, known.shares)


def ends(order: tuple[Call, ...]) -> tuple[str | None, int]:
    known: Payment | None = None
    for call in order:
        known = call(known, NOW)
    assert known is not None
    return known.status, kept(known)


def test_calls_and_their_undoing_in_any_order_and_twice_end_alike() -> None:
    """A share that is undone is not kept, and a payment that is cancelled keeps nothing."""
    first, second = capturing("a", 40), capturing("b", 60)
    undone = (first, second, refunding("a"), first, refunding("a"))
    for order in permutations(undone):
        assert ends((AUTHORISE, *order))[1] == 60
    for order in permutations((AUTHORISE, first, second, refunding("a"), CANCEL, CANCEL)):
        assert ends(order) == ("cancelled", 0)
