"""The workflow engine: starting cases in it, looking at them, telling them things."""

import logging
from typing import Any

from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow._durabletask.internal.protos import PurgeInstancesRequest
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from dapr.ext.workflow.workflow_state import WorkflowState, WorkflowStatus
from grpc import StatusCode
from grpc.aio import AioRpcError
from pydantic import BaseModel, ValidationError

from base.errors import Unavailable
from sagas.core import frame
from sagas.core.kind import Kind
from sagas.core.progress import Halt, Order, Progress
from sagas.core.seals import known_as
from sagas.engine.activities import Activities
from sagas.records.record import Record

_TRIES = 3
# Histories are signed, and somebody wrote into this one, or took its signatures away. The last one
# is said of a signed history that is to be dropped: Dapr 1.18.2 cannot. If it goes on one day, the
# record says that another workflow counts.
_TORN = (
    "missing from state store",
    "signature verification failed",
    "unsigned history events",
    "signed history but no signer is configured",
)
_BROKEN = {
    WorkflowStatus.FAILED: "The workflow broke.",
    WorkflowStatus.TERMINATED: "The workflow was ended from outside.",
    WorkflowStatus.STALLED: "The engine holds the workflow back: its history is too large, or no "
    "worker knows its version.",
}


class Unreadable(Unavailable):
    """The engine finds a workflow's state torn, or forged. Torn, while the workflow runs, passes in
    a moment; of one that was stalled by a timer it stays, and Dapr 1.18 can neither go on with it,
    nor drop it, nor start its id again: it has saved that there is an event, but not the event."""


class Engine:
    """Dapr Workflow behind the sidecar's gRPC port. Methods raise Unavailable for what may pass."""

    def __init__(self, kind: Kind[Any]) -> None:
        self._kind = kind
        quiet = LoggerOptions(log_handler=logging.NullHandler())
        self._client = DaprWorkflowClient(logger_options=quiet)

    async def start(self, record: Record) -> None:
        """Start the workflow that a case needs, unless it runs already. One that ended or broke is
        run again from its beginning: every step it repeats is idempotent."""
        known = record.progress
        order = Order(
            case_id=record.case_id,
            request=record.request,
            terms=record.terms,
            policies=record.policies,
            again=record.again,
        )
        if record.reopened:
            order.reverses = known.model_copy(update={"entries": []})
        else:
            order.irrevocable = known.irrevocable
            order.heard = [wait for wait in known.waits if wait.word is not None]
        try:
            await self._client.schedule_new_workflow(
                self._kind.reversal if record.reopened else self._kind.noun,
                input=order,
                instance_id=record.workflow_id,
            )
        except AioRpcError as fault:
            if "already exists" not in (fault.details() or ""):
                raise _failed(fault) from fault

    async def drop(self, workflow_id: str) -> None:
        """Make the engine forget a workflow that it holds back, so that it never goes on.

        Its id is of no use after that: Dapr 1.18.2 takes nothing for it until a restart.
        """
        state = await self._state(workflow_id)
        if state is None or state.runtime_status is not WorkflowStatus.STALLED:
            return
        # The client's own purge has no way to say ``force``, without which a stalled one stays.
        stub = self._client._DaprWorkflowClient__obj._get_stub()  # type: ignore[attr-defined]
        try:
            await stub.PurgeInstances(PurgeInstancesRequest(instanceId=workflow_id, force=True))
        except AioRpcError as fault:
            if not _nobody_hears(fault):
                raise _failed(fault) from fault

    async def progress(self, workflow_id: str) -> Progress | None:
        """Return how far a workflow has come, or None if there is no such workflow."""
        state = await self._state(workflow_id)
        if state is None:
            return None
        return _broken(state) if state.runtime_status in _BROKEN else _told(state)

    async def tell(self, workflow_id: str, event: str, word: BaseModel | None = None) -> bool:
        """Raise an event for a workflow; return whether there is one to hear it."""
        data = word.model_dump(mode="json", by_alias=True) if word else None
        try:
            await self._client.raise_workflow_event(
                workflow_id, known_as(event, workflow_id), data=data
            )
        except AioRpcError as fault:
            if _nobody_hears(fault):
                return False
            raise _failed(fault) from fault
        return True

    async def _state(self, workflow_id: str) -> WorkflowState | None:
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._client.get_workflow_state(workflow_id)
            except AioRpcError as fault:
                if fault.code() is StatusCode.UNAVAILABLE or not tries_left:
                    raise _failed(fault) from fault
        raise AssertionError("unreachable")


def create_runtime(kind: Kind[Any], activities: Activities) -> WorkflowRuntime:
    """Return what a worker runs: a kind's sagas and their activities, by name."""
    quiet = LoggerOptions(log_handler=logging.NullHandler())
    runtime = WorkflowRuntime(logger_options=quiet)
    register(runtime, kind)
    for name, activity in activities.by_name().items():
        runtime.register_activity(activity, name=name)
    return runtime


def register(runtime: WorkflowRuntime, kind: Kind[Any]) -> None:
    """Register a kind's workflows: all versions of its saga, of which the newest is started."""
    count = len(kind.workflows)
    for version in range(1, count + 1):
        runtime.register_versioned_workflow(
            frame.forward(kind, version),
            name=kind.noun,
            version_name=str(version),
            is_latest=version == count,
        )
    runtime.register_workflow(frame.reverse(kind), name=kind.reversal)


def _told(state: WorkflowState) -> Progress:
    _, _, told = (state.serialized_custom_status or "").partition("\t")
    try:
        return Progress.model_validate_json(told) if told else Progress()
    except ValidationError as fault:
        raise Unavailable(f"This release cannot read the status of {state.instance_id}") from fault


def _broken(state: WorkflowState) -> Progress:
    progress = _told(state)
    details = state.failure_details
    # Whatever it waited for, it does not hear any more.
    progress.status, progress.attention = "needs_attention", None
    progress.halt = Halt(
        step=progress.step or "workflow",
        reason=f"workflow_{state.runtime_status.name.lower()}",
        detail=details.message if details else _BROKEN[state.runtime_status],
    )
    return progress


def _nobody_hears(fault: AioRpcError) -> bool:
    said = fault.details() or ""
    return (
        fault.code() is StatusCode.NOT_FOUND or "no such instance" in said or "is stalled" in said
    )


def _failed(fault: AioRpcError) -> Unavailable:
    said = f"workflow engine: {fault.code().name} {fault.details()}"
    return Unreadable(said) if any(words in said for words in _TORN) else Unavailable(said)
