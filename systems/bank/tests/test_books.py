"""A bank's books over a store in memory: many at once, replicas, statements, what runs out."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from base.errors import Refusal, Unavailable
from kit.expiry import Clearing
from systems.bank.accounts import asked, chain, demo, models, system_accounts, told
from systems.bank.accounts.bookkeeping import Bookkeeping
from systems.bank.accounts.books import Books
from systems.bank.accounts.chain import Head, Line
from systems.bank.accounts.demo import ACCOUNTS, Opening
from systems.bank.accounts.models import (
    Amount,
    CreditRequest,
    DepositRequest,
    HoldRequest,
    LimitRequest,
    OpenRequest,
)
from systems.bank.accounts.records import Hold
from systems.bank.banks import BANKS, bank_of
from tests.support.memory import MemoryStore
from tests.support.refusals import refused_later

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
A, B = "DE07900100000000001000", "NL36BRTA0000002000"


class SlowStore(MemoryStore):
    """Lets others come first between any reading and any writing."""

    async def read(self, keys: Any) -> Any:
        await asyncio.sleep(0)
        return await super().read(keys)

    async def write(self, writes: Any) -> None:
        await asyncio.sleep(0)
        await super().write(writes)


class Site:
    """One store, and replicas over it that queue apart."""

    def __init__(self, state: MemoryStore | None = None) -> None:
        self.state, self.now = state or MemoryStore(), NOW

    def replica(self) -> Bookkeeping:
        kept = Books(self.state, system_accounts.own, lambda: self.now)  # type: ignore[arg-type]
        jobs: Any = Jobs()
        return Bookkeeping(kept, Clearing(jobs, lambda: self.now), lambda: self.now)

    def lines(self) -> list[Line]:
        numbers = range(1, self.head().number + 1)
        return [Line.model_validate(self.state.values[f"line:{number}"]) for number in numbers]

    def head(self) -> Head:
        return Head.model_validate(self.state.values["head"])


class Jobs:
    async def schedule(self, *_: Any) -> None:
        return None


def eur(amount: int) -> Amount:
    return Amount(amount=amount, currency="EUR")


def run(deeds: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(deeds)


async def opened(books: Bookkeeping, *ibans: str, balance: int = 1_000) -> None:
    for iban in ibans:
        await books.open_account(asked.account(iban, OpenRequest(holder=f"Of {iban}")))
        if balance:
            cash = DepositRequest(account=iban, amount=eur(balance))
            await books.credit(asked.deposit(f"open-{iban}", cash))


async def held(books: Bookkeeping, name: str, amount: int = 100, seconds: float = 60) -> Hold:
    wanted = HoldRequest(account=A, amount=eur(amount))
    return await books.hold(asked.hold(name, wanted, 0, seconds))


async def even(books: Bookkeeping) -> bool:
    head, accounts = await books.snapshot()
    return told.trial_balance("bank-a", head, accounts).difference == 0


def check(site: Site) -> None:
    """The chain is whole, and what it says was posted is what the accounts have."""
    lines = site.lines()
    assert chain.faults(lines, site.head(), {}) == []
    stored = site.state.values
    kept = {key[8:]: stored[key] for key in stored if key.startswith("account:")}
    posted = chain.balances(lines)
    assert {name: account["posted"] for name, account in kept.items()} == {
        name: posted.get(name, 0) for name in kept
    }
    assert sorted(stored["accounts"]["ids"]) == sorted(kept), "each account is listed, once"


def test_a_hundred_at_once_in_three_replicas_never_overdraw_and_the_chain_is_whole() -> None:
    async def live() -> Counter[str]:
        site = Site(SlowStore())
        replicas = [site.replica() for _ in range(3)]
        await opened(replicas[0], A, balance=1_000)

        async def one(number: int) -> str:
            books = replicas[number % 3]
            try:
                await held(books, f"h{number}", 30)
                await books.post(f"h{number}", f"p{number}", B, "")
            except Refusal as no:
                return no.reason
            except Unavailable:
                return "unavailable"  # thirty races lost in a row; the caller asks again
            return "posted"

        async def look() -> list[bool]:
            return [await even(books) for books in replicas for _ in range(5)]

        looking = asyncio.create_task(look())
        ends = await asyncio.gather(*(one(number) for number in range(100)))
        assert all(await looking)
        account = await replicas[0].account(A)
        assert account.posted >= 0
        assert account.available(NOW) >= 0
        check(site)
        return Counter(ends)

    ends = run(live())
    assert ends["posted"] <= 33
    assert set(ends) <= {"posted", "insufficient_funds", "unavailable"}
    assert ends["posted"] + ends["unavailable"] >= 33


def test_a_snapshot_is_of_one_moment_also_while_another_replica_writes() -> None:
    """Between the reading of two accounts money moves from one to the other."""

    async def live() -> None:
        site = Site()
        one, other = site.replica(), site.replica()
        await opened(one, A, balance=1_000)
        await held(one, "h", 400)
        reads = site.state.read

        async def read(keys: Any) -> Any:
            found = await reads(keys)
            if f"account:{A}" in keys:  # it was read, and the others are not yet
                site.state.read = reads  # type: ignore[method-assign]
                await other.post("h", "p", B, "")
            return found

        site.state.read = read  # type: ignore[method-assign]
        head, accounts = await one.snapshot()
        assert head == site.head()
        assert sum(account.posted for account in accounts) == 0
        assert {a.id: a.posted for a in accounts}[A] == 600

    run(live())


def test_a_line_is_stored_with_what_it_tells_of_or_not_at_all() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A)
        before = dict(site.state.values)

        def break_down() -> None:
            raise Unavailable("down")

        site.state.before_write = break_down
        with pytest.raises(Unavailable):
            await held(books, "h")
        assert site.state.values == before
        check(site)

    run(live())


def test_asking_again_writes_nothing() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A, B)
        await held(books, "h")
        await books.post("h", "p", B, "tea")
        credit = asked.credit("c", CreditRequest(payer=A, payee=B, amount=eur(100)), BANKS[0])
        await books.credit(credit)
        before = site.head()
        await opened(books, A, B)
        await held(books, "h")
        await books.post("h", "p", B, "tea")
        await books.credit(credit)
        assert site.head() == before
        assert before.number == 7

    run(live())


def test_a_refusal_leaves_no_line_but_that_a_hold_ran_out_is_one() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A)
        await held(books, "h")
        before = site.head().number
        await refused_later("insufficient_funds", held(books, "i", 5_000))
        assert site.head().number == before
        site.now += timedelta(seconds=60)
        await refused_later("expired", books.post("h", "p", B, ""))
        assert [line.event for line in site.lines()[before:]] == ["expired"]
        await refused_later("expired", books.void("h"))
        assert site.head().number == before + 1

    run(live())


def test_what_runs_out_is_cleared_and_shown_as_expired() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A)
        for name, seconds in (("h", 60), ("i", 60), ("j", 90)):
            await held(books, name, 100, seconds)
        site.now += timedelta(seconds=60)
        assert (await books.held("h")).status == "expired"
        assert await books.clear(A) == 1
        assert await books.clear(A) == 0
        assert [(await books.held(name)).status for name in "hij"] == [
            "expired",
            "expired",
            "pending",
        ]
        assert list((await books.account(A)).holds) == ["j"]

    run(live())


def test_a_limit_is_of_a_day_and_given_back_to_that_day() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        wanted = OpenRequest(holder="A", per_transfer=60, per_day=100)
        await books.open_account(asked.account(A, wanted))

        async def take(name: str, amount: int, day: date) -> None:
            limit = LimitRequest(account=A, amount=eur(amount))
            await books.take_limit(asked.limit(name, limit, day))

        today, tomorrow = date(2026, 11, 24), date(2026, 11, 25)
        await take("one", 60, today)
        await take("one", 60, today)
        await refused_later("idempotency_conflict", take("one", 59, today))
        await refused_later("transfer_limit_exceeded", take("two", 61, today))
        await refused_later("daily_limit_exceeded", take("two", 41, today))
        await take("two", 40, today)
        await books.release_limit("one")
        await books.release_limit("one")
        assert (await books.account(A)).limit_taken == 40
        await refused_later("limit_released", take("one", 60, today))
        await take("three", 60, tomorrow)
        await books.release_limit("two")  # of a day that is over
        assert (await books.account(A)).limit_taken == 60
        await books.release_limit("never")
        await refused_later("limit_released", take("never", 1, tomorrow))
        check(site)

    run(live())


def test_accounts_are_opened_frozen_unfrozen_and_closed() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A, balance=10)
        other = asked.account(A, OpenRequest(holder="Somebody else"))
        await refused_later("idempotency_conflict", books.open_account(other))
        assert (await books.turn(A, "freeze", "a court order")).status == "frozen"
        await books.turn(A, "freeze", "again")
        await refused_later("account_frozen", books.check(A, "EUR"))
        assert (await books.turn(A, "unfreeze", "lifted")).status == "open"
        assert (await books.check(A, "EUR")).id == A
        await refused_later("account_not_empty", books.close(A, "moved away"))
        await held(books, "h", 10)
        await books.post("h", "p", B, "")
        assert (await books.close(A, "moved away")).status == "closed"
        await books.close(A, "again")
        await refused_later("account_closed", books.turn(A, "freeze", "too late"))
        for deed in (books.turn(B, "freeze", "who?"), books.close(B, "who?"), books.account("X")):
            with pytest.raises(Refusal, match="There is no account"):
                await deed
        told = [(line.event, line.facts.get("reason")) for line in site.lines()]
        assert [each for each in told if each[1]] == [
            ("frozen", "a court order"),
            ("unfrozen", "lifted"),
            ("closed", "moved away"),
        ]
        check(site)

    run(live())


def test_an_account_with_a_hold_is_not_closed() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A, balance=10)
        await held(books, "h", 10)
        await refused_later("account_not_empty", books.close(A, "moved away"))

    run(live())


def test_a_statement_is_of_booking_days_with_the_balance_before_and_after() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        site.now = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
        await opened(books, A, balance=0)
        for number, hours in enumerate((0, 1, 24, 48, 72, 72, 96)):
            site.now = datetime(2026, 11, 20, 22, 30, tzinfo=UTC) + timedelta(hours=hours)
            cash = DepositRequest(account=A, amount=eur(10))
            await books.credit(asked.deposit(f"d{number}", cash))

        def day(number: int) -> date | None:
            return date(2026, 11, number) if number else None

        async def of(first: int = 0, last: int = 0, after: int = 0, limit: int = 100) -> Any:
            shown = told.statement(*await books.statement(A, day(first), day(last), after, limit))
            numbers = [entry.number for entry in shown.entries]
            return shown.opening.amount, numbers, shown.closing.amount, shown.next

        assert await of() == (0, [1, 2, 3, 4, 5, 6, 7], 70, None)
        assert await of(20, 20) == (0, [1], 10, None)
        assert await of(21, 21) == (10, [2, 3], 30, None)
        assert await of(22, 23) == (30, [4, 5, 6], 60, None)
        assert await of(first=24) == (60, [7], 70, None)
        assert await of(last=19) == (0, [], 0, None)
        assert await of(first=28) == (70, [], 70, None)
        assert await of(24, 20) == (60, [], 60, None)
        assert await of(limit=3) == (0, [1, 2, 3], 30, 3)
        assert await of(after=3, limit=3) == (30, [4, 5, 6], 60, 6)
        assert await of(after=6, limit=3) == (60, [7], 70, None)
        assert await of(after=7) == (70, [], 70, None)

    run(live())


def test_the_banks_own_accounts_have_statements_too() -> None:
    async def live() -> None:
        site = Site()
        books = site.replica()
        await opened(books, A, balance=10)
        shown = told.statement(*await books.statement("cash-EUR", None, None, 0, 100))
        assert (shown.holder, shown.closing.amount) == ("cash", -10)

    run(live())


def test_the_demonstration_accounts_are_opened_once_whatever_fails() -> None:
    async def live() -> None:
        site = Site()

        def down() -> None:
            raise Unavailable("not yet")

        site.state.before_write = down
        opening = Opening(site.replica(), BANKS[0])
        demo_pause, demo._PAUSE_SECONDS = demo._PAUSE_SECONDS, 0.0
        try:
            await asyncio.gather(opening.run(), Opening(site.replica(), BANKS[0]).run())
            await Opening(site.replica(), BANKS[0]).run()
        finally:
            demo._PAUSE_SECONDS = demo_pause
        assert opening.done
        _, accounts = await site.replica().snapshot()
        mine = {i: f for i, f in ACCOUNTS.items() if bank_of(i) == BANKS[0]}
        assert {a.id: a.posted for a in accounts if a.is_customers} == {
            iban: facts["paid_in"] for iban, facts in mine.items()
        }
        check(site)

    run(live())


@pytest.mark.parametrize(
    ("own", "payer", "payee", "legs"),
    [
        (0, A, B, [("in-transit-bank-b-EUR", -5), ("settlement-bank-b-EUR", 5)]),
        (1, A, B, [("settlement-bank-a-EUR", -5), ("in-transit-bank-a-EUR", 5)]),
    ],
    ids=["payer's bank", "payee's bank"],
)
def test_a_settlement_takes_the_money_out_of_transit_at_either_bank(
    own: int, payer: str, payee: str, legs: list[tuple[str, int]]
) -> None:
    async def live() -> None:
        wanted = models.SettlementRequest(payer=payer, payee=payee, amount=eur(5))
        settled = asked.settlement("s", wanted, BANKS[own], BANKS[0], BANKS[1])
        made = await Site().replica().credit(settled)
        assert [(leg.account, leg.amount) for leg in made.legs] == legs

    run(live())


def test_within_one_bank_and_between_others_there_is_nothing_to_settle() -> None:
    wanted = models.SettlementRequest(payer=A, payee=B, amount=eur(5))
    for banks in ((BANKS[0], BANKS[0], BANKS[0]), (BANKS[0], BANKS[1], BANKS[1])):
        with pytest.raises(Refusal) as no:
            asked.settlement("s", wanted, *banks)
        assert no.value.reason == "nothing_to_settle"
