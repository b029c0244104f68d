"""The rules of the ledger, as properties: whatever is done in whatever order, all accounts together
are 0, nobody is overdrawn, and a hold is resolved once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from base.errors import Refusal
from systems.bank.accounts import ledger, system_accounts
from systems.bank.accounts.ledger import AskedCredit, AskedHold, Told
from systems.bank.accounts.records import Account, Change, Entry, Hold, Leg, Posting
from systems.bank.banks import BANKS

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = date(2026, 11, 24)
CUSTOMERS = ("A", "B", "C")
CASH, FEES, SUSPENSE = (
    named("EUR") for named in (system_accounts.cash, system_accounts.fees, system_accounts.suspense)
)
TRANSIT = system_accounts.in_transit(BANKS[0], "EUR")
OWN = (CASH, FEES, SUSPENSE, TRANSIT)
FEE = 2

amounts = st.integers(1, 120)
customers = st.sampled_from(CUSTOMERS)


def customer(name: str, **facts: Any) -> Account:
    return Account(id=name, currency="EUR", request={"holder": name}, holder=name, **facts)


class Books:
    """What a store does with changes, in memory."""

    def __init__(self) -> None:
        self.accounts = {name: customer(name) for name in CUSTOMERS}
        for name in OWN:
            found = system_accounts.own(name)
            assert found is not None
            self.accounts[name] = found
        self.holds: dict[str, Hold] = {}
        self.postings: dict[str, Posting] = {}
        self.entries: list[Entry] = []
        self.now = NOW

    def keep(self, change: Change[Any]) -> Any:
        """Store a change; raise its refusal."""
        if change.event:
            self.accounts |= change.accounts
            self.entries += change.entries
            kept = self.holds if isinstance(change.kept, Hold) else self.postings
            kept[change.kept.id] = change.kept
        else:
            assert (change.accounts, change.entries) == ({}, ())
        if change.refusal:
            raise change.refusal
        return change.kept

    def asked(self, hold_id: str, account: str, amount: int, seconds: float = 60) -> AskedHold:
        request = {"account": account, "amount": amount}
        return AskedHold(hold_id, request, account, amount, FEE, "EUR", seconds)

    def hold(self, asked: AskedHold) -> Hold:
        known = self.holds.get(asked.id)
        held: Hold = self.keep(ledger.hold(asked, known, self.accounts, self.now))
        return held

    def post(self, hold_id: str, posting_id: str) -> Hold:
        told, known = Told(DAY, "B", "for tea"), self.holds.get(hold_id)
        change = ledger.post(
            hold_id, posting_id, TRANSIT, FEES, told, known, self.accounts, self.now
        )
        posted: Hold = self.keep(change)
        return posted

    def void(self, hold_id: str) -> Hold:
        known = self.holds.get(hold_id)
        voided: Hold = self.keep(ledger.void(hold_id, known, self.accounts, self.now))
        return voided

    def release(self, hold_id: str) -> Hold:
        known = self.holds.get(hold_id)
        released: Hold = self.keep(ledger.release(hold_id, known, self.accounts, self.now))
        return released

    def extend(self, hold_id: str, seconds: float) -> Hold:
        until, known = self.now + timedelta(seconds=seconds), self.holds.get(hold_id)
        held: Hold = self.keep(ledger.extend(hold_id, known, self.accounts, self.now, until))
        return held

    def reverse(self, hold_id: str, reason: str = "account_closed") -> Hold:
        known = self.holds.get(hold_id)
        change = ledger.reverse(hold_id, reason, SUSPENSE, DAY, known, self.accounts, self.now)
        back: Hold = self.keep(change)
        return back

    def credit(self, posting_id: str, account: str, amount: int, source: str = TRANSIT) -> Posting:
        asked = AskedCredit(
            id=posting_id,
            request={"account": account, "amount": amount},
            kind="deposit" if source == CASH else "credit",
            source=source,
            account=account,
            amount=amount,
            currency="EUR",
        )
        known = self.postings.get(posting_id)
        made: Posting = self.keep(ledger.credit(asked, DAY, known, self.accounts, self.now))
        return made

    def turn(self, account: str, status: str) -> None:
        self.accounts[account] = self.accounts[account].model_copy(update={"status": status})

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def available(self, account: str) -> int:
        return self.accounts[account].available(self.now)


class Ledger(RuleBasedStateMachine):
    """Anything in any order: the rules refuse it, or the invariants hold."""

    holds = Bundle("holds")

    @initialize()
    def open(self) -> None:
        self.books = Books()
        self.serial = 0
        self.resolved: dict[str, str] = {}

    def new_id(self) -> str:
        self.serial += 1
        return f"h{self.serial}"

    @rule(account=customers, amount=amounts)
    def deposit(self, account: str, amount: int) -> None:
        self._try(lambda: self.books.credit(self.new_id(), account, amount, CASH))

    @rule(target=holds, account=customers, amount=amounts, seconds=st.integers(1, 90))
    def hold(self, account: str, amount: int, seconds: int) -> Any:
        hold_id, before = self.new_id(), self.books.available(account)
        asked = self.books.asked(hold_id, account, amount, seconds)
        held = self._try(lambda: self.books.hold(asked))
        if held is None:
            return multiple()
        assert self.books.hold(asked) == held, "asked for again, it is the same hold"
        assert self.books.available(account) == before - amount - FEE
        return hold_id

    @rule(hold_id=holds, seconds=st.integers(1, 90))
    def extend(self, hold_id: str, seconds: int) -> None:
        self._try(lambda: self.books.extend(hold_id, seconds))

    @rule(hold_id=holds)
    def post(self, hold_id: str) -> None:
        self._try(lambda: self.books.post(hold_id, f"{hold_id}:debit"))

    @rule(hold_id=holds)
    def post_as_another(self, hold_id: str) -> None:
        self._try(lambda: self.books.post(hold_id, f"{hold_id}:other"))

    @rule(hold_id=holds)
    def void(self, hold_id: str) -> None:
        self._try(lambda: self.books.void(hold_id))

    @rule(hold_id=holds)
    def release(self, hold_id: str) -> None:
        assert self._try(lambda: self.books.release(hold_id)), "a release is never refused"

    @rule(hold_id=holds)
    def reverse(self, hold_id: str) -> None:
        kept = self._try(lambda: self.books.reverse(hold_id))
        assert kept.status != "posted"

    @rule(hold_id=consumes(holds), account=customers)
    def credit(self, hold_id: str, account: str) -> None:
        """The payee is credited once the payer was debited, and then nothing is reversed."""
        if self.books.holds[hold_id].status == "posted":
            amount = self.books.holds[hold_id].amount
            self._try(lambda: self.books.credit(f"{hold_id}:credit", account, amount))

    @rule(account=customers, status=st.sampled_from(["open", "frozen"]))
    def turn(self, account: str, status: str) -> None:
        self.books.turn(account, status)

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.books.later(seconds)

    @invariant()
    def all_accounts_together_are_0(self) -> None:
        assert sum(account.posted for account in self.books.accounts.values()) == 0

    @invariant()
    def nobody_is_overdrawn(self) -> None:
        for name in CUSTOMERS:
            account = self.books.accounts[name]
            assert account.posted >= 0
            assert account.unclaimed >= 0
            assert account.available(self.books.now) >= 0

    @invariant()
    def what_is_in_transit_was_posted_and_neither_credited_nor_reversed(self) -> None:
        posted = sum(h.amount for h in self.books.holds.values() if h.status == "posted")
        credits = [p for p in self.books.postings.values() if p.kind == "credit"]
        credited = sum(p.legs[1].amount for p in credits)
        assert self.books.accounts[TRANSIT].posted == posted - credited
        fees = sum(h.fee for h in self.books.holds.values() if h.status == "posted")
        assert self.books.accounts[FEES].posted == fees

    @invariant()
    def a_hold_is_resolved_once(self) -> None:
        for hold_id, hold in self.books.holds.items():
            if hold.status == "pending":
                continue
            ended = "posted" if hold.posting else hold.status
            assert self.resolved.setdefault(hold_id, ended) == ended
            assert hold_id not in self.books.accounts[hold.account].holds

    @invariant()
    def a_statement_adds_up(self) -> None:
        for name, account in self.books.accounts.items():
            entries = [entry for entry in self.books.entries if entry.account == name]
            assert [entry.number for entry in entries] == list(range(1, account.entries + 1))
            balance = 0
            for entry in entries:
                balance += entry.amount
                assert entry.balance == balance
            assert account.posted == balance

    def _try(self, deed: Any) -> Any:
        try:
            return deed()
        except Refusal:
            return None


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.fixture
def books() -> Books:
    """A has 100."""
    made = Books()
    made.credit("opening", "A", 100, CASH)
    return made


def refused(deed: Any) -> str:
    with pytest.raises(Refusal) as no:
        deed()
    return no.value.reason


def test_a_hold_and_its_fee_take_what_is_available_and_leave_what_is_posted(books: Books) -> None:
    books.hold(books.asked("h", "A", 98))
    assert (books.accounts["A"].posted, books.available("A")) == (100, 0)
    assert books.accounts["A"].pending(NOW) == 100
    assert refused(lambda: books.hold(books.asked("i", "A", 1))) == "insufficient_funds"


def test_one_minor_unit_too_much_is_refused(books: Books) -> None:
    with pytest.raises(Refusal) as no:
        books.hold(books.asked("h", "A", 99))
    assert no.value.detail == "101 was asked for, and 100 is available."
    with pytest.raises(Refusal) as no:
        books.hold(books.asked("h", "B", 1))
    assert no.value.detail == "3 was asked for, and 0 is available."


def test_posting_moves_the_amount_into_transit_and_the_fee_to_the_fees(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    hold = books.post("h", "h:debit")
    assert hold.posting is not None
    assert [(leg.account, leg.amount) for leg in hold.posting.legs] == [
        ("A", -52),
        (TRANSIT, 50),
        (FEES, 2),
    ]
    assert (hold.posting.counterparty, hold.posting.remittance) == ("B", "for tea")
    assert (hold.status, books.available("A"), books.accounts["A"].posted) == ("posted", 48, 48)


def test_without_a_fee_there_is_no_line_of_fees(books: Books) -> None:
    asked = replace(books.asked("h", "A", 50), fee=0)
    books.hold(asked)
    books.post("h", "h:debit")
    entries = [(entry.account, entry.amount) for entry in books.entries[2:]]
    assert entries == [("A", -50), (TRANSIT, 50)]


def test_a_statement_says_of_each_line_who_what_for_and_why(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    books.post("h", "h:debit")
    books.reverse("h", "account_frozen")
    lines = [
        (entry.posting, entry.kind, entry.counterparty, entry.remittance, entry.reason)
        for entry in books.entries
        if entry.account == "A"
    ]
    assert lines == [
        ("opening", "deposit", "", "", None),
        ("h:debit", "debit", "B", "for tea", None),
        ("h:debit:reversal", "reversal", "B", "for tea", "account_frozen"),
    ]
    days = {(entry.booked_at, entry.value_date) for entry in books.entries}
    assert days == {(NOW, DAY)}


def test_two_legs_of_one_account_are_two_lines_one_after_the_other(books: Books) -> None:
    legs = [
        Leg(account="A", amount=-60),
        Leg(account="A", amount=-40),
        Leg(account=TRANSIT, amount=100),
    ]
    posting = Posting(
        id="p", kind="debit", legs=legs, currency="EUR", booked_at=NOW, value_date=DAY
    )
    books.keep(ledger.booked("debited", posting, posting, books.accounts))
    uneven = posting.model_copy(update={"legs": legs[:2]})
    with pytest.raises(AssertionError, match=r"^debits and credits are equal"):
        ledger.booked("debited", uneven, uneven, books.accounts)
    lines = [entry for entry in books.entries if entry.account == "A"]
    assert [(line.number, line.balance) for line in lines] == [(1, 100), (2, 40), (3, 0)]
    assert books.accounts["A"].posted == 0


@pytest.mark.parametrize(
    ("first", "then"), [("post", "already_posted"), ("void", "already_voided"), ("wait", "expired")]
)
def test_who_comes_second_is_told_how_the_hold_was_resolved(
    books: Books, first: str, then: str
) -> None:
    books.hold(books.asked("h", "A", 50, seconds=60))
    if first == "post":
        books.post("h", "h:debit")
    elif first == "void":
        books.void("h")
    else:
        books.later(60)
    assert refused(lambda: books.post("h", "other")) == then
    assert refused(lambda: books.extend("h", 90)) == then
    if first != "void":
        assert refused(lambda: books.void("h")) == then
    if first != "post":
        assert refused(lambda: books.hold(books.asked("h", "A", 50))) == then


def test_posting_again_under_the_same_id_and_voiding_again_change_nothing(books: Books) -> None:
    for name in ("h", "i"):
        books.hold(books.asked(name, "A", 10))
    posted, voided = books.post("h", "h:debit"), books.void("i")
    before = dict(books.accounts)
    assert books.post("h", "h:debit") == posted
    assert books.void("i") == voided
    assert books.accounts == before


def test_a_hold_counts_until_the_moment_it_runs_out(books: Books) -> None:
    books.hold(books.asked("h", "A", 98, seconds=60))
    books.later(59.999)
    assert refused(lambda: books.hold(books.asked("i", "A", 1))) == "insufficient_funds"
    books.later(0.001)
    assert books.available("A") == 100
    books.hold(books.asked("i", "A", 98))
    assert refused(lambda: books.post("h", "h:debit")) == "expired"


def test_a_hold_that_ran_out_keeps_its_place_while_there_is_room_for_others(books: Books) -> None:
    books.hold(books.asked("h", "A", 28, seconds=60))
    books.later(60)
    books.hold(books.asked("i", "A", 68))
    assert books.accounts["A"].unclaimed == 0
    books.now = NOW
    assert books.post("h", "h:debit").status == "posted"


def test_a_hold_that_lost_its_place_is_expired_also_for_a_clock_that_is_behind(
    books: Books,
) -> None:
    books.hold(books.asked("h", "A", 98, seconds=60))
    books.later(60)
    books.hold(books.asked("i", "A", 98))
    books.now = NOW
    assert refused(lambda: books.post("h", "h:debit")) == "expired"
    assert books.holds["h"].status == "expired"


def test_what_was_refused_as_expired_stays_so_for_a_clock_that_is_behind(books: Books) -> None:
    books.hold(books.asked("h", "A", 50, seconds=60))
    books.later(60)
    assert refused(lambda: books.post("h", "h:debit")) == "expired"
    books.now = NOW
    assert refused(lambda: books.post("h", "h:debit")) == "expired"


def test_an_extended_hold_lasts_until_then_and_never_shorter(books: Books) -> None:
    books.hold(books.asked("h", "A", 50, seconds=60))
    assert books.extend("h", 30).expires_at == NOW + timedelta(seconds=60)
    assert books.extend("h", 120).expires_at == NOW + timedelta(seconds=120)
    assert books.available("A") == 48, "it is kept once"
    books.later(119)
    assert books.available("A") == 48
    assert books.post("h", "h:debit").status == "posted"


def test_a_hold_lasts_seven_days_at_the_most(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    most = ledger.LONGEST_HOLD.total_seconds()
    assert books.extend("h", most).status == "pending"
    assert refused(lambda: books.extend("h", most + 1)) == "hold_too_long"


def test_a_reversing_entry_has_all_legs_turned_and_the_reason(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    posted = books.post("h", "h:debit").posting
    back = books.reverse("h", "account_frozen")
    assert posted is not None
    assert back.posting == posted, "what was posted never changes"
    assert back.reversal is not None
    assert [(leg.account, -leg.amount) for leg in back.reversal.legs] == [
        (leg.account, leg.amount) for leg in posted.legs
    ]
    assert (back.reversal.kind, back.reversal.reason) == ("reversal", "account_frozen")
    assert (books.available("A"), books.accounts[FEES].posted) == (100, 0)
    assert books.reverse("h", "another") == back


def test_what_was_reversed_is_not_posted_again(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    books.post("h", "h:debit")
    books.reverse("h")
    for posting in ("h:debit", "other"):
        assert refused(lambda posting=posting: books.post("h", posting)) == "already_posted"
    assert books.release("h").status == "reversed"
    assert refused(lambda: books.void("h")) == "already_posted"


@pytest.mark.parametrize("undo", ["void", "release", "reverse"])
def test_an_undo_that_comes_first_refuses_what_comes_late(books: Books, undo: str) -> None:
    assert getattr(books, undo)("h").status == "voided"
    assert refused(lambda: books.hold(books.asked("h", "A", 1))) == "already_voided"
    assert refused(lambda: books.post("h", "p")) == "already_voided"


def test_reversing_what_was_not_posted_releases_it(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    assert books.reverse("h").status == "voided"
    assert (books.available("A"), books.accounts["A"].posted) == (100, 100)
    assert refused(lambda: books.post("h", "p")) == "already_voided"


def test_money_for_an_account_that_is_closed_by_now_goes_to_suspense(books: Books) -> None:
    books.hold(books.asked("h", "A", 98))
    books.post("h", "h:debit")
    books.turn("A", "closed")
    books.reverse("h")
    assert (books.accounts["A"].posted, books.accounts[SUSPENSE].posted) == (0, 100)


def test_money_comes_home_to_a_frozen_account(books: Books) -> None:
    books.hold(books.asked("h", "A", 98))
    books.post("h", "h:debit")
    books.turn("A", "frozen")
    books.reverse("h")
    assert (books.accounts["A"].posted, books.accounts[SUSPENSE].posted) == (100, 0)


@pytest.mark.parametrize("status", ["frozen", "closed"])
def test_nothing_is_held_posted_or_credited_that_is_not_open(books: Books, status: str) -> None:
    books.hold(books.asked("h", "A", 50))
    books.turn("A", status)
    no = f"account_{status}"
    assert refused(lambda: books.hold(books.asked("i", "A", 1))) == no
    assert refused(lambda: books.post("h", "h:debit")) == no
    assert refused(lambda: books.credit("c", "A", 1)) == no


def test_unknown_accounts_and_the_banks_own_and_other_currencies_are_refused(books: Books) -> None:
    for name in ("D", CASH):
        assert refused(lambda name=name: books.credit("c", name, 1)) == "unknown_account"
    books.accounts["B"] = customer("B").model_copy(update={"currency": "USD"})
    assert refused(lambda: books.credit("c", "B", 1)) == "currency_mismatch"


def test_an_id_is_that_of_one_request(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    assert refused(lambda: books.hold(books.asked("h", "A", 51))) == "idempotency_conflict"
    credited = books.credit("c", "B", 5)
    assert books.credit("c", "B", 5) == credited
    assert refused(lambda: books.credit("c", "B", 6)) == "idempotency_conflict"


def test_holds_that_nobody_knows_are_refused(books: Books) -> None:
    assert refused(lambda: books.post("x", "p")) == "unknown_hold"
    assert refused(lambda: books.extend("x", 9)) == "unknown_hold"


def test_a_hold_that_ran_out_is_marked_so_and_any_other_left_as_it_is(books: Books) -> None:
    held = books.hold(books.asked("h", "A", 50, seconds=60))
    assert books.keep(ledger.expire(held, books.accounts, books.now)) == held
    books.later(60)
    assert books.keep(ledger.expire(held, books.accounts, books.now)).status == "expired"
    assert books.release("h").status == "expired"


def test_a_release_of_what_ran_out_is_not_refused(books: Books) -> None:
    books.hold(books.asked("h", "A", 50, seconds=60))
    books.later(60)
    assert books.release("h").status == "expired"
    assert books.accounts["A"].holds == {}
    assert ledger.expire(books.holds["h"], books.accounts, books.now) == Change(books.holds["h"])


def test_every_change_is_told_to_the_audit(books: Books) -> None:
    """A hold with its amount, fee included, and its end; a posting with all of its entry."""

    def told(change: Change[Any]) -> tuple[str, Any]:
        books.keep(change)
        return change.event, change.facts

    def of_hold(until: datetime) -> dict[str, Any]:
        expires = {"expires_at": until.isoformat()}
        return {"id": "h", "account": "A", "amount": 52, "currency": "EUR"} | expires

    minute, hour = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
    held = ledger.hold(books.asked("h", "A", 50), None, books.accounts, NOW)
    assert told(held) == ("held", of_hold(minute))
    extended = ledger.extend("h", books.holds["h"], books.accounts, NOW, hour)
    assert told(extended) == ("extended", of_hold(hour))
    again = ledger.extend("h", books.holds["h"], books.accounts, NOW, hour)
    assert again == Change(books.holds["h"]), "nothing is told of what stays as it was"
    lapsed = ledger.expire(books.holds["h"], books.accounts, hour)
    assert (lapsed.event, lapsed.facts, lapsed.refusal) == ("expired", of_hold(hour), None)
    voided = ledger.void("h", books.holds["h"], books.accounts, NOW)
    assert (voided.event, voided.facts) == ("voided", of_hold(hour))
    tombstone = ledger.void("x", None, books.accounts, NOW)
    assert (tombstone.event, tombstone.facts["id"]) == ("voided", "x")
    entry = {"currency": "EUR", "value_date": "2026-11-24", "counterparty": "B"}
    words = Told(DAY, "B", "for tea")
    debit = ledger.post("h", "p", TRANSIT, FEES, words, books.holds["h"], books.accounts, NOW)
    legs = [("A", -52), (TRANSIT, 50), (FEES, 2)]
    assert told(debit) == ("debited", entry | _entry("p", "debit", legs, remittance="for tea"))
    home = ledger.reverse("h", "closed", SUSPENSE, DAY, books.holds["h"], books.accounts, NOW)
    back = [(account, -amount) for account, amount in legs]
    facts = _entry("p:reversal", "reversal", back, remittance="for tea", reason="closed")
    assert told(home) == ("reversed", entry | facts)


@pytest.mark.parametrize(
    ("kind", "event"),
    [("credit", "credited"), ("deposit", "deposited"), ("settlement", "settled")],
)
def test_what_comes_in_is_told_by_its_kind(books: Books, kind: Any, event: str) -> None:
    asked = AskedCredit("c", {}, kind, TRANSIT, "B", 5, "EUR", "A", "for tea")
    change = ledger.credit(asked, DAY, None, books.accounts, NOW)
    assert change.event == event
    assert change.facts == {
        "currency": "EUR",
        "value_date": "2026-11-24",
        "counterparty": "A",
        **_entry("c", kind, [(TRANSIT, -5), ("B", 5)], remittance="for tea"),
    }


def test_a_settlement_is_between_accounts_of_the_bank(books: Books) -> None:
    asked = AskedCredit("s", {}, "settlement", TRANSIT, SUSPENSE, 5, "EUR")
    books.keep(ledger.credit(asked, DAY, None, books.accounts, NOW))
    assert (books.accounts[TRANSIT].posted, books.accounts[SUSPENSE].posted) == (-5, 5)


def test_a_refusal_says_what_there_is_to_know(books: Books) -> None:
    books.hold(books.asked("h", "A", 50))
    books.post("h", "p")
    says = {"h was posted as p.": False, "h was posted as p and reversed since.": True}
    for detail, reversed_first in says.items():
        if reversed_first:
            books.reverse("h")
        with pytest.raises(Refusal) as no:
            books.post("h", "other")
        assert no.value.detail == detail
    with pytest.raises(Refusal, match=r"There is no hold x\."):
        books.extend("x", 5)
    with pytest.raises(Refusal, match=r"There is no hold x\."):
        books.post("x", "p")
    books.hold(books.asked("i", "A", 1))
    with pytest.raises(Refusal, match=r"A hold lasts 7 days at the most\."):
        books.extend("i", 8 * 86_400)
    with pytest.raises(Refusal, match=r"i was used for another request\."):
        books.hold(books.asked("i", "A", 2))
    books.void("i")
    with pytest.raises(Refusal, match=r"i was voided\."):
        books.post("i", "p")
    with pytest.raises(Refusal, match=r"opening was used for another request\."):
        books.credit("opening", "A", 2)
    with pytest.raises(Refusal, match=r"There is no account D\."):
        books.credit("c", "D", 1)
    books.accounts["B"] = customer("B").model_copy(update={"currency": "USD"})
    with pytest.raises(Refusal, match=r"B is kept in USD, not in EUR\."):
        books.credit("c", "B", 1)


def _entry(posting: str, kind: str, legs: list[tuple[str, int]], **more: str) -> dict[str, Any]:
    told = [{"account": account, "amount": amount} for account, amount in legs]
    return {"id": posting, "kind": kind, "legs": told, **more}
