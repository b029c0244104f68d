"""The frame of every saga: go forward; or undo, wait for help, tell, and put the end on record."""

from collections.abc import Callable
from typing import Any, TypeVar

from dapr.ext.workflow import DaprWorkflowContext
from pydantic import BaseModel

from sagas.core.calls import Refused
from sagas.core.kind import Kind
from sagas.core.progress import OVER, Halt, Order, Progress
from sagas.core.saga import Saga, Stopped
from sagas.core.turns import Durable

R = TypeVar("R", bound=BaseModel)
Workflow = Callable[[DaprWorkflowContext, Order], Durable[str]]


def forward(kind: Kind[R], version: int) -> Workflow:
    """Return the workflow that does the whole of a case or nothing, by a version of its saga,
    counted from 1. It returns the status that the case ends with."""

    def run(ctx: DaprWorkflowContext, order: Order) -> Durable[str]:
        saga, request = _saga(kind, ctx, order), kind.read(order.request)
        if order.again:
            _owe_all(kind, saga)
        try:
            yield from kind.workflows[version - 1](saga, request)
            yield from _end(kind, saga, request, kind.done)
        except Stopped as stop:
            if (yield from _is_over(kind, saga)):
                return OVER
            halt = Halt(step=stop.step, reason=stop.reason, detail=stop.detail)
            yield from _call_off(kind, saga, request, stop.status, halt)
        return saga.progress.status

    return run


def reverse(kind: Kind[R]) -> Workflow:
    """Return the workflow that undoes a case which was done. It returns the status that the case
    ends with."""

    def run(ctx: DaprWorkflowContext, order: Order) -> Durable[str]:
        saga, request = _saga(kind, ctx, order), kind.read(order.request)
        if (yield from _is_over(kind, saga)):
            return OVER
        _owe_all(kind, saga)
        words = f"The {kind.words.owner} cancelled the {kind.done} {kind.noun}."
        halt = Halt(step="cancel", reason=kind.cancelled_by, detail=words)
        yield from _call_off(kind, saga, request, "cancelled", halt)
        return saga.progress.status

    return run


def _saga(kind: Kind[Any], ctx: DaprWorkflowContext, order: Order) -> Saga:
    words = f"The {kind.words.owner} cancelled the {kind.noun}."
    cancelled = Refused(reason=kind.cancelled_by, detail=words)
    return Saga(
        ctx,
        order.case_id,
        kind.placed,
        order.policies,
        order.reverses or Progress(irrevocable=order.irrevocable),
        None if order.reverses else cancelled,
        order.terms,
        order.heard,
    )


def _is_over(kind: Kind[Any], saga: Saga) -> Durable[bool]:
    """Say whether the case has ended without this run, which then must undo nothing.

    If it has not, an earlier run may have done what this one does not know: then all is owed.
    """
    seen = yield from saga.look()
    if seen and seen.again:
        _owe_all(kind, saga)
    return seen is None


def _owe_all(kind: Kind[Any], saga: Saga) -> None:
    for undos in kind.undos:
        saga.owe(*undos)


def _call_off(kind: Kind[R], saga: Saga, request: R, status: str, halt: Halt) -> Durable[None]:
    """Undo everything and end with ``status``; what cannot be undone waits for its cause to be
    mended, durably. If another workflow counts by now, leave it all to that."""
    saga.progress.halt, saga.progress.status = halt, "running"
    while left := (yield from saga.compensate()):
        if any(entry.reason == OVER for entry in left):
            return
        yield from saga.ask_for_help(left)
    yield from _end(kind, saga, request, status)


def _end(kind: Kind[R], saga: Saga, request: R, status: str) -> Durable[None]:
    """Tell of the end, then put it on record. Raises Stopped when it was cancelled before.

    A case ends although nobody could be told of it, but not one that was done or cancelled.
    """
    must_tell = status in (kind.done, "cancelled")
    patience = saga.policies.mail if must_tell else saga.policies.step
    ended = saga.progress.model_copy(update={"status": status})
    closing = kind.closing(saga.id, request, ended)
    kept = None
    while closing and kept is None:
        told, kept = yield from saga.conclude(closing, patience, ended)
        if told.result == "failed" and must_tell:
            yield from saga.ask_for_help([told])
            kept = None
        elif told.result != "done":
            break
    if kept is None or kept.result == "running":
        kept = yield from saga.put_on_record(ended)
    if kept.result == "refused":
        raise Stopped(kind.done, kept.reason or "", kept.detail or "", "cancelled")
    saga.progress.status = status
    saga.ctx.set_custom_status(status)  # the record has all the rest
