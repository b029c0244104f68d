"""The trip on DBOS: a workflow with one step for each row, its records in SQLite.

The trip id is the workflow's id, so a request that is repeated gets the same trip.
"""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from dbos import DBOS, SetWorkflowID
from fastapi import FastAPI

from bench import trip

DATABASE = os.environ["DBOS_DATABASE"]

_step = DBOS.step(retries_allowed=True, max_attempts=4, interval_seconds=0.2)
_undo = DBOS.step(retries_allowed=True, max_attempts=20, interval_seconds=0.5)

search, hold, charge = _step(trip.search), _step(trip.hold), _step(trip.charge)
confirm, send = _step(trip.confirm), _undo(trip.send)
cancel, refund = _undo(trip.cancel), _undo(trip.refund)


@DBOS.workflow()
async def book_trip(trip_id: str, order: trip.Order) -> trip.Row:
    """Book the whole trip, or undo what was done."""
    undo = []
    try:
        offers = trip.done(await search(order))
        undo.append(cancel)
        held = trip.done(await hold(trip_id, order, offers))
        undo.append(refund)
        trip.done(await charge(trip_id, order, held))
        booked = trip.done(await confirm(trip_id))
    except Exception as why:
        for step in reversed(undo):
            await step(trip_id)
        return trip.called_off(trip_id, why)
    await send(trip_id, order, booked)
    return trip.confirmed(trip_id, booked)


@asynccontextmanager
async def _live(_: FastAPI) -> AsyncIterator[None]:
    # The journal's mode stays with the file. By default it is DELETE, which costs more.
    with closing(sqlite3.connect(DATABASE)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    DBOS(
        config={
            "name": "trips",
            "system_database_url": f"sqlite:///{DATABASE}",
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    yield
    DBOS.destroy()
    await trip.close()


app = FastAPI(lifespan=_live)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/trips/{trip_id}", response_model=None)
async def book(trip_id: str, order: trip.Order) -> trip.Row:
    with SetWorkflowID(trip_id):
        booked: trip.Row = await book_trip(trip_id, order)
    return booked
