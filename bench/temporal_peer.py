"""The trip on Temporal: a workflow with one activity for each row.

The trip id is the workflow's id, so a request that is repeated gets the same trip. The worker is in
the app, so that a workflow's first task comes with the answer to its start, and an activity with
the answer to the task that asked for it (both are called eager).
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench import trip

SERVER = os.environ["TEMPORAL_SERVER"]
QUEUE = "trips"

_STEP = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), backoff_coefficient=2, maximum_attempts=4
)
_UNDO = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=20)
_ACTIVITIES = [
    activity.defn(row)
    for row in (
        trip.search,
        trip.hold,
        trip.charge,
        trip.confirm,
        trip.send,
        trip.cancel,
        trip.refund,
    )
]


async def _row(row: Any, retries: RetryPolicy, *args: object) -> trip.Row:
    """Do a row of the trip as an activity."""
    done: trip.Row = await workflow.execute_activity(
        row,
        args=args,
        start_to_close_timeout=timedelta(seconds=2 * trip.TIMEOUT_SECONDS),
        retry_policy=retries,
    )
    return done


@workflow.defn
class BookTrip:
    """Books the whole trip, or undoes what was done."""

    @workflow.run
    async def run(self, trip_id: str, order: trip.Order) -> trip.Row:
        undo = []
        try:
            offers = trip.done(await _row(trip.search, _STEP, order))
            undo.append(trip.cancel)
            held = trip.done(await _row(trip.hold, _STEP, trip_id, order, offers))
            undo.append(trip.refund)
            trip.done(await _row(trip.charge, _STEP, trip_id, order, held))
            booked = trip.done(await _row(trip.confirm, _STEP, trip_id))
        except (trip.Refused, ActivityError) as why:
            for row in reversed(undo):
                await _row(row, _UNDO, trip_id)
            return trip.called_off(trip_id, why)
        await _row(trip.send, _UNDO, trip_id, order, booked)
        return trip.confirmed(trip_id, booked)


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    app.state.client = client = await Client.connect(SERVER)
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[BookTrip],
        activities=_ACTIVITIES,
        # Nothing here needs the sandbox, which costs; the other peers have none.
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield
    await trip.close()


app = FastAPI(lifespan=_live)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/trips/{trip_id}", response_model=None)
async def book(trip_id: str, order: trip.Order) -> trip.Row:
    client: Client = app.state.client
    booked: trip.Row = await client.execute_workflow(
        BookTrip.run,
        args=[trip_id, order],
        id=trip_id,
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        request_eager_start=True,
    )
    return booked
