"""An ear of a saga: which signals it listens for, about what, how long, and what it heard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from sagas.core.progress import Entry, Wait
from sagas.core.signals import Signal

S = TypeVar("S", bound=BaseModel)


@dataclass(eq=False)
class Ear(Generic[S]):
    """A wait for one of several ``signals`` about one ``attempt``; `Saga.listen` opens it, and it
    is open until it heard something. ``said`` is what it heard."""

    signals: Sequence[Signal[S]]
    attempt: str
    within: timedelta
    late: S | None
    said: S | None = None
    waits: list[Wait] = field(default_factory=list)
    entry: Entry | None = None
    too_late: Any = None
    again: Any = None
    is_new: bool = True
    is_told: bool = False

    @cached_property
    def asked(self) -> Signal[S] | None:
        """The first of its signals that is asked for, too."""
        return next((signal for signal in self.signals if signal.ask), None)

    @property
    def line(self) -> Entry:
        """Its line; one that an earlier run of the case heard has none."""
        assert self.entry is not None
        return self.entry
