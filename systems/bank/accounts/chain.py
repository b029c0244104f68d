"""The audit lines of a bank's books: each has the hash of the one before it, so none can be
changed, left out or put in without breaking the chain."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

GENESIS = "0" * 64


class Line(BaseModel, extra="allow"):
    """An audit line: what happened, when (UTC), and the hashes (SHA-256) of the line before and of
    this one. Lines are numbered from 1."""

    number: int
    at: datetime
    event: str
    facts: dict[str, Any] = {}
    previous: str
    hash: str

    @property
    def right_hash(self) -> str:
        """The hash that the line should have."""
        return _hash(self.number, self.at, self.event, self.facts, self.previous)


class Head(BaseModel, extra="allow"):
    """The end of the chain: the number and the hash of the last line."""

    number: int = 0
    hash: str = GENESIS


def append(head: Head, at: datetime, event: str, facts: Mapping[str, Any]) -> Line:
    """Return the line that follows the end of a chain."""
    number, kept = head.number + 1, json.loads(json.dumps(facts))
    return Line(
        number=number,
        at=at,
        event=event,
        facts=kept,
        previous=head.hash,
        hash=_hash(number, at, event, kept, head.hash),
    )


def head_of(line: Line) -> Head:
    return Head(number=line.number, hash=line.hash)


def faults(lines: Iterable[Line], head: Head, anchors: Mapping[int, str]) -> list[str]:
    """Return in words where the chain is broken: lines that were changed, left out or put in, an
    end that is not ``head``, and lines that have not the hash that was noted as ``anchors``."""
    found, before = list[str](), Head()
    for line in lines:
        if line.number != before.number + 1:
            found.append(f"line {before.number + 1} is missing: {line.number} follows")
        if line.previous != before.hash:
            found.append(f"line {line.number} does not follow the line before it")
        if line.hash != line.right_hash:
            found.append(f"line {line.number} was changed: {line.event} {line.facts}")
        if anchors.get(line.number, line.hash) != line.hash:
            found.append(f"line {line.number} has not the hash that was noted")
        before = head_of(line)
    if before != Head(number=head.number, hash=head.hash):
        found.append(f"the chain ends with line {before.number}, and should with {head.number}")
    missing = [number for number in anchors if number > before.number]
    return found + [f"line {number}, whose hash was noted, is missing" for number in missing]


def balances(lines: Iterable[Line]) -> dict[str, int]:
    """Return the balance of every account that the postings in the lines come to."""
    sums: dict[str, int] = {}
    for line in lines:
        for leg in line.facts.get("legs", []):
            sums[leg["account"]] = sums.get(leg["account"], 0) + leg["amount"]
    return sums


def _hash(number: int, at: datetime, event: str, facts: Mapping[str, Any], previous: str) -> str:
    said = [number, at.isoformat(), event, facts, previous]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
