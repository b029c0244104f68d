"""The trip saga: search, hold, charge, confirm, tell; or undo and say why. No I/O here."""

from dapr.ext.workflow import DaprWorkflowContext, TaskFailedError

from orchestrator import steps
from orchestrator.activities import conclude
from orchestrator.models import Conclusion, Halt, Progress, TripOrder, TripStatus
from orchestrator.policies import INSIST
from orchestrator.saga import Durable, Saga, Stopped

RESUME = "resume"


def book_trip(ctx: DaprWorkflowContext, order: TripOrder) -> Durable[str]:
    """Book the whole trip or nothing; return the status it ended with."""
    trip = Progress()
    saga = Saga(ctx, report=lambda: _report(ctx, saga, trip))
    refusal_means: TripStatus = "rejected"
    try:
        yield from saga.run(*steps.searches(order.request))
        trip.flight, trip.hotel = yield from saga.run(*steps.holds(order, saga.values))
        trip.total = steps.total(trip.flight, trip.hotel)
        [trip.charge] = yield from saga.run(steps.charge(order, trip.total))
        refusal_means = "failed"
        trip.flight, trip.hotel = yield from saga.run(*steps.confirmations(order))
    except Stopped as stop:
        trip.halt = Halt(step=stop.step, reason=stop.reason, detail=stop.detail)
        yield from _undo(ctx, saga, trip)
        trip.status = refusal_means if stop.refused else "failed"
    else:
        yield from saga.insist(steps.send_confirmation(order, trip))
        trip.status = "confirmed"
    yield from _conclude(ctx, Conclusion(trip_id=order.trip_id, progress=trip))
    return trip.status


def _undo(ctx: DaprWorkflowContext, saga: Saga, trip: Progress) -> Durable[None]:
    """Undo everything; what cannot be undone waits, durably, for someone to mend its cause."""
    while (yield from saga.compensate()):
        trip.status = "needs_attention"
        saga.report()
        yield ctx.wait_for_external_event(RESUME)
        trip.status = "running"
    trip.flight = saga.values.get("cancel flight", trip.flight)
    trip.hotel = saga.values.get("cancel hotel", trip.hotel)
    trip.charge = saga.values.get("refund", trip.charge)


def _conclude(ctx: DaprWorkflowContext, conclusion: Conclusion) -> Durable[None]:
    while True:
        try:
            yield ctx.call_activity(conclude, input=conclusion, retry_policy=INSIST)
        except TaskFailedError:
            continue
        return


def _report(ctx: DaprWorkflowContext, saga: Saga, trip: Progress) -> None:
    trip.entries = saga.entries
    trip.step = ", ".join(e.step for e in saga.entries if e.result == "running") or None
    if not ctx.is_replaying:
        ctx.set_custom_status(trip.model_dump_json(exclude_none=True))
