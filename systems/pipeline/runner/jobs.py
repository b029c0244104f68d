"""The rules of a job: it runs until it passed or did not, is lost with its runner, or is killed."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

Status = Literal["running", "passed", "failed", "timed_out", "lost"]

_LOST = "Its runner ended in the middle of it; nothing of it is left running."


class Verdict(BaseModel):
    """What a job's process came to. ``reason`` is a code for programs, of one that did not pass;
    ``result`` is what it found or made."""

    status: Status
    reason: str = ""
    detail: str = ""
    result: dict[str, Any] = {}


class Job(BaseModel, extra="allow"):
    """A job as it is stored; ``owner`` is the runner that started its process."""

    status: Status = "running"
    owner: str
    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""
    detail: str = ""
    result: dict[str, Any] = {}

    @property
    def over(self) -> bool:
        return self.status != "running"


def ended(job: Job, verdict: Verdict, at: datetime) -> Job:
    """Return a job as its process left it; one that is over stays as it is."""
    if job.over:
        return job
    return job.model_copy(update={**verdict.model_dump(), "ended_at": at})


def lost(job: Job, at: datetime) -> Job:
    """Return a job whose runner is gone."""
    return ended(job, Verdict(status="lost", reason="lost", detail=_LOST), at)


def verdict(code: int, told: Verdict | None, codes: dict[int, str]) -> Verdict:
    """Return what a job came to that ended with an exit code. It passed only if it says so itself,
    and ended well; ``codes`` are those of its keeper, with the reason of each."""
    if reason := codes.get(code):
        status: Status = "timed_out" if reason == "timed_out" else "failed"
        return Verdict(status=status, reason=reason, detail=f"It was ended: {reason}.")
    if told is None or (told.status == "passed") != (code == 0):
        return Verdict(status="failed", reason="crashed", detail=f"It ended with code {code}.")
    return told
