"""The worker over real gRPC, with a sidecar that hands out what a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from inspect import signature
from typing import Any

import grpc
import pytest
from dapr.ext.workflow import WorkflowActivityContext, WorkflowRuntime
from dapr.ext.workflow._durabletask import worker as sdk
from dapr.ext.workflow._durabletask.internal import helpers
from dapr.ext.workflow._durabletask.internal import orchestrator_service_pb2_grpc as service
from dapr.ext.workflow._durabletask.internal import protos as pb
from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from sagas.core.turns import Durable
from sagas.engine.worker import Worker

LARGE = 5 * 1024 * 1024  # more than gRPC takes by itself


class Sidecar(service.TaskHubSidecarServiceServicer):
    """Hands out ``items``, one stream after the other; ``None`` ends a stream."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Any] = asyncio.Queue()
        self.turns: asyncio.Queue[Any] = asyncio.Queue()
        self.activities: asyncio.Queue[Any] = asyncio.Queue()
        self.streams = 0
        self.opened: asyncio.Queue[int] = asyncio.Queue()

    async def Hello(self, _: Any, __: Any) -> Any:
        return Empty()

    async def GetWorkItems(self, _: Any, __: Any) -> AsyncIterator[Any]:
        self.streams += 1
        await self.opened.put(self.streams)
        while (item := await self.items.get()) is not None:
            yield item

    async def CompleteOrchestratorTask(self, answer: Any, _: Any) -> Any:
        await self.turns.put(answer)
        return pb.CompleteTaskResponse()

    async def CompleteActivityTask(self, answer: Any, _: Any) -> Any:
        await self.activities.put(answer)
        return pb.CompleteTaskResponse()


@asynccontextmanager
async def serving(sidecar: Sidecar, port: int = 0) -> AsyncIterator[int]:
    """Let a sidecar listen; yield its port."""
    server = grpc.aio.server()
    service.add_TaskHubSidecarServiceServicer_to_server(sidecar, server)  # type: ignore[no-untyped-call]
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(None)


def runtime(activity: Callable[..., Awaitable[Any]]) -> WorkflowRuntime:
    """Return a runtime with a workflow ``order`` of one activity ``ship``."""

    def order(ctx: Any, what: str) -> Durable[str]:
        yield ctx.call_activity("ship", input=what)
        return "done"

    async def ship(ctx: WorkflowActivityContext, what: str) -> Any:  # it is marked as registered
        return await activity(ctx, what)

    made = WorkflowRuntime()
    made.register_workflow(order, name="order")
    made.register_activity(ship, name="ship")
    return made


@asynccontextmanager
async def working(
    activity: Callable[..., Awaitable[Any]], **limits: int
) -> AsyncIterator[tuple[Sidecar, asyncio.Task[None]]]:
    """Let a worker run beside its sidecar."""
    sidecar = Sidecar()
    async with serving(sidecar) as port:
        made = Worker(runtime(activity), f"127.0.0.1:{port}", **limits)
        task = asyncio.create_task(made.run())
        try:
            yield sidecar, task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def shipped(_: WorkflowActivityContext, what: str) -> str:
    return f"{what} is shipped"


def activity(task_id: int, name: str = "ship", what: str = '"a cup"') -> Any:
    return pb.WorkItem(
        activityRequest=pb.ActivityRequest(
            name=name,
            taskId=task_id,
            input=StringValue(value=what),
            workflowInstance=pb.WorkflowInstance(instanceId="o1"),
        ),
        completionToken="t",
    )


def turn(name: str = "order") -> Any:
    now = Timestamp(seconds=1)
    began = pb.HistoryEvent(eventId=-1, timestamp=now, workflowStarted=pb.WorkflowStartedEvent())
    execution = helpers.new_execution_started_event(name, "o1", encoded_input='"a cup"')
    return pb.WorkItem(
        workflowRequest=pb.WorkflowRequest(instanceId="o1", newEvents=[began, execution]),
        completionToken="t",
    )


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def test_it_runs_turns_and_activities() -> None:
    async def test() -> None:
        async with working(shipped) as (sidecar, _):
            await sidecar.items.put(turn())
            answer = await sidecar.turns.get()
            [action] = answer.actions
            assert action.scheduleTask.name == "ship"
            assert (answer.instanceId, answer.completionToken) == ("o1", "t")
            await sidecar.items.put(activity(1))
            done = await sidecar.activities.get()
            assert (done.taskId, done.result.value) == (1, '"a cup is shipped"')
            assert done.completionToken == "t"

    run(test)


