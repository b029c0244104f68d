"""The workflow engine: starting trips in it, looking at them, telling them things."""

import asyncio
import logging

import uvloop
from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from dapr.ext.workflow.workflow_state import WorkflowState, WorkflowStatus
from grpc import StatusCode
from grpc.aio import AioRpcError
from pydantic import BaseModel, ValidationError

from orchestrator import activities, versions
from orchestrator.models import Cancellation, Halt, Progress, TripOrder, TripRecord
from orchestrator.sidecar import CallFailed
from orchestrator.workflow import book_trip, cancel_trip

_TRIES = 3
_BROKEN = (WorkflowStatus.FAILED, WorkflowStatus.TERMINATED)


class Engine:
    """Dapr Workflow behind the sidecar's gRPC port. Methods raise CallFailed for what may pass."""

    def __init__(self) -> None:
        quiet = LoggerOptions(log_handler=logging.NullHandler())
        self._client = DaprWorkflowClient(logger_options=quiet)

    async def start(self, record: TripRecord, again: bool = False) -> None:
        """Start the workflow that a trip needs, unless it runs already."""
        order: BaseModel = TripOrder(
            trip_id=record.trip_id, request=record.request, terms=record.terms, again=again
        )
        if record.reopened:
            order = Cancellation(**dict(order), progress=record.progress)
        try:
            await self._client.schedule_new_workflow(
                cancel_trip if record.reopened else book_trip,
                input=order,
                instance_id=record.workflow_id,
            )
        except AioRpcError as fault:
            if "already exists" not in (fault.details() or ""):
                raise _failed(fault) from fault

    async def start_over(self, record: TripRecord) -> None:
        """Start a broken workflow again from its beginning; every step it repeats is idempotent,
        and it undoes also what only the broken one may have done."""
        try:
            await self._client.purge_workflow(record.workflow_id)
        except AioRpcError as fault:
            if not _unknown(fault):
                raise _failed(fault) from fault
        await self.start(record, again=True)

    async def progress(self, workflow_id: str) -> Progress | None:
        """Return how far a workflow has come, or None if there is no such workflow."""
        state = await self._state(workflow_id)
        if state is None:
            return None
        return _broken(state) if state.runtime_status in _BROKEN else _told(state)

    async def tell(self, workflow_id: str, event: str, word: BaseModel | None = None) -> bool:
        """Raise an event for a workflow; return whether there is one to hear it."""
        data = word.model_dump(mode="json") if word else None
        try:
            await self._client.raise_workflow_event(workflow_id, event, data=data)
        except AioRpcError as fault:
            if _unknown(fault):
                return False
            raise _failed(fault) from fault
        return True

    async def _state(self, workflow_id: str) -> WorkflowState | None:
        # While a workflow runs, reading it can fail for a moment with a missing inbox key.
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._client.get_workflow_state(workflow_id)
            except AioRpcError as fault:
                if fault.code() is StatusCode.UNAVAILABLE or not tries_left:
                    raise _failed(fault) from fault
        raise AssertionError("unreachable")


def create_runtime() -> WorkflowRuntime:
    """Return the worker that runs the sagas and their activities, not yet started."""
    # The worker makes its own event loop: let that be as fast as the server's.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # Its loggers pass on to the app's own; a handler of theirs would say everything twice.
    quiet = LoggerOptions(log_handler=logging.NullHandler())
    runtime = WorkflowRuntime(logger_options=quiet, worker_ready_timeout=3600)
    versions.register(runtime)
    for activity in activities.ALL:
        runtime.register_activity(activity)
    return runtime


def _told(state: WorkflowState) -> Progress:
    status = state.serialized_custom_status
    try:
        return Progress.model_validate_json(status) if status else Progress()
    except ValidationError as fault:
        raise CallFailed(f"This release cannot read the status of {state.instance_id}") from fault


def _broken(state: WorkflowState) -> Progress:
    progress = _told(state)
    details = state.failure_details
    progress.status = "needs_attention"
    progress.halt = Halt(
        step=progress.step or "workflow",
        reason=f"workflow_{state.runtime_status.name.lower()}",
        detail=details.message if details else "The workflow was ended from outside.",
    )
    return progress


def _unknown(fault: AioRpcError) -> bool:
    return fault.code() is StatusCode.NOT_FOUND or "no such instance" in (fault.details() or "")


def _failed(fault: AioRpcError) -> CallFailed:
    return CallFailed(f"workflow engine: {fault.code().name} {fault.details()}")
