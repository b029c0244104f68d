"""Finding cases without a query language, which many Dapr state stores lack.

Two kinds of documents beside the records, written in the same transactions. Logs: every case is
appended to one log of all cases (split over a few, so that writers seldom meet) and to the log of
its owner; a log is a head and full pages, which never change again. And the open cases: those
that have not ended. Pure: documents in, documents out.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any
from zlib import crc32

from pydantic import BaseModel

PAGE = 50
_PARTS = 8
_MOMENT = timedelta(seconds=1)

Documents = dict[str, Any]
Position = tuple[int, int]
"""A page of a log, and how many of its entries, counted from the oldest, have not been seen."""
AgeKey = tuple[datetime, str]


class Item(BaseModel, extra="allow"):
    """A case in an index; ``created_at`` puts it in order there, its record knows it better."""

    case_id: str
    created_at: datetime

    @property
    def age_key(self) -> AgeKey:
        return self.created_at, self.case_id


class Log(BaseModel, extra="allow"):
    """The head of a log: its newest entries, and how many full pages there are.

    ``unsettled``, of an owner's log: no case that is open is missing, but some may have ended.
    """

    pages: int = 0
    items: list[Item] = []
    unsettled: list[str] = []


class Open(BaseModel, extra="allow"):
    """Cases that have not ended."""

    items: dict[str, Item] = {}


def logs_of_all() -> list[str]:
    """Return the keys of the logs that together hold all cases."""
    return [f"cases:all.{part}" for part in range(_PARTS)]


def logs_of(owner: str) -> list[str]:
    """Return the keys of the logs that hold an owner's cases."""
    return [f"cases:owner.{sha256(owner.encode()).hexdigest()[:32]}"]


def page_key(log: str, page: int) -> str:
    return f"{log}.{page}"


def open_keys() -> list[str]:
    """Return the keys of the documents that together name all open cases."""
    return [f"open-cases:{part}" for part in range(_PARTS)]


def keys(case_id: str, owner: str) -> list[str]:
    """Return the keys of the documents that change when a case is accepted."""
    return [logs_of_all()[_part(case_id)], *logs_of(owner), open_key(case_id)]


def open_key(case_id: str) -> str:
    return open_keys()[_part(case_id)]


def with_case(stored: Mapping[str, Any], item: Item) -> Documents:
    """Return the changed documents after a case was added to those under ``keys``."""
    changed: Documents = {}
    for key, value in stored.items():
        add = opened if key in open_keys() else _logged
        changed |= add(key, value, item)
        if key not in (*open_keys(), *logs_of_all()):
            changed[key]["unsettled"].append(item.case_id)
    return changed


def unsettled(head: Any) -> list[str]:
    """Return the ids of an owner's cases that may be open, of the head of their log."""
    return Log.model_validate(head or {}).unsettled


def settled(head: Any, open_now: Collection[str]) -> Any:
    """Return the head of an owner's log with no case as unsettled that is not open now."""
    log = Log.model_validate(head or {})
    log.unsettled = [case_id for case_id in log.unsettled if case_id in open_now]
    return log.model_dump(mode="json")


def time_in_logs(stored: Mapping[str, Any], created_at: datetime) -> datetime:
    """Return when a case is to be added to the logs among the documents: of those added in the same
    moment, it is the last. A clock that was far ahead is not followed."""
    heads = [
        Log.model_validate(value or {}) for key, value in stored.items() if key.startswith("cases:")
    ]
    latest = [head.items[-1].created_at for head in heads if head.items]
    return max([created_at, *(at for at in latest if at <= created_at + _MOMENT)])


def opened(key: str, value: Any, item: Item) -> Documents:
    """Return the document of open cases with the case."""
    found = Open.model_validate(value or {})
    found.items[item.case_id] = item
    return {key: found.model_dump(mode="json")}


def closed(key: str, value: Any, case_id: str) -> Documents:
    """Return the document of open cases without the case."""
    found = Open.model_validate(value or {})
    found.items.pop(case_id, None)
    return {key: found.model_dump(mode="json")}


def open_cases(stored: Mapping[str, Any]) -> list[Item]:
    """Return the open cases in the documents, newest first."""
    parts = [Open.model_validate(value or {}).items for value in stored.values()]
    found = [item for part in parts for item in part.values()]
    return sorted(found, key=lambda item: item.age_key, reverse=True)


def _logged(key: str, value: Any, item: Item) -> Documents:
    head = Log.model_validate(value or {})
    changed: Documents = {}
    if len(head.items) >= PAGE:
        changed[page_key(key, head.pages)] = head.model_dump(mode="json", include={"items"})
        head = head.model_copy(update={"pages": head.pages + 1, "items": []})
    head.items.append(item)
    changed[key] = head.model_dump(mode="json")
    return changed


def _part(case_id: str) -> int:
    return crc32(case_id.encode()) % _PARTS


class BadPosition(Exception):
    """A position names an entry that there is not."""


class Reader:
    """Reads logs together from the newest entry to the oldest, from where ``positions`` say.

    Pages that are `missing` have to be given with `supply` before reading can go on. Raises
    BadPosition.
    """

    def __init__(self, heads: Mapping[str, Any], positions: list[Position] | None = None) -> None:
        self._pages: dict[str, list[Item]] = {}
        self._at: dict[str, Position] = {}
        for name, value in heads.items():
            head = Log.model_validate(value or {})
            self._pages[page_key(name, head.pages)] = head.items
            self._at[name] = head.pages, len(head.items)
        if positions is not None:
            self._go_to(positions)

    @property
    def positions(self) -> list[Position]:
        """Where the next entry of each log is."""
        return list(self._at.values())

    @property
    def ended(self) -> bool:
        """Whether all entries have been read."""
        return not any(page or left for page, left in self.positions)

    def missing(self, count: int) -> list[str]:
        """Return nothing if the next entry can be read, else all pages that are not there of those
        in which the next ``count`` entries can be."""
        if all(page_key(log, page) in self._pages for log, (page, _) in self._at.items()):
            return []
        return [page for page in self._ahead(count) if page not in self._pages]

    def supply(self, page: str, value: Any) -> None:
        self._pages[page] = Log.model_validate(value).items

    def newest(self) -> Item | None:
        """Take the newest entry that was not read yet; None at the end. Nothing may be missing."""
        tails = [
            (self._pages[page_key(log, page)][left - 1], log)
            for log, (page, left) in self._at.items()
            if left
        ]
        if not tails:
            return None
        item, log = max(tails, key=lambda tail: tail[0].age_key)
        page, left = self._at[log]
        back_a_page = left == 1 and page > 0
        self._at[log] = (page - 1, PAGE) if back_a_page else (page, left - 1)
        return item

    def _go_to(self, positions: list[Position]) -> None:
        try:
            at = dict(zip(self._at, positions, strict=True))
        except ValueError as fault:
            raise BadPosition from fault
        if not all(_within(at[log], head) for log, head in self._at.items()):
            raise BadPosition
        self._at = at

    def _ahead(self, count: int) -> Iterator[str]:
        for log, (page, left) in self._at.items():
            oldest = max(0, page - ceil(max(0, count - left) / PAGE))
            for ahead in range(page, oldest - 1, -1):
                yield page_key(log, ahead)


def _within(position: Position, head: Position) -> bool:
    page, left = position
    return 0 <= page <= head[0] and 0 <= left <= (PAGE if page < head[0] else head[1])
