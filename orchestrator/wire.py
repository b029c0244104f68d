"""How the orchestrator's JSON looks: camelCase, times in UTC."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """JSON in camelCase; unknown fields are refused, so a misspelt one is not lost in silence."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


Timestamp = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    ),
    Field(description="ISO 8601 in UTC."),
]
