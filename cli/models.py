"""What an orchestrator tells, as the command line reads it: whatever else is told is no fault."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from cli.exits import NOT_DONE, OK, STILL_RUNNING


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Signal(_Told):
    """A signal that a case may wait for. ``says`` is the JSON schema of its word."""

    name: str
    by: str
    says: dict[str, Any]


class Kind(_Told):
    """A kind of case: its words, its signals, and the JSON schema of its request."""

    noun: str
    nouns: str
    done: str
    owner: str
    statuses: list[str] = []
    steps: list[str] = []
    signals: list[Signal] = []
    request: dict[str, Any] = {}
    example: dict[str, Any] | None = None


class Line(_Told):
    """One step or compensation of a case, and how often it was tried."""

    step: str
    result: str
    attempts: int
    started_at: str


class Why(_Told):
    """A step that ended a case, or that blocks it."""

    step: str
    reason: str
    detail: str


class Attention(_Told):
    """What a case needs a person for."""

    blocked: list[Why]


class Progress(_Told):
    """How far a case of any kind has come. One in a list has no lines."""

    status: str
    step: str | None = None
    halt: Why | None = None
    attention: Attention | None = None
    created_at: str
    ended_at: str | None = None
    cancel_requested_at: str | None = None
    trace_id: str | None = None
    steps: list[Line] = []
    compensations: list[Line] = []


class Wait(_Told):
    """A signal that a case waits for until then, or waited for: then it is ``over``."""

    signal: str
    attempt: str = ""
    until: str
    over: bool


class Event(_Told):
    """One line of the audit trail."""

    at: str
    event: str
    step: str = ""
    reason: str = ""
    detail: str = ""
    by: str = ""


@dataclass(frozen=True)
class Case:
    """A case of a kind: what is told of every case, what this kind tells ``more``, and the JSON
    ``body`` of which both were read."""

    kind: Kind
    id: str
    owner: str
    progress: Progress
    more: dict[str, Any]
    body: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """0 once it went well, 4 while it runs or needs attention, 1 for everything else."""
        status = self.progress.status
        if status == self.kind.done:
            return OK
        return STILL_RUNNING if status in ("running", "needs_attention") else NOT_DONE


_EVERY_CASE = {to_camel(name) for name in Progress.model_fields} | {"request"}


def is_case(kind: Kind, body: dict[str, Any]) -> bool:
    """Whether JSON is a case of the kind."""
    return f"{kind.noun}Id" in body


def read_case(kind: Kind, body: dict[str, Any]) -> Case:
    """Return the case that JSON tells of. Raises pydantic's ValidationError when it is none."""
    id_name = f"{kind.noun}Id"
    known = _EVERY_CASE | {id_name, kind.owner}
    return Case(
        kind=kind,
        id=body[id_name],
        owner=body.get(kind.owner, ""),
        progress=Progress.model_validate(body),
        more={name: value for name, value in body.items() if name not in known},
        body=body,
    )
