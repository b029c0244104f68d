"""What a later release could store: all that this one does, and more."""

from typing import Any

UNKNOWN = "later_releases_say"


def with_more(value: Any) -> Any:
    """Return a stored value with one field more in every object."""
    if isinstance(value, list):
        return [with_more(each) for each in value]
    if isinstance(value, dict):
        return {name: with_more(each) for name, each in value.items()} | {UNKNOWN: "more"}
    return value
