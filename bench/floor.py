"""The floor: the trip with no engine. What a crash interrupts stays half done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bench import trip


@asynccontextmanager
async def _live(_: FastAPI) -> AsyncIterator[None]:
    yield
    await trip.close()


app = FastAPI(lifespan=_live)


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/trips/{trip_id}", response_model=None)
async def book(trip_id: str, order: trip.Order) -> trip.Row:
    """Book the whole trip, or undo what was done."""
    undo = []
    try:
        offers = trip.done(await trip.search(order))
        undo.append(trip.cancel)
        held = trip.done(await trip.hold(trip_id, order, offers))
        undo.append(trip.refund)
        trip.done(await trip.charge(trip_id, order, held))
        booked = trip.done(await trip.confirm(trip_id))
    except Exception as why:
        for step in reversed(undo):
            await step(trip_id)
        return trip.called_off(trip_id, why)
    await trip.send(trip_id, order, booked)
    return trip.confirmed(trip_id, booked)
