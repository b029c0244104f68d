"""The errors of this project. Those that a caller can do something about have one root."""

from collections.abc import Mapping
from typing import Any


class ProjectError(Exception):
    """The root of all of them."""


class Refusal(ProjectError):
    """A rule's no, with a ``reason`` code for programs and a ``detail`` for people.

    Trying again would not change its mind. ``more`` has further members of its problem, as JSON.
    """

    def __init__(self, reason: str, detail: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.more = more or {}


class Unavailable(ProjectError):
    """A call had no answer, or a fault for an answer. It may pass."""


class Changed(ProjectError):
    """Another writer came first: an ETag no longer matches. Read again and decide again."""
