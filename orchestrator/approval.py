"""Approval of a trip that costs more than its limit: a durable wait for a person."""

from datetime import timedelta

from orchestrator import steps
from orchestrator.models import Approval, Decision, Progress, TripOrder
from orchestrator.saga import Durable, Entry, Saga, Stopped

APPROVAL = "approval"
_TO_CHARGE_AND_CONFIRM = timedelta(minutes=15)


def obtain(saga: Saga, order: TripOrder, trip: Progress) -> Durable[None]:
    """Wait for approval, holds extended. Raises Stopped when it is refused or does not come."""
    lasts = timedelta(seconds=order.terms.approval_seconds)
    asked = trip.approval = Approval(
        limit=order.terms.approval_limit, asked_at=saga.now, deadline=saga.now + lasts
    )
    yield from saga.run(*steps.extensions(order, asked.deadline + _TO_CHARGE_AND_CONFIRM))
    entry = saga.note(APPROVAL)
    decision = saga.ctx.wait_for_external_event(APPROVAL)
    too_late = saga.ctx.create_timer(lasts)
    yield from steps.put_on_record(saga, order, trip)
    try:
        yield from saga.wait(APPROVAL, decision, too_late)
    except Stopped as stop:
        saga.close(entry, "refused", stop.reason, stop.detail)
        raise
    if not decision.is_complete:
        _refuse(saga, entry, "approval_timed_out", f"Nobody decided by {asked.deadline}.")
    said = Decision.model_validate(decision.get_result(), extra="ignore")
    asked.approved, asked.by = said.approved, said.by
    if not said.approved:
        _refuse(saga, entry, "approval_refused", f"Refused by {said.by}.")
    saga.close(entry, "done", None, f"Approved by {said.by}.")


def _refuse(saga: Saga, entry: Entry, reason: str, detail: str) -> None:
    saga.close(entry, "refused", reason, detail)
    raise Stopped(entry.step, reason, detail, refused=True)
