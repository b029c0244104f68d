"""How far a case has come: what its saga reports, and what is put on record.

What is stored is read by other releases too, while replicas are replaced or after a step back. So a
field that this one does not know is no fault, and is still there when it is written back.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from sagas.core.policies import Policies

Result = Literal["running", "done", "refused", "failed"]

OPEN = ("running", "needs_attention")
UNDONE = ("rejected", "cancelled", "failed")
OVER = "case_over"


class Fault(BaseModel, extra="allow"):
    """A try that failed; the first try has number 1."""

    number: int
    reason: str
    detail: str
    started_at: datetime
    ended_at: datetime


class Entry(BaseModel, extra="allow"):
    """One line of what the saga did: a step, its tries, its result. The latest faults are kept."""

    step: str
    resource: str
    compensation: bool = False
    result: Result = "running"
    reason: str | None = None
    detail: str | None = None
    tries: int = 1
    faults: list[Fault] = []
    started_at: datetime
    tried_at: datetime
    ended_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, datetime]:
        """What tells the line from all others of the same saga, whichever run of it wrote them."""
        return self.step, self.resource, self.started_at

    def interrupted(self, at: datetime) -> "Entry":
        """Return the line as it stands once nobody goes on with it."""
        if self.result != "running":
            return self
        why = {"reason": "interrupted", "detail": "The workflow ended before it had an answer."}
        return self.model_copy(update={"result": "failed", "ended_at": at} | why)


class Halt(BaseModel, extra="allow"):
    """Why a case is not, or not yet, done."""

    step: str
    reason: str
    detail: str


class Blocked(BaseModel, extra="allow"):
    """A step that could not be completed: an undo, a message, or one past the pivot."""

    step: str
    resource: str
    reason: str
    detail: str


class Attention(BaseModel, extra="allow"):
    """What a case needs a person for, and since when."""

    since: datetime
    blocked: list[Blocked]


class Wait(BaseModel, extra="allow"):
    """A signal that is waited for, of one ``attempt`` if that is given, or was: then ``word``."""

    signal: str
    attempt: str = ""
    since: datetime
    until: datetime
    word: dict[str, Any] | None = None
    over: bool = False


class Milestone(BaseModel, extra="allow"):
    """Something of the whole case, not of one step: the word for its success, ``needs_attention``,
    ``resumed``, ``late_signal``; and what somebody asked for who was asked who they are (``by``):
    ``resume_requested``, ``signal_sent``."""

    event: str
    at: datetime
    detail: str | None = None
    by: str | None = None


class Progress(BaseModel, extra="allow"):
    """How far a case has come; with a terminal status, how it ended.

    ``results``: each resource as its service last showed it, and what the saga itself found out.
    ``irrevocable``: it is past its pivot, so nothing is undone any more.
    """

    status: str = "running"
    step: str | None = None
    results: dict[str, Any] = {}
    halt: Halt | None = None
    attention: Attention | None = None
    irrevocable: bool = False
    waits: list[Wait] = []
    entries: list[Entry] = []
    milestones: list[Milestone] = []

    @property
    def ended(self) -> bool:
        return self.status not in OPEN

    @property
    def succeeded(self) -> bool:
        return self.ended and self.status not in UNDONE

    def wait_for(self, signal: str, attempt: str = "") -> Wait | None:
        """Return the latest wait for a signal."""
        waits = [w for w in self.waits if (w.signal, w.attempt) == (signal, attempt)]
        return waits[-1] if waits else None

    def onto(self, kept: "Progress") -> "Progress":
        """Return this progress with the lines and milestones that only ``kept`` has as well.

        What a workflow tells are the lines that are new since it told some last.
        """
        lines = {entry.key: entry for entry in (*kept.entries, *self.entries)}
        new = [milestone for milestone in self.milestones if milestone not in kept.milestones]
        told = {"entries": list(lines.values()), "milestones": [*kept.milestones, *new]}
        unknown = (kept.model_extra or {}) | (self.model_extra or {})
        return self.model_copy(update=unknown | told)

    def needing_attention(self, at: datetime) -> "Progress":
        """Return the progress with word of it that a person is needed, unless that is there."""
        latest = [m for m in self.milestones if m.event in ("needs_attention", "resumed")][-1:]
        if latest and latest[0].event == "needs_attention":
            return self
        why = self.halt.reason if self.halt else None
        told = Milestone(event="needs_attention", at=at, detail=why)
        return self.model_copy(update={"milestones": [*self.milestones, told]})

    def taken_up(self, at: datetime) -> "Progress":
        """Return the progress as it is when another run of the workflow takes it up: what the last
        one left unfinished is told apart from what will be done."""
        lines = [entry.interrupted(at) for entry in self.entries]
        if self.status != "needs_attention":
            return self.model_copy(update={"entries": lines})
        told = [*self.needing_attention(at).milestones, Milestone(event="resumed", at=at)]
        went_on = {"status": "running", "halt": None, "attention": None}
        return self.model_copy(update=went_on | {"entries": lines, "milestones": told})


class Order(BaseModel, extra="allow"):
    """The input of a case's workflow.

    ``again``: an earlier run may have come to any point of it. ``reverses``: the case was done with
    this progress, and is to be undone.
    """

    case_id: str
    request: dict[str, Any]
    terms: dict[str, Any] = {}
    policies: Policies = Policies()
    again: bool = False
    irrevocable: bool = False
    heard: list[Wait] = []
    reverses: Progress | None = None
