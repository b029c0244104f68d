"""The workflow engine, as the orchestrator's requests see it: start a trip, look, wake it."""

import logging

from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.workflow_state import WorkflowState, WorkflowStatus
from grpc import StatusCode
from grpc.aio import AioRpcError

from orchestrator import activities
from orchestrator.models import Halt, Progress, TripOrder
from orchestrator.sidecar import CallFailed
from orchestrator.workflow import RESUME, book_trip

_TRIES = 3
_log = logging.getLogger("orchestrator.engine")


class Engine:
    """Dapr Workflow behind the sidecar's gRPC port. Methods raise CallFailed for what may pass."""

    def __init__(self) -> None:
        self._client = DaprWorkflowClient()

    async def start(self, order: TripOrder) -> None:
        """Start the workflow of a trip, unless it runs already."""
        try:
            await self._client.schedule_new_workflow(
                book_trip, input=order, instance_id=order.trip_id
            )
        except AioRpcError as fault:
            if "already exists" not in (fault.details() or ""):
                raise _failed(fault) from fault

    async def progress(self, trip_id: str) -> Progress | None:
        """Return how far a trip's workflow has come, or None if there is no such workflow."""
        state = await self._state(trip_id)
        if state is None:
            return None
        if state.runtime_status in (WorkflowStatus.FAILED, WorkflowStatus.TERMINATED):
            return _broken(state)
        status = state.serialized_custom_status
        return Progress.model_validate_json(status) if status else Progress()

    async def resume(self, trip_id: str) -> None:
        """Tell a trip that waits for attention to go on."""
        try:
            await self._client.raise_workflow_event(trip_id, RESUME)
        except AioRpcError as fault:
            raise _failed(fault) from fault

    async def _state(self, trip_id: str) -> WorkflowState | None:
        # While a workflow runs, reading it can fail for a moment with a missing inbox key.
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._client.get_workflow_state(trip_id)
            except AioRpcError as fault:
                if fault.code() is StatusCode.UNAVAILABLE or not tries_left:
                    raise _failed(fault) from fault
        raise AssertionError("unreachable")


def create_runtime() -> WorkflowRuntime:
    """Return the worker that runs the saga and its activities, not yet started."""
    runtime = WorkflowRuntime(worker_ready_timeout=3600)
    runtime.register_workflow(book_trip)
    for activity in activities.ALL:
        runtime.register_activity(activity)
    return runtime


def _broken(state: WorkflowState) -> Progress:
    status = state.serialized_custom_status
    progress = Progress.model_validate_json(status) if status else Progress()
    details = state.failure_details
    progress.status = "needs_attention"
    progress.halt = Halt(
        step=progress.step or "workflow",
        reason=f"workflow_{state.runtime_status.name.lower()}",
        detail=details.message if details else "The workflow was ended from outside.",
    )
    return progress


def _failed(fault: AioRpcError) -> CallFailed:
    return CallFailed(f"workflow engine: {fault.code().name} {fault.details()}")
