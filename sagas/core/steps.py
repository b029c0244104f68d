"""A step as data: which service is asked for what, what it has to answer, and what undoes it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from sagas.core.calls import Answer, Refused
from sagas.core.progress import Progress

A = TypeVar("A", bound=BaseModel)

Key = tuple[str, str]
"""A step's name and what it is about: undos and results are told apart by both."""


class Done(BaseModel, extra="ignore"):
    """Any answer will do, and nothing of it is kept."""


class Shown(BaseModel, extra="allow"):
    """Any answer will do, and all of it is kept: it shows the resource."""


@dataclass(frozen=True)
class Step(Generic[A]):
    """One call of a service, and what undoes it whether or not the call had an effect.

    ``request`` is ``"PUT reservations/{id}"``: the id in it is ``{case id}:{resource}``, so every
    call can be repeated, and every undo sent without having seen what the call answered. Where a
    resource lies within another one, ``{case}`` and ``{resource}`` are the two parts.
    ``answer`` says what must be in an answer; one without it is a fault. The answer about a
    ``resource`` is kept whole, of any other only what the model names. ``check`` looks at an answer
    and returns what is kept of it, or the refusal that it amounts to. A refusal of a step that was
    ``promised`` before, as the confirmation of a hold, is a fault of the service: the case ends
    failed, not rejected. Past a ``pivot`` nothing is undone any more: see `Saga`. ``says`` makes
    the body of how far the case has come when the call is due: so an undo can say why it is made.
    An undo that says what others told is called ``after`` these, by their names, are done.
    """

    name: str
    service: str
    request: str
    resource: str
    answer: type[A]
    undo: "Step[Any] | None" = None
    promised: bool = False
    pivot: bool = False
    check: "Callable[[A], A | Refused] | None" = None
    says: "Callable[[Progress], BaseModel] | None" = None
    after: tuple[str, ...] = ()
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.name, self.resource

    def given(self, model: BaseModel | None = None, /, **parts: object) -> "Step[A]":
        """Return the step with a body: a model, parts by their names on the wire, or both."""
        whole = {} if model is None else _plain(model)
        return replace(self, body=whole | _plain(parts))

    def about(self, resource: str) -> "Step[A]":
        """Return the step, and its undo, about another resource."""
        undo = self.undo.about(resource) if self.undo else None
        return replace(self, resource=resource, undo=undo)

    def nth(self, number: int) -> "Step[A]":
        """Return the step, and its undo, about one of several of its resource: ``parcel-2``."""
        return self.about(f"{self.resource}-{number}")

    def path(self, resource_id: str) -> str:
        """Return the path of the call about a resource, ``{case id}:{resource}``."""
        case_id, _, resource = resource_id.partition(":")
        return self._parts[1].format(id=resource_id, case=case_id, resource=resource)

    @property
    def verb(self) -> str:
        return self._parts[0]

    @property
    def _parts(self) -> list[str]:
        return self.request.split(" ", 1)

    def read(self, answer: Answer) -> Answer:
        """Return what is kept of an answer. Raises ValidationError when it lacks what is needed."""
        if answer.refusal or self.answer is Done:
            return Answer(refusal=answer.refusal)
        value = self.answer.model_validate(answer.value)
        seen = self.check(value) if self.check else value
        if isinstance(seen, Refused):
            return Answer(refusal=seen)
        return answer if self.resource and seen is value else Answer(value=_plain(seen))


class Placed(NamedTuple):
    """A step, or an undo, and the activity that makes its call."""

    activity: str
    step: Step[Any]


class Looked(BaseModel, extra="ignore"):
    """What a look at the record of an open case tells: an earlier run may have done things."""

    again: bool


KEEP = Step("keep record", "", "", "", Done)
LOOK = Step("look at record", "", "", "", Looked)
OWN = "keep"
"""The activity of the steps that ask no service but the case's own record."""


def _plain(value: object) -> Any:
    return to_jsonable_python(value, by_alias=True, exclude_none=True)
