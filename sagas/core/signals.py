"""A word from outside that a saga waits for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from sagas.core.calls import Refused
from sagas.core.steps import Step

S = TypeVar("S", bound=BaseModel)

ASKED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Signal(Generic[S]):
    """``says`` is what it says.

    A person's word is refused unless it is waited for. A participant's may come before the saga
    waits: it is kept. Both may carry the ``attempt`` that they answer: of another attempt, they
    change nothing. ``check`` returns the refusal that a word amounts to, which stops the saga;
    ``told`` puts a word into words for people. ``choices`` are what a person chooses from on a
    page, by what the buttons say. ``of_owner``: that person is the case's owner. ``unasked`` is the
    reason code of a person's word that nobody waits for. ``forbids`` is given the case's request
    and a word, and returns the refusal if this person may not say this of this case: then nobody is
    told anything. ``service`` is the app-id of the participant that tells it; without one, every
    participant of the kind may. Who says a word is in its field ``by``, if it matters. One with
    ``ask`` is `asked` for.
    """

    name: str
    says: type[S]
    by: Literal["person", "participant"] = "person"
    check: Callable[[S], Refused | None] | None = None
    told: Callable[[S], str] | None = None
    choices: Mapping[str, S] = field(default_factory=dict)
    of_owner: bool = False
    unasked: str = "not_waited_for"
    forbids: Callable[[Any, S], Refused | None] | None = None
    service: str = ""
    ask: Step[S] | None = None
    every: timedelta = ASKED_EVERY

    def asked(self, step: Step[S], every: timedelta = ASKED_EVERY) -> "Signal[S]":
        """Return the signal as one that is also asked for with a step, now and then, for a word can
        get lost. The step is about the attempt that is waited for; its refusal means "not yet"."""
        return replace(self, ask=step, every=every)

    def event(self, attempt: str) -> str:
        """Return the name of the engine's event for it."""
        return f"{self.name}:{attempt}" if attempt else self.name

    def read(self, word: Any) -> S:
        """Return what was said; another release may have said more."""
        return self.says.model_validate(word, extra="ignore")
