"""Wire types of the services that run jobs."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from base.wire import Timestamp, Wire
from systems.pipeline.runner.jobs import Status

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class JobRequest(Wire):
    """What is to be done: with the commit that was checked out for the run."""

    commit: Commit


class JobState(Wire):
    """A job. One that was ``killed`` is over for good, also if it never began."""

    id: str
    status: Status | Literal["killed"]
    reason: str = ""
    detail: str = ""
    result: dict[str, Any] = Field(default_factory=dict)
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None


class LogPage(Wire):
    """A part of a log: ``text`` goes from ``offset`` to ``next``, in bytes. All of it is ``size``
    long so far; once the job is over it grows no more."""

    text: str
    offset: int
    next: int
    size: int
    over: bool
