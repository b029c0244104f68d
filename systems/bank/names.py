"""Names of people and firms, compared as a person would: accents, order and small slips aside."""

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import JaroWinkler

SAME_WORD = 0.85
_NOT_OF_THE_NAME = frozenset(
    {"mr", "mrs", "ms", "dr", "gmbh", "ag", "ltd", "llc", "bv", "nv", "sa"}
)
_SPELT = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
_APOSTROPHES = re.compile("['\u2019]")


@lru_cache(maxsize=50_000)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, sorted: ``LÓPEZ, Juan`` and ``Juan Lopez`` have the same."""
    spelt = unicodedata.normalize("NFKD", name.casefold().translate(_SPELT))
    plain = "".join(letter for letter in spelt if not unicodedata.combining(letter))
    found = re.findall(r"[^\W_]+", _APOSTROPHES.sub("", plain))
    return tuple(sorted(word for word in found if word not in _NOT_OF_THE_NAME) or sorted(found))


def likeness(one: str, other: str) -> float:
    """Return how much two names are alike, from 0 to 1.

    Each word of the shorter name is paired with the word of the longer one that is most like it. A
    long word counts for more than a short one; and a name of one word, found in a longer one, for
    less: many have it.
    """
    short, long = sorted((words(one), words(other)), key=len)
    if not short:
        return 0.0
    left, total = list(long), 0.0
    for word in sorted(short, key=len, reverse=True):
        best = max(left, key=lambda each: JaroWinkler.similarity(word, each))
        alike = JaroWinkler.similarity(word, best)
        left.remove(best)
        total += len(word) * (alike if alike >= SAME_WORD else 0.0)
    score = total / sum(map(len, short))
    return score * 0.8 if len(short) == 1 < len(long) else score
