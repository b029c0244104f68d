"""Hold, post, reverse, credit, freeze, look: what one does with a bank's books."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from prometheus_client import Counter

from base.errors import Refusal
from kit.expiry import Clearing
from kit.meters import note
from systems.bank.accounts import keeping, ledger, limits, system_accounts
from systems.bank.accounts.books import Books, Rule
from systems.bank.accounts.chain import Head, Line
from systems.bank.accounts.days import booking_day, value_date
from systems.bank.accounts.ledger import AskedCredit, AskedHold, Told
from systems.bank.accounts.limits import AskedLimit
from systems.bank.accounts.records import (
    Account,
    Accounts,
    Change,
    Entry,
    Hold,
    K,
    LimitUse,
    Posting,
)
from systems.bank.banks import Bank, bank_of

CHANGES = Counter("bank_changes_total", "Changes of the books, by what was done", ["done"])
Deed = Literal["freeze", "unfreeze"]
_FREEZES = {"freeze": keeping.freeze, "unfreeze": keeping.unfreeze}


@dataclass(frozen=True)
class _Watched:
    """A hold as what clears holds looks at it."""

    id: str
    pools: Sequence[str]
    created_at: datetime
    expires_at: datetime | None
    status: str = "held"


class Bookkeeping:
    """Applies the rules to what the books keep, at the time the clock tells. Its methods refuse
    what the rules of the same name refuse."""

    def __init__(self, books: Books, clearing: Clearing, clock: Callable[[], datetime]) -> None:
        self._books = books
        self._clearing = clearing
        self._clock = clock

    async def open_account(self, asked: Account) -> Account:
        return await self._kept(
            Account, asked.id, lambda known, _: keeping.open_account(asked, known), [asked.id]
        )

    async def turn(self, account: str, deed: Deed, reason: str) -> Account:
        """Freeze or unfreeze an account."""
        rule = _FREEZES[deed]
        return await self._kept(Account, account, lambda known, _: rule(account, reason, known))

    async def close(self, account: str, reason: str) -> Account:
        return await self._kept(
            Account,
            account,
            lambda known, _: keeping.close(account, reason, known, self._clock()),
        )

    async def account(self, account: str) -> Account:
        """Return an account. Refuses ``unknown_account``."""
        found = await self._books.get(Account, account) or system_accounts.own(account)
        if found is None:
            raise Refusal("unknown_account", f"There is no account {account}.")
        return found

    async def check(self, account: str, currency: str) -> Account:
        """Return an account that may be debited and credited. Refuses as `ledger.usable`."""
        found = await self._books.get(Account, account)
        return ledger.usable(account, currency, {account: found} if found else {})

    async def credit(self, asked: AskedCredit) -> Posting:
        """Book a credit from the in-transit account, a deposit of cash, or a settlement."""
        return await self._kept(
            Posting,
            asked.id,
            lambda known, accounts: ledger.credit(
                asked, value_date(self._clock()), known, accounts, self._clock()
            ),
            [asked.source, asked.account],
        )

    async def hold(self, asked: AskedHold) -> Hold:
        held = await self._kept(
            Hold,
            asked.id,
            lambda known, accounts: ledger.hold(asked, known, accounts, self._clock()),
            [asked.account],
        )
        self._watch(held)
        return held

    async def extend(self, hold_id: str, until: datetime) -> Hold:
        held = await self._kept(
            Hold,
            hold_id,
            lambda known, accounts: ledger.extend(hold_id, known, accounts, self._clock(), until),
        )
        self._watch(held)
        return held

    async def post(self, hold_id: str, posting_id: str, payee: str, remittance: str) -> Hold:
        known = await self._books.get(Hold, hold_id)
        currency = known.currency if known and known.currency else "EUR"
        in_transit = system_accounts.in_transit(reached(payee), currency)
        fees, now = system_accounts.fees(currency), self._clock()
        told = Told(value_date(now), payee, remittance)
        return await self._kept(
            Hold,
            hold_id,
            lambda known, accounts: ledger.post(
                hold_id, posting_id, in_transit, fees, told, known, accounts, self._clock()
            ),
            [in_transit, fees],
        )

    async def void(self, hold_id: str) -> Hold:
        return await self._kept(
            Hold, hold_id, lambda known, at: ledger.void(hold_id, known, at, self._clock())
        )

    async def release(self, hold_id: str) -> Hold:
        return await self._kept(
            Hold, hold_id, lambda known, at: ledger.release(hold_id, known, at, self._clock())
        )

    async def reverse(self, hold_id: str, reason: str) -> Hold:
        known = await self._books.get(Hold, hold_id)
        suspense = system_accounts.suspense(known.currency if known and known.currency else "EUR")
        day = value_date(self._clock())
        return await self._kept(
            Hold,
            hold_id,
            lambda known, accounts: ledger.reverse(
                hold_id, reason, suspense, day, known, accounts, self._clock()
            ),
            [suspense],
        )

    async def held(self, hold_id: str) -> Hold:
        """Return the hold, expired if it ran out. Refuses ``unknown_hold``."""
        found = await self._books.get(Hold, hold_id)
        if found is None:
            raise Refusal("unknown_hold", f"There is no hold {hold_id}.")
        return await self._expired(hold_id) if found.status == "pending" else found

    async def posting(self, posting_id: str) -> Posting:
        """Return a credit, deposit or settlement. Refuses ``unknown_posting``."""
        found = await self._books.get(Posting, posting_id)
        if found is None:
            raise Refusal("unknown_posting", f"There is no posting {posting_id}.")
        return found

    async def take_limit(self, asked: AskedLimit) -> LimitUse:
        return await self._kept(
            LimitUse, asked.id, lambda known, at: limits.take(asked, known, at), [asked.account]
        )

    async def release_limit(self, limit_id: str) -> LimitUse:
        return await self._kept(
            LimitUse, limit_id, lambda known, at: limits.release(limit_id, known, at)
        )

    async def clear(self, pool: str) -> int:
        """End the holds of the account ``pool`` that ran out; return how many there were."""
        lapsed = (await self.account(pool)).lapsed(self._clock())
        return sum([(await self._expired(hold)).status == "expired" for hold in lapsed])

    async def snapshot(self) -> tuple[Head, list[Account]]:
        """Return all accounts as they are at one moment."""
        return await self._books.snapshot()

    async def lines(self, after: int, limit: int) -> tuple[list[Line], Head]:
        """Return so many audit lines after that number, and the end of the chain."""
        head = await self._books.head()
        last = min(head.number, after + limit)
        return await self._books.lines(range(after + 1, last + 1)), head

    async def statement(
        self, account: str, first: date | None, last: date | None, after: int, limit: int
    ) -> tuple[Account, list[Entry], int, bool]:
        """Return an account, its entries of these booking days (at the most so many, after that
        number), the balance before them, and whether there are more."""
        found = await self.account(account)
        start = max(after, await self._entries_before(found, first) if first else 0)
        end = await self._entries_before(found, last, too=True) if last else found.entries
        shown = max(start, min(end, start + limit))
        read = await self._books.entries(account, range(max(1, start), shown + 1))
        before = read.pop(0).balance if start and read else 0
        return found, read, before, shown < end

    async def _entries_before(self, account: Account, day: date, too: bool = False) -> int:
        """Return how many entries were booked before a day, or until its end: a binary search, for
        they were booked in the order of their numbers."""
        low, high = 0, account.entries
        while low < high:
            middle = (low + high) // 2
            [entry] = await self._books.entries(account.id, [middle + 1])
            booked = booking_day(entry.booked_at)
            if booked < day or (too and booked == day):
                low = middle + 1
            else:
                high = middle
        return low

    async def _expired(self, hold_id: str) -> Hold:
        def rule(known: Hold | None, accounts: Accounts) -> Change[Hold]:
            assert known is not None, "a claim is stored only together with its hold"
            return ledger.expire(known, accounts, self._clock())

        return await self._kept(Hold, hold_id, rule)

    async def _kept(
        self, kind: type[K], record_id: str, rule: Rule[K], accounts: Sequence[str] = ()
    ) -> K:
        change = await self._books.change(kind, record_id, rule, accounts)
        if change.event:
            note(CHANGES, change.event, record_id)
        if isinstance(change.kept, Hold) and change.kept.status != "pending":
            self._clearing.forget(record_id)
        return change.kept

    def _watch(self, held: Hold) -> None:
        if held.status == "pending":
            self._clearing.watch(
                _Watched(held.id, [held.account], held.created_at, held.expires_at)
            )


def reached(iban: str) -> Bank:
    """Return the bank of an account. Refuses ``unknown_bank``."""
    bank = bank_of(iban)
    if bank is None:
        raise Refusal("unknown_bank", f"The bank of {iban} cannot be reached.")
    return bank
