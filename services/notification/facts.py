"""The facts of a general notice: JSON of any shape, within limits.

A text is one line, so that no fact can end the line that it stands in: not a subject, and no header
after it. A template that is to write several lines takes a list of them.
"""

import math
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

_MOST = 2_000
_DEEPEST = 8
_LONGEST = 1_000
_EXACT = 2**53 - 1  # further integers lose digits on their way through a store (RFC 8259, 6)
_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # controls, lone surrogates, separators of lines and paragraphs


def _within_limits(facts: dict[str, JsonValue]) -> dict[str, JsonValue]:
    level = _parts(facts)
    count = 0
    for _ in range(_DEEPEST):
        count += len(level)
        if count > _MOST:
            raise ValueError(f"there are at most {_MOST} names and values")
        for value in level:
            _check(value)
        level = [part for value in level for part in _parts(value)]
        if not level:
            return facts
    raise ValueError(f"they are nested at most {_DEEPEST} deep")


def _parts(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _check(value: JsonValue) -> None:
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise ValueError(f"a text has at most {_LONGEST} characters")
        if any(unicodedata.category(character) in _BREAKS for character in value):
            raise ValueError("a text is one line, without control characters")
    elif isinstance(value, int) and abs(value) > _EXACT:
        raise ValueError(f"an integer is at most {_EXACT}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is finite")


Facts = Annotated[
    dict[str, JsonValue],
    AfterValidator(_within_limits),
    Field(
        description=f"What the template tells: JSON with at most {_MOST} names and values, nested "
        f"at most {_DEEPEST} deep. A text is one line of at most {_LONGEST} characters.",
        examples=[{"orderId": "order-001", "refunded": {"amount": 1200, "currency": "EUR"}}],
    ),
]
"""What a general notice tells, by the names that its template knows."""
