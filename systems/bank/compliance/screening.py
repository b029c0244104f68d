"""The rules of screening: is a name on the list, or like one that is?"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from base.errors import Refusal
from systems.bank.compliance.sdn import Listed, SanctionsList
from systems.bank.names import SAME_WORD, likeness, words

Outcome = Literal["none", "close", "exact"]

CLOSE = 0.88
_MOST = 5
_similarity = JaroWinkler.similarity
_RANK: dict[Outcome, int] = {"none": 0, "close": 1, "exact": 2}


class Match(BaseModel, extra="allow"):
    """A name on the list that a party's is like, from 0 to 1."""

    number: str
    name: str
    program: str
    likeness: float


class Screened(BaseModel, extra="allow"):
    """What was found of one party."""

    role: str
    name: str
    outcome: Outcome
    matches: list[Match] = []


class Screening(BaseModel, extra="allow"):
    """A screening as it is stored: it never changes, whatever the list becomes."""

    id: str
    request: dict[str, Any]
    outcome: Outcome
    parties: list[Screened]
    list_version: str


class Screener:
    """Compares names with those of a list."""

    def __init__(self, listed: SanctionsList) -> None:
        self._list = listed
        self._with: dict[str, list[int]] = {}
        for number, each in enumerate(listed.names):
            for word in words(each.name):
                self._with.setdefault(word, []).append(number)
        self._words = list(self._with)

    def screen(
        self, screening_id: str, request: dict[str, Any], parties: Sequence[tuple[str, str]]
    ) -> Screening:
        """Return the screening of parties, each a role and a name."""
        screened = [self._party(role, name) for role, name in parties]
        outcome = max((each.outcome for each in screened), key=lambda each: _RANK[each])
        return Screening(
            id=screening_id,
            request=request,
            outcome=outcome,
            parties=screened,
            list_version=self._list.version,
        )

    def _party(self, role: str, name: str) -> Screened:
        said = words(name)
        alike = sorted(self._alike(name), key=lambda match: -match.likeness)[:_MOST]
        exact = any(words(match.name) == said for match in alike)
        outcome: Outcome = "exact" if exact else "close" if alike else "none"
        return Screened(role=role, name=name, outcome=outcome, matches=alike)

    def _alike(self, name: str) -> list[Match]:
        """Return the names on the list that are close. One without any word that is like a word of
        the name cannot be."""
        worth = {
            number
            for word in words(name)
            for alike, *_ in process.extract(
                word, self._words, scorer=_similarity, score_cutoff=SAME_WORD, limit=None
            )
            for number in self._with[alike]
        }
        listed = [self._list.names[number] for number in sorted(worth)]
        pairs = [(each, likeness(name, each.name)) for each in listed]
        return [_match(each, score) for each, score in pairs if score >= CLOSE]


def refusal_of(screening: Screening) -> Refusal | None:
    """Return why nothing may be moved: a party is on the list."""
    if screening.outcome != "exact":
        return None
    party = next(each for each in screening.parties if each.outcome == "exact")
    match = party.matches[0]
    why = f"The {party.role} has the name of entry {match.number}, {match.name} ({match.program})."
    return Refusal("sanctions_match", why)


def _match(listed: Listed, score: float) -> Match:
    return Match(
        number=listed.number, name=listed.name, program=listed.program, likeness=round(score, 3)
    )
