"""Approval of a trip that costs more than its limit: its terms, the signal, the wait, the view."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from base.wire import ShortText, Timestamp, Wire
from sagas import Done, Durable, Progress, Refused, Saga, Signal, Step

_TO_CHARGE_AND_CONFIRM = timedelta(minutes=15)


class TripTerms(BaseModel, extra="allow"):
    """A total above ``approval_limit`` (minor units) waits ``approval_seconds`` for approval."""

    approval_limit: int = 500_000
    approval_seconds: float = 86_400.0

    @property
    def lasts(self) -> timedelta:
        return timedelta(seconds=self.approval_seconds)


class Decision(Wire):
    """Somebody's word on a trip that waits for approval."""

    approved: Annotated[bool, Field(strict=True)]
    by: ShortText


class ApprovalView(Wire):
    """What the trip waits for, or waited for, as its total is above ``limit`` (minor units)."""

    limit: int
    asked_at: Timestamp
    deadline: Timestamp
    approved: bool | None = None
    by: str | None = None


def _told(said: Decision) -> str:
    return f"{'Approved' if said.approved else 'Refused'} by {said.by}."


def _check(said: Decision) -> Refused | None:
    return None if said.approved else Refused(reason="approval_refused", detail=_told(said))


APPROVAL = Signal(
    "approval",
    Decision,
    check=_check,
    told=_told,
    choices={
        "Approve": Decision(approved=True, by="console"),
        "Refuse": Decision(approved=False, by="console"),
    },
    unasked="nothing_to_approve",
)


def obtain(saga: Saga, *extend: Step[Done]) -> Durable[None]:
    """Wait for approval, the holds extended by these steps."""
    lasts = saga.terms(TripTerms).lasts
    until = f"{saga.now + lasts + _TO_CHARGE_AND_CONFIRM:%Y-%m-%dT%H:%M:%SZ}"
    yield from saga.together(*(step.given(until=until) for step in extend))
    yield from saga.hear(APPROVAL, within=lasts)


def shown(progress: Progress, terms: TripTerms) -> ApprovalView | None:
    """Return the approval as the API shows it; None if the trip never waited for it."""
    wait = progress.wait_for(APPROVAL.name)
    if wait is None:
        return None
    said = wait.word or {}
    return ApprovalView(
        limit=terms.approval_limit,
        asked_at=wait.since,
        deadline=wait.until,
        approved=said.get("approved"),
        by=said.get("by"),
    )
