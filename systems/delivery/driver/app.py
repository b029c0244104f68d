"""DriverService over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.callback import Callback
from kit.documents import Documents
from kit.service import create_service
from systems.delivery.driver import models as wire
from systems.delivery.driver import offers, told
from systems.delivery.driver.dispatch import Dispatch, Pin, SilenceSettings
from systems.delivery.driver.models import DriverId, DriverState, OfferState
from systems.delivery.driver.pool import seen_at
from systems.delivery.driver.roster import Roster
from systems.delivery.orchestration import DELIVERIES, OrchestratorSettings

_STORE = "driver-store"
_STATUSES = {"unknown_offer": 404, "unknown_driver": 404, "wrong_pin": 403, "too_many_pins": 403}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    state, settings = StateStore(sidecar, _STORE), OrchestratorSettings()
    silence = timedelta(seconds=SilenceSettings().silence_seconds / settings.speed)
    async with Callback(sidecar, settings.orchestrator_app_id, DELIVERIES) as callback:
        pins = Documents(state, "pin", Pin)
        app.state.dispatch = Dispatch(Roster(state), pins, callback, utc_now, silence)
        watch = asyncio.create_task(app.state.dispatch.watch())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch


async def _dispatch(request: Request) -> Dispatch:
    found: Dispatch = request.app.state.dispatch
    return found


DispatchOf = Annotated[Dispatch, Depends(_dispatch)]

app = create_service("DriverService", _STORE, _live, _STATUSES)


@app.put("/drivers/{driver_id}/position", tags=["drivers"], responses=problems(422))
async def heartbeat(driver_id: DriverId, where: wire.Position, desk: DispatchOf) -> DriverState:
    """The phone says where it is; the answer says what its driver has in hand."""
    rule = seen_at(driver_id, where.place, where.online, utc_now())
    return told.driver(await desk.roster.see(driver_id, rule), await desk.roster.in_hand(driver_id))


@app.get("/drivers/{driver_id}", tags=["drivers"], responses=problems(404))
async def driver(driver_id: DriverId, desk: DispatchOf) -> DriverState:
    seen = await desk.roster.seen_last(driver_id)
    if seen is None:
        raise Refusal("unknown_driver", f"There is no driver {driver_id}.")
    return told.driver(seen, await desk.roster.in_hand(driver_id))


@app.put(
    "/offers/{offer_id}",
    tags=["offers"],
    status_code=202,
    summary="Offer a ride to the nearest; the signal driver says what becomes of it",
    responses=problems(409, 422),
)
async def offer(offer_id: ResourceId, wanted: wire.OfferRequest, desk: DispatchOf) -> OfferState:
    made = await desk.offer(offer_id, wanted)
    await desk.pin(offer_id.partition(":")[0])
    return told.offer(made)


@app.get("/offers/{offer_id}", tags=["offers"], responses=problems(404))
async def look(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    return told.offer((await desk.look(offer_id))[0])


@app.get("/offers/{offer_id}/track", tags=["offers"], responses=problems(404))
async def track(offer_id: ResourceId, desk: DispatchOf) -> wire.TrackState:
    """Where the driver of an offer is."""
    return told.track(*await desk.look(offer_id))


@app.post("/offers/{offer_id}/accept", tags=["offers"], responses=problems(404, 409))
async def accept(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """The driver takes it; of a yes that comes too late, nothing comes."""
    return told.offer(
        await desk.apply(offer_id, lambda o, holds: offers.accepted(o, holds, utc_now()), True)
    )


@app.post("/offers/{offer_id}/decline", tags=["offers"], responses=problems(404, 409))
async def decline(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """The driver does not want it, or gives it back before the food is picked up."""
    return told.offer(await desk.say(offer_id, offers.declined))


@app.post("/offers/{offer_id}/arrive", tags=["offers"], responses=problems(404, 409))
async def arrive(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """The driver is at the counter."""
    return told.offer(await desk.say(offer_id, offers.arrived))


@app.post("/offers/{offer_id}/pick-up", tags=["offers"], responses=problems(404, 409))
async def pick_up(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """The driver may take the food: what the orchestrator says."""
    return told.offer(await desk.say(offer_id, lambda o: offers.picked_up(o, utc_now())))


@app.post("/offers/{offer_id}/ride", tags=["offers"], responses=problems(404, 409))
async def ride(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """The food is handed over: what the orchestrator says."""
    return told.offer(await desk.say(offer_id, offers.riding))


@app.post("/offers/{offer_id}/deliver", tags=["offers"], responses=problems(403, 404, 409, 422))
async def deliver(offer_id: ResourceId, shown: wire.Pin, desk: DispatchOf) -> OfferState:
    """The driver is at the door, and the customer says the PIN."""
    return told.offer(await desk.deliver(offer_id, shown.pin))


@app.post("/offers/{offer_id}/withdraw", tags=["offers"])
async def withdraw(offer_id: ResourceId, desk: DispatchOf) -> OfferState:
    """Take it back from whoever has it; of something unknown, leave a tombstone."""
    return told.offer(await desk.withdraw(offer_id))


@app.post("/offers/{offer_id}/payout", tags=["offers"], responses=problems(404, 409, 422))
async def pay(offer_id: ResourceId, wanted: wire.Payout, desk: DispatchOf) -> OfferState:
    """What the driver gets for it."""
    amount = wanted.amount.amount
    return told.offer(await desk.apply(offer_id, lambda known, _: offers.paid_out(known, amount)))


@app.get("/pins/{delivery_id}", tags=["pins"], summary="What the customer says at the door")
async def pin(delivery_id: DriverId, desk: DispatchOf) -> wire.Pin:
    return wire.Pin(pin=await desk.pin(delivery_id))