def test_what_breaks_or_is_not_known_is_told_as_failed() -> None:
    async def broken(_: WorkflowActivityContext, what: str) -> str:
        raise ValueError(f"{what} is broken")

    async def test() -> None:
        async with working(broken) as (sidecar, _):
            await sidecar.items.put(activity(1))
            failed = await sidecar.activities.get()
            assert failed.failureDetails.errorMessage == "a cup is broken"
            await sidecar.items.put(activity(2, name="send"))
            unknown = await sidecar.activities.get()
            assert "send" in unknown.failureDetails.errorMessage
            await sidecar.items.put(turn("delivery"))
            [end] = (await sidecar.turns.get()).actions
            assert "delivery" in end.completeWorkflow.failureDetails.errorMessage

    run(test)


def test_an_answer_that_is_too_large_is_told_as_failed() -> None:
    async def large(_: WorkflowActivityContext, __: str) -> str:
        return "x" * LARGE

    async def test() -> None:
        async with working(large) as (sidecar, _):
            await sidecar.items.put(activity(1))
            failed = await sidecar.activities.get()
            assert "too large" in failed.failureDetails.errorMessage
            await sidecar.items.put(activity(2))
            assert (await sidecar.activities.get()).taskId == 2

    run(test)


def test_a_stream_that_ends_is_opened_again() -> None:
    async def test() -> None:
        async with working(shipped) as (sidecar, _):
            await sidecar.items.put(None)
            await sidecar.items.put(activity(1))
            assert (await sidecar.activities.get()).taskId == 1
            assert sidecar.streams == 2

    run(test)


def test_whatever_breaks_the_reading_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    take, broken = Worker._take, [RuntimeError("It broke.")]

    async def taken(worker: Worker, item: Any) -> None:
        if broken:
            raise broken.pop()
        await take(worker, item)

    monkeypatch.setattr(Worker, "_take", taken)

    async def test() -> None:
        async with working(shipped) as (sidecar, _):
            assert await sidecar.opened.get() == 1
            await sidecar.items.put(activity(1))
            assert await sidecar.opened.get() == 2
            await sidecar.items.put(activity(2))
            assert (await sidecar.activities.get()).taskId == 2

    run(test)


def test_a_sidecar_that_is_away_is_looked_for_until_it_is_back() -> None:
    async def test() -> None:
        first, second = Sidecar(), Sidecar()
        async with serving(first) as port:
            task = asyncio.create_task(Worker(runtime(shipped), f"127.0.0.1:{port}").run())
            await first.items.put(activity(1))
            await first.activities.get()
        async with serving(second, port):
            await second.items.put(activity(2))
            assert (await second.activities.get()).taskId == 2
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    run(test)


def test_what_is_in_hand_is_finished_before_it_ends() -> None:
    async def test() -> None:
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def slow(_: WorkflowActivityContext, what: str) -> str:
            begun.set()
            await may_end.wait()
            return what

        async with working(slow) as (sidecar, task):
            await sidecar.items.put(activity(1))
            await begun.wait()
            task.cancel()
            may_end.set()
            assert (await sidecar.activities.get()).taskId == 1

    run(test)


def test_no_more_is_begun_while_so_much_is_in_hand() -> None:
    async def test() -> None:
        running, most = 0, 0

        async def slow(_: WorkflowActivityContext, what: str) -> str:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1
            return what

        async with working(slow, most_in_hand=2) as (sidecar, _):
            for number in range(5):
                await sidecar.items.put(activity(number))
            done = [(await sidecar.activities.get()).taskId for _ in range(5)]
            assert sorted(done) == list(range(5))
            assert most == 2

    run(test)


@pytest.mark.parametrize(
    ("part", "parameters"),
    [
        (
            sdk._OrchestrationExecutor.execute,
            ["self", "instance_id", "old_events", "new_events", "propagated_history"],
        ),
        (
            sdk._ActivityExecutor.execute_async,
            [
                "self",
                "fn",
                "orchestration_id",
                "name",
                "task_id",
                "encoded_input",
                "task_execution_id",
                "propagated_history",
            ],
        ),
        (sdk._OrchestrationExecutor.process_event, ["self", "ctx", "event"]),
        (sdk._RuntimeOrchestrationContext.get_actions, ["self"]),
        (sdk.TaskHubGrpcWorker._activity_span, ["self", "req", "instance_id"]),
    ],
    ids=["workflows", "activities", "events", "actions", "spans"],
)
def test_the_private_parts_of_the_sdk_are_where_they_were(
    part: Callable[..., Any], parameters: list[str]
) -> None:
    assert version("dapr-ext-workflow") == "1.18.3", "look whether the worker still fits the SDK's"
    assert list(signature(part).parameters) == parameters
