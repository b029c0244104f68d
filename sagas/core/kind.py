"""All that the toolkit has to know about one kind of case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel

from base.lenient import lenient
from sagas.core.policies import Policies
from sagas.core.progress import OPEN, UNDONE, Progress
from sagas.core.saga import CANCEL, RESUME, Saga
from sagas.core.signals import Signal
from sagas.core.steps import Placed, Step
from sagas.core.turns import Durable
from sagas.core.words import Words, with_article

R = TypeVar("R", bound=BaseModel)


class NoTerms(BaseModel, extra="allow"):
    """A kind whose cases are all started under the same terms."""


@dataclass(frozen=True)
class Show(Generic[R]):
    """A field of the API's view of a case: its name in snake case, its type, and how it is made of
    request, progress and terms. One that is ``listed`` is in lists too."""

    name: str
    type: Any
    of: Callable[[R, Progress, BaseModel], Any]
    listed: bool = False


@dataclass(frozen=True)
class Kind(Generic[R]):
    """One kind of case, as trips are one.

    ``noun`` names it and ``done`` is its status once all went well. ``request`` is what may be
    asked for. ``rows`` are the steps by the activity that makes their calls: those of one row can
    run together. ``workflows`` are the versions of its saga, the newest last: a case goes on with
    the one that it was started with. ``closing`` returns the step that tells of the end. ``owner``
    and ``title`` say whose it is and what. ``terms`` are settings that a case keeps as they were
    when it began. Of a kind that ``reverses``, a case that is done can still be cancelled: then all
    is undone. ``example`` is a request that works. ``also`` are more names of routes: the verb and
    path by ``begin``, ``get``, or ``signal`` and its name.
    """

    noun: str
    done: str
    request: type[R]
    rows: Mapping[str, Sequence[Step[Any]]]
    workflows: Sequence[Callable[[Saga, R], Durable[None]]]
    closing: Callable[[str, R, Progress], Step[Any] | None]
    owner: Callable[[R], str]
    title: Callable[[R], str]
    signals: Sequence[Signal[Any]] = ()
    terms: type[BaseModel] = NoTerms
    policies: Policies = field(default_factory=Policies)
    reverses: bool = False
    words: Words = field(default_factory=Words)
    shows: Sequence[Show[R]] = ()
    example: Mapping[str, Any] | None = None
    nouns: str = ""
    also: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.done in (*OPEN, *UNDONE):
            one = with_article(self.noun)
            raise ValueError(f"{self.done} cannot be the word for {one} that went well")
        for name in [signal.name for signal in self.signals]:
            if name in (CANCEL, RESUME) or sum(s.name == name for s in self.signals) > 1:
                raise ValueError(f"{name} cannot be the name of a signal: there is one already")
        assert self.placed is not None

    @property
    def plural(self) -> str:
        return self.nouns or f"{self.noun}s"

    @property
    def app_id(self) -> str:
        return f"{self.noun}-orchestrator"

    @property
    def reversal(self) -> str:
        """The name of the workflow that undoes a case which was done."""
        return f"{self.noun}_cancellation"

    @property
    def statuses(self) -> tuple[str, ...]:
        """Every status that a case can have."""
        return "running", self.done, *UNDONE, "needs_attention"

    @property
    def cancelled_by(self) -> str:
        """The reason code of a case that its owner cancelled."""
        return f"cancelled_by_{self.words.owner}"

    @property
    def undos(self) -> list[list[Step[Any]]]:
        """All undos, in the order in which they come to be owed."""
        owed = [[step.undo for step in row if step.undo] for row in self.rows.values()]
        return [together for together in owed if together]

    @property
    def services(self) -> list[str]:
        """The app-ids of the participants."""
        return list(dict.fromkeys(placed.step.service for placed in self.placed.values()))

    @cached_property
    def placed(self) -> dict[str, Placed]:
        """Every step and undo, by its name. Raises ValueError when two differ but in resource."""
        found: dict[str, Placed] = {}
        for row, steps in self.rows.items():
            for step in steps:
                _place(found, row, step)
                if step.undo:
                    _place(found, f"undo {row}", step.undo)
        return found

    @cached_property
    def activities(self) -> list[str]:
        """The names of the activities that call services."""
        return list(dict.fromkeys(placed.activity for placed in self.placed.values()))

    def signal(self, name: str) -> Signal[Any] | None:
        """Return the signal of this name."""
        return next((signal for signal in self.signals if signal.name == name), None)

    def read(self, request: Mapping[str, Any]) -> R:
        """Return a request as it was stored: read less strictly than it was accepted, perhaps by
        another release."""
        read: Any = lenient(self.request).model_validate(request)
        return cast(R, read)


def _place(found: dict[str, Placed], activity: str, step: Step[Any]) -> None:
    known = found.setdefault(step.name, Placed(activity, step))
    if known.step.about("") != step.about(""):
        raise ValueError(f"There are two different steps of the name {step.name}")
