"""The rules of keeping an account, and of its limits: what is changed, and what the audit tells."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from base.errors import Refusal
from systems.bank.accounts import keeping, limits
from systems.bank.accounts.limits import AskedLimit
from systems.bank.accounts.records import Account, Change, Claim, LimitUse
from tests.support.refusals import refused

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 11, 24), date(2026, 11, 25)
ANNA = Account(
    id="A", currency="EUR", request={"holder": "Anna"}, holder="Anna", per_transfer=60, per_day=100
)
CASH = Account(id="cash-EUR", currency="EUR", holder="cash")


def now_is(**facts: Any) -> Account:
    return ANNA.model_copy(update=facts)


def test_an_account_is_opened_once() -> None:
    opened = keeping.open_account(ANNA, None)
    assert (opened.kept, opened.accounts, opened.event) == (ANNA, {"A": ANNA}, "opened")
    assert opened.facts == {"id": "A", "holder": "Anna", "currency": "EUR"}
    frozen = now_is(status="frozen", posted=5)
    assert keeping.open_account(ANNA, frozen) == Change(frozen)
    other = now_is(request={"holder": "Otto"})
    refused("idempotency_conflict", lambda: keeping.open_account(other, ANNA), "A ")


@pytest.mark.parametrize(
    ("rule", "before", "after", "event"),
    [
        (keeping.freeze, "open", "frozen", "frozen"),
        (keeping.unfreeze, "frozen", "open", "unfrozen"),
    ],
)
def test_a_freeze_and_its_end_are_told_with_their_reason(
    rule: Any, before: str, after: str, event: str
) -> None:
    account, made = now_is(status=before, posted=5), now_is(status=after, posted=5)
    assert rule("A", "court order", account) == Change(
        made, event, {"A": made}, facts={"id": "A", "reason": "court order"}
    )
    assert rule("A", "again", made) == Change(made)
    refused("account_closed", lambda: rule("A", "late", now_is(status="closed")), "A is closed")


def test_an_empty_account_is_closed_for_ever() -> None:
    closed = now_is(status="closed")
    assert keeping.close("A", "moved", ANNA, NOW) == Change(
        closed, "closed", {"A": closed}, facts={"id": "A", "reason": "moved"}
    )
    assert keeping.close("A", "again", closed, NOW) == Change(closed)
    assert keeping.close("A", "moved", now_is(status="frozen"), NOW).kept == closed


def test_one_with_a_balance_or_a_hold_is_not_closed() -> None:
    claim = Claim(amount=5, until=NOW + timedelta(seconds=1))
    for account in (now_is(posted=1), now_is(holds={"h": claim})):
        with pytest.raises(Refusal) as no:
            keeping.close("A", "moved", account, NOW)
        assert no.value.reason == "account_not_empty"
    lapsed = now_is(holds={"h": claim.model_copy(update={"until": NOW})})
    assert keeping.close("A", "moved", lapsed, NOW).kept.status == "closed"


@pytest.mark.parametrize("known", [None, CASH])
def test_what_is_no_customers_account_is_unknown(known: Account | None) -> None:
    refused("unknown_account", lambda: keeping.freeze("X", "why", known), "no account X")
    refused("unknown_account", lambda: keeping.unfreeze("X", "why", known), "no account X")
    refused("unknown_account", lambda: keeping.close("X", "why", known, NOW), "no account X")


def asked(amount: int = 60, day: date = TODAY, name: str = "l") -> AskedLimit:
    return AskedLimit(name, {"amount": amount}, "A", amount, "EUR", day)


def test_what_is_taken_of_a_limit_is_told() -> None:
    change = limits.take(asked(), None, {"A": ANNA})
    assert change.kept == LimitUse(
        id="l", status="taken", request={"amount": 60}, account="A", amount=60, day=TODAY
    )
    assert change.event == "limit_taken"
    assert change.facts == {"id": "l", "account": "A", "amount": 60, "day": "2026-11-24"}
    assert change.accounts == {"A": now_is(limit_day=TODAY, limit_taken=60)}
    assert limits.take(asked(), change.kept, {"A": ANNA}) == Change(change.kept)


def test_what_is_given_back_is_told() -> None:
    taken = limits.take(asked(), None, {"A": ANNA}).kept
    account = now_is(limit_day=TODAY, limit_taken=75)
    change = limits.release("l", taken, {"A": account})
    assert change.kept == taken.model_copy(update={"status": "released"})
    assert change.event == "limit_released"
    assert change.facts == {"id": "l", "account": "A", "amount": 60, "day": "2026-11-24"}
    assert change.accounts == {"A": now_is(limit_day=TODAY, limit_taken=15)}
    assert limits.release("l", change.kept, {"A": account}) == Change(change.kept)


def test_what_is_given_back_late_is_not_given_to_another_day() -> None:
    taken = limits.take(asked(), None, {"A": ANNA}).kept
    account = now_is(limit_day=TOMORROW, limit_taken=40)
    assert limits.release("l", taken, {"A": account}).accounts == {"A": account}


def test_a_release_that_comes_first_leaves_a_tombstone() -> None:
    change = limits.release("l", None, {})
    assert (change.kept, change.event) == (LimitUse(id="l", status="released"), "limit_released")
    assert (change.facts, change.accounts) == ({"id": "l"}, {})
    refused("limit_released", lambda: limits.take(asked(), change.kept, {"A": ANNA}), "l is")


@pytest.mark.parametrize(
    ("amount", "taken", "reason"),
    [(60, 40, None), (60, 41, "daily_limit_exceeded"), (61, 0, "transfer_limit_exceeded")],
)
def test_limits_are_met_to_the_minor_unit(amount: int, taken: int, reason: str | None) -> None:
    accounts = {"A": now_is(limit_day=TODAY, limit_taken=taken)}
    if reason is None:
        assert limits.take(asked(amount), None, accounts).kept.status == "taken"
    else:
        refused(reason, lambda: limits.take(asked(amount), None, accounts), str(taken or 60))


def test_another_day_begins_with_nothing_taken() -> None:
    accounts = {"A": now_is(limit_day=TODAY, limit_taken=100)}
    change = limits.take(asked(day=TOMORROW), None, accounts)
    assert change.accounts == {"A": now_is(limit_day=TOMORROW, limit_taken=60)}


def test_who_comes_late_at_midnight_takes_of_the_day_that_has_begun() -> None:
    """By a clock that is behind, or after others that came later: no day's count is begun anew."""
    begun = now_is(limit_day=TOMORROW, limit_taken=40)
    change = limits.take(asked(), None, {"A": begun})
    assert change.kept.day == TOMORROW
    assert change.accounts == {"A": now_is(limit_day=TOMORROW, limit_taken=100)}
    back = limits.release("l", change.kept, change.accounts)
    assert back.accounts == {"A": begun}
    full = {"A": now_is(limit_day=TOMORROW, limit_taken=41)}
    refused("daily_limit_exceeded", lambda: limits.take(asked(), None, full), "on 2026-11-25")


def test_the_id_of_a_limit_is_that_of_one_request() -> None:
    taken = limits.take(asked(), None, {"A": ANNA}).kept
    refused("idempotency_conflict", lambda: limits.take(asked(59), taken, {"A": ANNA}), "l was")


def test_a_frozen_account_takes_no_limit() -> None:
    accounts = {"A": now_is(status="frozen")}
    refused("account_frozen", lambda: limits.take(asked(), None, accounts), "A is frozen")


def test_a_clock_that_was_far_ahead_is_not_followed() -> None:
    """Else what it took of a day in a year would count against every day until then."""
    ahead = {"A": now_is(limit_day=TODAY + timedelta(days=365), limit_taken=100)}
    change = limits.take(asked(), None, ahead)
    assert change.kept.day == TODAY
    assert change.accounts == {"A": now_is(limit_day=TODAY, limit_taken=60)}
    two_days = {"A": now_is(limit_day=TODAY + timedelta(days=2), limit_taken=100)}
    assert limits.take(asked(), None, two_days).kept.day == TODAY
