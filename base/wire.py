"""Wire types that all apps speak: camelCase JSON, money, times, ids that the caller chooses."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """JSON in camelCase; unknown fields are refused, so a misspelt one is not lost in silence."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


def as_asked(wanted: Wire) -> dict[str, Any]:
    """Return what tells two requests apart: what was asked but for defaults, so that a release in
    which more may be asked for knows the requests of the one before."""
    return wanted.model_dump(mode="json", exclude_defaults=True)


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


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a date is text, YYYY-MM-DD")
    return value


IsoDate = Annotated[
    date,
    BeforeValidator(_text_only),
    Field(
        ge=date(2000, 1, 1),
        le=date(2099, 12, 31),
        json_schema_extra={"pattern": r"^20\d\d-\d\d-\d\d$"},
        examples=["2024-12-15"],
    ),
]
