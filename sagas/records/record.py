"""The record of a case, which outlives its workflow's history."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from sagas.core.policies import Policies
from sagas.core.progress import Progress

UNREADABLE = "workflow_unreadable"
LOST = frozenset({"workflow_stalled", UNREADABLE})


class Record(BaseModel, extra="allow"):
    """The orchestrator's own record of a case.

    ``digest`` tells its ``request`` from others. ``again``: its workflow was, or is to be, started
    once more, so an earlier run may have come to any point. ``begun_by`` and ``cancelled_by`` name
    who asked for it, where people are asked who they are. ``lost``: how many of its workflows the
    engine lost for good. ``reopened``: it was done, and then cancelled. ``trace_id``: of the
    request, if traced.
    """

    case_id: str
    digest: str
    request: dict[str, Any]
    owner: str
    terms: dict[str, Any] = {}
    policies: Policies = Policies()
    created_at: datetime
    begun_by: str | None = None
    trace_id: str | None = None
    cancel_requested_at: datetime | None = None
    cancelled_by: str | None = None
    again: bool = False
    lost: int = 0
    reopened: bool = False
    ended_at: datetime | None = None
    progress: Progress = Progress()

    def is_younger_than(self, age: timedelta, now: datetime) -> bool:
        """Whether it was accepted just now. What is dated further ahead than that is not young: the
        clock that dated it was wrong, and nobody knows its age."""
        return abs(now - self.created_at) < age

    @property
    def ended(self) -> bool:
        return self.progress.ended

    @property
    def workflow_id(self) -> str:
        """The id of the workflow that has the case in hand, or had it last."""
        name = f"{self.case_id}.cancellation" if self.reopened else self.case_id
        return f"{name}.{self.lost + 1}" if self.lost else name

    def is_by(self, workflow_id: str | None) -> bool:
        """Whether a workflow that says its id, or none, may speak for the case."""
        return workflow_id is None or workflow_id == self.workflow_id


def digest(request: BaseModel) -> str:
    """Return what tells two requests apart: what was asked but for defaults, so that a release in
    which more may be asked for knows the requests of the one before."""
    asked = request.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
