"""Workflows whose steps do nothing, and the customers who wait for them, in one app.

The worker is the orchestrator's, on the app's own loop, so what is left is what a durable step
costs. Nobody asks for single workflows over HTTP: a whole run is asked for, and its answer has a
line as the measuring begins, one as it ends, and the load.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
from dapr.ext.workflow import DaprWorkflowContext, WorkflowActivityContext, WorkflowRuntime
from dapr.ext.workflow.aio import DaprWorkflowClient
from dapr.ext.workflow.logger import LoggerOptions
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from opentelemetry.instrumentation.grpc import GrpcInstrumentorClient
from pydantic import BaseModel

from bench.empty import EDGE
from bench.load import Load, crowd
from sagas.engine.worker import Worker, own_sidecar

_QUIET = LoggerOptions(log_handler=logging.NullHandler())


class Wish(BaseModel):
    """A run that is wanted; the times are seconds."""

    name: str
    steps: int
    at_once: int
    warm_up: float
    seconds: float


@dataclass
class _Ends:
    """Who waits for which workflow to end; told by its last turn or step, like the trips' are."""

    _waiting: "dict[str, asyncio.Future[None]]" = field(default_factory=dict)

    def of(self, instance_id: str) -> "asyncio.Future[None]":
        future = self._waiting[instance_id] = asyncio.get_running_loop().create_future()
        return future

    def tell(self, instance_id: str) -> None:
        """Say that it ended; a workflow may say so again."""
        future = self._waiting.pop(instance_id, None)
        if future and not future.done():
            future.set_result(None)


class Chains:
    """Starts workflows of so many steps, and waits for them."""

    def __init__(self) -> None:
        self._ends, self._serial = _Ends(), count(1)
        self._client = DaprWorkflowClient(logger_options=_QUIET)
        self.runtime = WorkflowRuntime(logger_options=_QUIET)
        ends = self._ends

        async def nothing(_: WorkflowActivityContext, last_of: str) -> None:
            if last_of:
                ends.tell(last_of)

        def chain(ctx: DaprWorkflowContext, steps: int) -> Generator[Any, Any, None]:
            for left in reversed(range(steps)):
                yield ctx.call_activity(nothing, input="" if left else ctx.instance_id)
            if not steps:
                ends.tell(ctx.instance_id)

        self.runtime.register_activity(nothing)
        self.runtime.register_workflow(chain)
        self._chain = chain

    async def customer(self, wish: Wish, load: Load) -> None:
        """Ask for one workflow after the other, until the run is over."""
        while not load.over:
            began = time.perf_counter()
            instance_id = f"{wish.name}-{next(self._serial)}"
            end = self._ends.of(instance_id)
            await self._client.schedule_new_workflow(
                self._chain, input=wish.steps, instance_id=instance_id
            )
            await end
            load.ended(instance_id, began)


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    # Like the orchestrator's: no spans where there is no tracing.
    GrpcInstrumentorClient().uninstrument()  # type: ignore[no-untyped-call]
    app.state.chains = chains = Chains()
    work = asyncio.create_task(Worker(chains.runtime, own_sidecar()).run())
    yield
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


app = FastAPI(lifespan=_live)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/runs")
async def run(wish: Wish) -> StreamingResponse:
    return StreamingResponse(
        run_in_lines(app.state.chains, wish), media_type="application/x-ndjson"
    )


async def run_in_lines(chains: Chains, wish: Wish) -> AsyncIterator[bytes]:
    """Run as wished; yield a line at each edge, and then the load."""
    edges: asyncio.Queue[bytes] = asyncio.Queue()
    running = asyncio.create_task(
        crowd(
            lambda load: chains.customer(wish, load),
            wish.at_once,
            wish.warm_up,
            wish.seconds,
            lambda: edges.put_nowait(EDGE),
        )
    )
    running.add_done_callback(lambda _: edges.put_nowait(b""))
    try:
        while edge := await edges.get():
            yield edge + b"\n"
        load = await running
        told = {"latencies_ms": load.latencies_ms, "seconds": load.seconds}
        yield orjson.dumps(told) + b"\n"
    finally:
        running.cancel()
