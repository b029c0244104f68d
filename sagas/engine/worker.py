"""The workflow worker, on the event loop of the app.

The SDK's own has a loop and threads beside, between which a work item hops four or five times. This
one reads the items with gRPC's asyncio, and leaves what runs them to the SDK: the registry, the
executor of workflows (`sagas.engine.workflows`) and that of activities. These are private parts, so
their version is pinned, and a test notices when they move.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from dapr.clients.http.conf import DAPR_API_TOKEN_HEADER
from dapr.conf import settings
from dapr.ext.workflow import WorkflowRuntime
from dapr.ext.workflow._durabletask.internal import helpers
from dapr.ext.workflow._durabletask.internal import orchestrator_service_pb2_grpc as service
from dapr.ext.workflow._durabletask.internal import protos as pb
from google.protobuf.empty_pb2 import Empty

from sagas.engine.workflows import Workflows

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_DRAIN_SECONDS = 5.0
_MOST_IN_HAND = 1_000
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
]
_log = logging.getLogger("sagas.worker")


def own_sidecar() -> str:
    """Return host and port of this app's sidecar, for gRPC."""
    return f"{settings.DAPR_RUNTIME_HOST}:{settings.DAPR_GRPC_PORT}"


class Worker:
    """Runs the workflows and activities that are registered with ``runtime``, for the sidecar at
    ``address`` (host and port).

    ``most_in_hand`` items are in hand at the most: while there are so many, no more are read, and
    the sidecar waits.
    """

    def __init__(
        self,
        runtime: WorkflowRuntime,
        address: str,
        most_in_hand: int = _MOST_IN_HAND,
    ) -> None:
        self._sdk: Any = runtime._WorkflowRuntime__worker  # type: ignore[attr-defined]
        self._workflows = Workflows(self._sdk._registry)
        self._address = address
        token = settings.DAPR_API_TOKEN
        self._metadata = ((DAPR_API_TOKEN_HEADER, token),) if token else ()
        self._room = asyncio.Semaphore(most_in_hand)
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled; then finish what is in hand, for some seconds.

        A sidecar that is away is looked for again, after pauses that grow to some seconds. What it
        has not got an answer for, it hands out anew.
        """
        async with grpc.aio.insecure_channel(self._address, options=_OPTIONS) as channel:
            self._stub: Any = service.TaskHubSidecarServiceStub(channel)  # type: ignore[no-untyped-call]
            try:
                await self._read_on()
            finally:
                await self._drain()

    async def _read_on(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._stub.Hello(Empty(), metadata=self._metadata, wait_for_ready=True)
                stream = self._stub.GetWorkItems(pb.GetWorkItemsRequest(), metadata=self._metadata)
                try:
                    async for item in stream:
                        pause = _FIRST_PAUSE_SECONDS
                        await self._take(item)
                finally:
                    stream.cancel()  # else the sidecar would go on handing items out to it
                _log.info("The stream of work items ended.")
            except grpc.aio.AioRpcError as fault:
                _log.info("No work items: %s %s", fault.code().name, fault.details())
            except Exception:  # whatever it is, an orchestrator must not go on without its worker
                _log.exception("Reading work items broke; it is tried again")
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _take(self, item: Any) -> None:
        """Start on an item as soon as there is room for it."""
        await self._room.acquire()
        task = asyncio.create_task(self._work(item))
        self._in_hand.add(task)
        task.add_done_callback(self._put_down)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._room.release()

    async def _drain(self) -> None:
        if self._in_hand:
            _, late = await asyncio.wait(self._in_hand, timeout=_DRAIN_SECONDS)
            for task in late:
                task.cancel()

    async def _work(self, item: Any) -> None:
        if item.HasField("workflowRequest"):
            request, token = item.workflowRequest, item.completionToken
            answer, failed = self._turn(request, token), _failed_turn
            complete = self._stub.CompleteOrchestratorTask
        elif item.HasField("activityRequest"):
            request, token = item.activityRequest, item.completionToken
            answer, failed = await self._activity(request, token), _failed_activity
            complete = self._stub.CompleteActivityTask
        else:
            return
        await self._deliver(complete, answer, lambda why: failed(request, token, why))

    def _turn(self, request: Any, token: str) -> Any:
        """Return what a workflow does at this turn. It runs at once: its code does no I/O."""
        try:
            done = self._workflows.turn(request.instanceId, request.pastEvents, request.newEvents)
        except Exception as error:
            _log.exception("A turn of %s broke", request.instanceId)
            return _failed_turn(request, token, error)
        version = None
        if done.version_name or done.patches:
            version = pb.WorkflowVersion(name=done.version_name, patches=done.patches)
        return pb.WorkflowResponse(
            instanceId=request.instanceId,
            actions=done.actions,
            customStatus=helpers.get_string_value(done.encoded_custom_status),
            completionToken=token,
            version=version,
        )

    async def _activity(self, request: Any, token: str) -> Any:
        """Return what an activity returns, or how it failed."""
        instance_id = request.workflowInstance.instanceId
        with self._sdk._activity_span(request, instance_id):
            try:
                result = await self._sdk._activity_executor.execute_async(
                    self._sdk._registry.get_activity(request.name),
                    instance_id,
                    request.name,
                    request.taskId,
                    request.input.value,
                    request.taskExecutionId,
                )
            except Exception as error:
                return _failed_activity(request, token, error)
        return pb.ActivityResponse(
            instanceId=instance_id,
            taskId=request.taskId,
            result=helpers.get_string_value(result),
            completionToken=token,
        )

    async def _deliver(
        self,
        complete: Callable[..., Awaitable[Any]],
        answer: Any,
        failed: Callable[[Exception], Any],
    ) -> None:
        """Give an answer to the sidecar; of one that is too large for it, say so instead: else it
        would hand the item out again and again."""
        try:
            await complete(answer, metadata=self._metadata)
        except grpc.aio.AioRpcError as fault:
            if fault.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                _log.info("An answer was not taken: %s %s", fault.code().name, fault.details())
                return
            _log.error("An answer is too large: %s", fault.details())
            too_large = RuntimeError(f"The answer is too large: {fault.details()}")
            await self._deliver_at_all(complete, failed(too_large))

    async def _deliver_at_all(self, complete: Callable[..., Awaitable[Any]], answer: Any) -> None:
        try:
            await complete(answer, metadata=self._metadata)
        except grpc.aio.AioRpcError as fault:
            _log.error("A failure was not taken: %s %s", fault.code().name, fault.details())


def _failed_turn(request: Any, token: str, error: Exception) -> Any:
    details = helpers.new_failure_details(error)
    status: Any = pb.ORCHESTRATION_STATUS_FAILED
    end = helpers.new_complete_workflow_action(-1, status, "", details)
    return pb.WorkflowResponse(instanceId=request.instanceId, actions=[end], completionToken=token)


def _failed_activity(request: Any, token: str, error: Exception) -> Any:
    return pb.ActivityResponse(
        instanceId=request.workflowInstance.instanceId,
        taskId=request.taskId,
        failureDetails=helpers.new_failure_details(error),
        completionToken=token,
    )
