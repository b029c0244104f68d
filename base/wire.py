"""Wire types that all apps speak: camelCase JSON, money, times, ids that the caller chooses."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """JSON in camelCase; unknown fields are refused, so a misspelt one is not lost in silence. Its
    errors do not repeat what was sent, which may be an address, into logs."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        hide_input_in_errors=True,
    )


def as_asked(wanted: Wire) -> dict[str, Any]:
    """Return what tells two requests apart: what was asked but for defaults, so that a release in
    which more may be asked for knows the requests of the one before."""
    return wanted.model_dump(mode="json", exclude_defaults=True)


# Control characters, ends of lines, and what changes the direction of writing: with U+202E in it, a
# name shows as another one.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"

OneLine = StringConstraints(pattern=rf"^[^{_UNSEEN}]*$")
"""A demand on a text: it is one line that reads as it is."""

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=128), OneLine]
"""A name, or the id of a person."""


class Money(Wire):
    """An amount in minor units (cents) with its ISO 4217 code."""

    amount: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"


# The id of the case that it belongs to, [A-Za-z0-9_-]{1,64}, a colon and a name; or the like. What
# begins with a dot could be read as a step in a path.
ResourceId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.:-]{0,127}$"),
    Field(description="Chosen by the caller, and the idempotency key of what is done with it."),
]

Timestamp = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ),
    Field(description="ISO 8601 in UTC."),
]


def _not_a_number(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise ValueError("a time is text, as 2024-12-15T10:00:00Z")


Moment = Annotated[AwareDatetime, BeforeValidator(_not_a_number)]
"""A time that somebody says: ISO 8601 with its offset from UTC, and no number."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_in_full(value: object) -> object:
    if not isinstance(value, date) and not (isinstance(value, str) and _DATE.fullmatch(value)):
        raise ValueError("a date is text, YYYY-MM-DD")
    return value


IsoDate = Annotated[
    date,
    BeforeValidator(_written_in_full),
    Field(
        ge=date(2000, 1, 1),
        le=date(2099, 12, 31),
        json_schema_extra={"pattern": r"^20\d\d-\d\d-\d\d$"},
        examples=["2024-12-15"],
    ),
]
