"""A bank's books in a Dapr state store: what is changed together is stored together or not at all.

Every change appends a line to one chain, so all writers of a bank meet at the ETag of its head: the
loser reads again and decides again. Writers of one process queue for it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from base.errors import Changed
from base.state import StateStore, Stored, Write, decided
from kit.turns import Turns
from systems.bank.accounts import chain
from systems.bank.accounts.chain import Head, Line
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

M = TypeVar("M", bound=BaseModel)
Rule = Callable[[K | None, Accounts], Change[K]]

_HEAD, _INDEX = "head", "accounts"
_AT_ONCE = 100


class Index(BaseModel, extra="allow"):
    """The ids of all accounts."""

    ids: list[str] = []


class Books:
    """One document an account, a hold, a posting, a limit's use, a statement line, an audit line.
    Methods raise Unavailable. ``own`` returns an account of the bank's own by its id, or None."""

    def __init__(
        self,
        state: StateStore,
        own: Callable[[str], Account | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._state = state
        self._own = own
        self._clock = clock
        self._turns = Turns()

    async def get(self, kind: type[K], record_id: str) -> K | None:
        """Return what is stored under the id."""
        return _read(kind, await self._one(_key(kind, record_id)))

    async def change(
        self, kind: type[K], record_id: str, rule: Rule[K], accounts: Sequence[str] = ()
    ) -> Change[K]:
        """Apply ``rule`` to what is kept under the id, and to ``accounts`` beside those that it
        touches; return the change that is stored. Raises what the rule raises, and its refusal once
        the change is stored."""
        async with self._turns.of([_HEAD]):
            change = await decided(lambda: self._once(kind, record_id, rule, accounts))
        if change.refusal:
            raise change.refusal
        return change

    async def snapshot(self) -> tuple[Head, list[Account]]:
        """Return all accounts as they were at one moment, and the end of the chain then."""
        async with self._turns.of([_HEAD]):
            return await decided(self._seen)

    async def entries(self, account: str, numbers: Iterable[int]) -> list[Entry]:
        """Return the lines of an account's statement with these numbers."""
        return await self._all(Entry, [_entry_key(account, number) for number in numbers])

    async def lines(self, numbers: Iterable[int]) -> list[Line]:
        """Return the audit lines with these numbers, but those that are missing."""
        return await self._all(Line, [_line_key(number) for number in numbers])

    async def head(self) -> Head:
        return _read(Head, await self._one(_HEAD)) or Head()

    async def _once(
        self, kind: type[K], record_id: str, rule: Rule[K], named: Sequence[str]
    ) -> Change[K]:
        key = _key(kind, record_id)
        entries = await self._present([_HEAD, key, *(_key(Account, each) for each in named)])
        known: K | None = _read(kind, entries[key])
        names = {*named, *_touched(known)}
        missing = [_key(Account, name) for name in names if _key(Account, name) not in entries]
        entries |= await self._present(missing)
        accounts = self._accounts(names, entries)
        change = rule(known, accounts)
        if change.event:
            await self._store(key, change, entries)
        return change

    async def _store(self, key: str, change: Change[K], entries: dict[str, Stored]) -> None:
        head = _read(Head, entries[_HEAD]) or Head()
        line = chain.append(head, self._clock(), change.event, change.facts)
        documents: dict[str, BaseModel] = {
            **{_key(Account, name): account for name, account in change.accounts.items()},
            key: change.kept,
            _HEAD: chain.head_of(line),
        }
        fresh: dict[str, BaseModel] = {_line_key(line.number): line}
        fresh |= {_entry_key(entry.account, entry.number): entry for entry in change.entries}
        new: list[str] = [
            name for name in change.accounts if entries[_key(Account, name)].etag is None
        ]
        if new:
            entries[_INDEX] = await self._one(_INDEX)
            index: Index = _read(Index, entries[_INDEX]) or Index()
            documents[_INDEX] = Index(ids=[*index.ids, *new])
        writes: list[Write] = [
            _write(name, document, entries[name].etag) for name, document in documents.items()
        ]
        await self._state.write(
            [*writes, *(_write(name, each, None) for name, each in fresh.items())]
        )

    async def _seen(self) -> tuple[Head, list[Account]]:
        before = await self.head()
        index = _read(Index, await self._one(_INDEX)) or Index()
        accounts = await self._all(Account, [_key(Account, name) for name in index.ids])
        if await self.head() != before:
            raise Changed("The books were changed meanwhile.")
        return before, accounts

    async def _all(self, model: type[M], keys: list[str]) -> list[M]:
        found: dict[str, Stored] = {}
        for first in range(0, len(keys), _AT_ONCE):
            found |= await self._present(keys[first : first + _AT_ONCE])
        return [read for key in keys if (read := _read(model, found[key])) is not None]

    async def _present(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Read what is stored, alone what seems absent: see `StateStore.read`."""
        keys = list(dict.fromkeys(keys))
        found = await self._state.read(keys) if keys else {}
        if len(keys) > 1:
            for key in [key for key, entry in found.items() if entry.value is None]:
                found |= await self._state.read([key])
        return found

    async def _one(self, key: str) -> Stored:
        return (await self._state.read([key]))[key]

    def _accounts(self, names: Iterable[str], entries: dict[str, Stored]) -> dict[str, Account]:
        found = {
            name: _read(Account, entries[_key(Account, name)]) or self._own(name) for name in names
        }
        return {name: account for name, account in found.items() if account is not None}


def _touched(known: Account | Hold | Posting | LimitUse | None) -> list[str]:
    if known is None:
        return []
    return [known.id] if isinstance(known, Account) else known.touches


def _read(model: type[M], entry: Stored) -> M | None:
    return None if entry.value is None else model.model_validate(entry.value)


def _write(key: str, document: BaseModel, etag: str | None) -> Write:
    return Write(key, document.model_dump(mode="json"), etag)


def _key(kind: type[BaseModel], record_id: str) -> str:
    return f"{kind.__name__.lower()}:{record_id}"


def _entry_key(account: str, number: int) -> str:
    return f"entry:{account}:{number}"


def _line_key(number: int) -> str:
    return f"line:{number}"
