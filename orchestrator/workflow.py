"""The trip saga: search, hold, charge, confirm, tell; or undo and say why. No I/O here."""

from dapr.ext.workflow import DaprWorkflowContext

from orchestrator import approval, steps
from orchestrator.models import (
    OVER,
    Attention,
    Blocked,
    Cancellation,
    Halt,
    Milestone,
    Progress,
    TripOrder,
    TripStatus,
)
from orchestrator.saga import CANCELLED, Durable, Entry, Saga, Step, Stopped

CANCEL, RESUME = "cancel", "resume"


def book_trip(ctx: DaprWorkflowContext, order: TripOrder) -> Durable[str]:
    """Book the whole trip or nothing; return the status it ended with."""
    return _book(ctx, order, version=2)


def cancel_trip(ctx: DaprWorkflowContext, order: Cancellation) -> Durable[str]:
    """Undo a confirmed trip; return the status it ended with."""
    return _cancel(ctx, order, version=2)


def book_trip_1(ctx: DaprWorkflowContext, order: TripOrder) -> Durable[str]:
    """The first version: it neither looks at the record before it undoes anything, nor does it let
    its calls be guarded. A trip of it that starts late is as safe as it was then, not more."""
    return _book(ctx, order, version=1)


def cancel_trip_1(ctx: DaprWorkflowContext, order: Cancellation) -> Durable[str]:
    """The first version, likewise."""
    return _cancel(ctx, order, version=1)


def _book(ctx: DaprWorkflowContext, order: TripOrder, version: int) -> Durable[str]:
    trip = Progress()
    saga = _saga(ctx, trip, version, cancel=CANCEL)
    refusal_means: TripStatus = "rejected"
    if order.again:
        _owe_all(saga, order)
    try:
        yield from saga.run(*steps.searches(order))
        trip.flight, trip.hotel = yield from saga.run(*steps.holds(order, saga.values))
        trip.total = steps.total(trip.flight, trip.hotel)
        if trip.total["amount"] > order.terms.approval_limit:
            yield from approval.obtain(saga, order, trip)
        [trip.charge] = yield from saga.run(steps.charge(order, trip.total))
        refusal_means = "failed"
        trip.flight, trip.hotel = yield from saga.run(*steps.confirmations(order))
        yield from _end(saga, order, trip, "confirmed", steps.send_confirmation(order, trip))
    except Stopped as stop:
        if version > 1 and (yield from _is_over(saga, order)):
            return OVER
        trip.halt = Halt(step=stop.step, reason=stop.reason, detail=stop.detail)
        status: TripStatus = refusal_means if stop.refused else "failed"
        yield from _call_off(saga, order, trip, "cancelled" if stop.reason == CANCELLED else status)
    return trip.status


def _cancel(ctx: DaprWorkflowContext, order: Cancellation, version: int) -> Durable[str]:
    trip = order.progress
    saga = _saga(ctx, trip, version)
    if version == 1:
        _note_that_it_was_confirmed(saga, trip)
    elif (yield from _is_over(saga, order)):
        return OVER
    _owe_all(saga, order)
    trip.halt = Halt(
        step="cancel", reason=CANCELLED, detail="The customer cancelled the confirmed trip."
    )
    yield from _call_off(saga, order, trip, "cancelled")
    return trip.status


def _is_over(saga: Saga, order: TripOrder) -> Durable[bool]:
    """Say whether the trip has ended without this run, which then must undo nothing.

    If it has not, an earlier run may have done what this one does not know: then all is owed.
    """
    seen = yield from saga.record(steps.look(order))
    if seen.result == "refused":
        return True
    if saga.values[seen.step]["again"]:
        _owe_all(saga, order)
    return False


def _note_that_it_was_confirmed(saga: Saga, trip: Progress) -> None:
    """Tell it of a trip that was reopened before its record told so."""
    if not any(milestone.event == "confirmed" for milestone in trip.milestones):
        ended_at = trip.entries[-1].ended_at if trip.entries else None
        trip.milestones.append(Milestone(event="confirmed", at=ended_at or saga.now))


def _owe_all(saga: Saga, order: TripOrder) -> None:
    saga.owe(*steps.cancellations(order))
    saga.owe(steps.refund(order))


def _call_off(saga: Saga, order: TripOrder, trip: Progress, status: TripStatus) -> Durable[None]:
    """Undo everything and end with ``status``; what cannot be undone waits for its cause to be
    mended, durably. If another workflow counts by now, leave it all to that."""
    trip.status = "running"
    while left := (yield from saga.compensate()):
        if any(entry.reason == OVER for entry in left):
            return
        yield from _wait_for_help(saga, order, trip, left)
    trip.flight = saga.values.get("cancel flight", trip.flight)
    trip.hotel = saga.values.get("cancel hotel", trip.hotel)
    trip.charge = saga.values.get("refund", trip.charge)
    mail = steps.send_cancellation if status == "cancelled" else steps.send_refusal
    yield from _end(saga, order, trip, status, mail(order, trip))


def _wait_for_help(
    saga: Saga, order: TripOrder, trip: Progress, left: list[Entry]
) -> Durable[None]:
    """Wait durably until somebody says that what blocks these steps is mended."""
    told_to_go_on = saga.event(RESUME)
    blocked = [
        Blocked(step=e.step, resource=e.resource, reason=e.reason or "", detail=e.detail or "")
        for e in left
    ]
    trip.status, trip.attention = "needs_attention", Attention(since=saga.now, blocked=blocked)
    steps_left = ", ".join(each.step for each in blocked)
    trip.milestones.append(Milestone(event="needs_attention", at=saga.now, detail=steps_left))
    yield from steps.put_on_record(saga, order, trip)
    try:
        yield from saga.wait(steps_left, told_to_go_on)
    finally:
        trip.status, trip.attention = "running", None
    trip.milestones.append(Milestone(event="resumed", at=saga.now))
    yield from steps.put_on_record(saga, order, trip)


def _end(
    saga: Saga, order: TripOrder, trip: Progress, status: TripStatus, mail: Step
) -> Durable[None]:
    """Send the mail, then put the end on record. Raises Stopped when it was cancelled before.

    A trip ends without the mail of a refusal if it cannot be sent, but not without the others.
    """
    record = steps.keep(order, trip.model_copy(update={"status": status}))
    sent, kept = yield from saga.conclude(mail, record)
    while sent.result == "failed" and status in ("confirmed", "cancelled"):
        yield from _wait_for_help(saga, order, trip, [sent])
        sent, kept = yield from saga.conclude(mail, record)
    if sent.result != "done":
        kept = yield from saga.record(record)
    if kept.result == "refused":
        raise Stopped("confirm", kept.reason or "", kept.detail or "", refused=True)
    trip.status = status
    saga.report()


def _saga(
    ctx: DaprWorkflowContext, trip: Progress, version: int, cancel: str | None = None
) -> Saga:
    """Return a saga that goes on with the trip's entries, and reports the trip at each turn."""

    def report() -> None:
        trip.step = ", ".join(e.step for e in trip.entries if e.result == "running") or None
        # Also in a replay: a turn that wakes nobody, as of a cancel while calls are under way, has
        # nothing else to tell.
        ctx.set_custom_status(trip.model_dump_json(exclude_none=True))

    return Saga(ctx, report, cancel, as_first=version == 1, entries=trip.entries)
