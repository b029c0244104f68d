"""RestaurantService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.callback import Callback
from kit.documents import Documents
from kit.once import Deed, Deeds, Once, create_once_service, deeds
from systems.delivery.orchestration import DELIVERIES, OrchestratorSettings
from systems.delivery.restaurant import models as wire
from systems.delivery.restaurant import quotes, tickets, told
from systems.delivery.restaurant.kitchens import Board, Kitchens
from systems.delivery.restaurant.menus import restaurants
from systems.delivery.restaurant.models import TicketState
from systems.delivery.restaurant.tickets import Ticket

_STORE = "restaurant-store"
_STATUSES = {"unknown_restaurant": 404, "unknown_dish": 422}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    state = StateStore(sidecar, _STORE)
    app_id = OrchestratorSettings().orchestrator_app_id
    async with Callback(sidecar, app_id, DELIVERIES) as callback:
        app.state.kitchens = Kitchens(
            app.state.deeds,
            Documents(state, TICKETS.noun, Deed[Ticket]),
            Documents(state, "board", Board),
            callback,
            restaurants(),
        )
        yield


async def _kitchens(request: Request) -> Kitchens:
    found: Kitchens = request.app.state.kitchens
    return found


Tickets = Annotated[Deeds[Ticket], Depends(deeds)]
KitchensOf = Annotated[Kitchens, Depends(_kitchens)]

TICKETS = Once(
    "ticket", Ticket, TicketState, told.ticket, lambda t: tickets.cancelled(t, "platform")
)
app = create_once_service("RestaurantService", _STORE, TICKETS, _STATUSES, _live)


@app.get("/restaurants", tags=["restaurants"], summary="Every restaurant with its menu")
async def every() -> list[wire.RestaurantState]:
    return [told.restaurant(each, utc_now()) for each in restaurants().values()]


@app.get(
    "/restaurants/{restaurant_id}/tickets",
    tags=["restaurants"],
    summary="Its open tickets, the oldest first",
    responses=problems(404),
)
async def board(restaurant_id: str, kitchens: KitchensOf) -> list[TicketState]:
    return [told.ticket(deed) for deed in await kitchens.on_board(restaurant_id)]


@app.post("/quotes", summary="Price and time, by the menu", responses=problems(404, 409, 422))
async def quote(wanted: wire.QuoteRequest) -> wire.QuoteState:
    made = quotes.quote(
        restaurants(), wanted.restaurant, wanted.wanted, wanted.door.place, utc_now()
    )
    return told.quote(made)


@app.put(
    "/tickets/{ticket_id}",
    tags=["tickets"],
    status_code=202,
    summary="Order it; the signals answer and food say what becomes of it",
    responses=problems(404, 409, 422),
)
async def send(
    ticket_id: ResourceId, wanted: wire.TicketRequest, kitchens: KitchensOf
) -> TicketState:
    return told.ticket(await kitchens.take(ticket_id, wanted, utc_now()))


@app.post("/tickets/{ticket_id}/accept", tags=["tickets"], responses=problems(404, 409))
async def accept(ticket_id: ResourceId, kitchens: KitchensOf) -> TicketState:
    return told.ticket(
        await kitchens.say(ticket_id, lambda ticket: tickets.accepted(ticket, utc_now()))
    )


@app.post("/tickets/{ticket_id}/deny", tags=["tickets"], responses=problems(404, 409, 422))
async def deny(
    ticket_id: ResourceId, kitchens: KitchensOf, why: wire.Denial | None = None
) -> TicketState:
    reason = (why or wire.Denial()).reason
    return told.ticket(await kitchens.say(ticket_id, lambda t: tickets.denied(t, reason)))


@app.post("/tickets/{ticket_id}/ready", tags=["tickets"], responses=problems(404, 409))
async def ready(ticket_id: ResourceId, kitchens: KitchensOf) -> TicketState:
    return told.ticket(await kitchens.say(ticket_id, lambda t: tickets.ready(t, utc_now())))


@app.post("/tickets/{ticket_id}/fail", tags=["tickets"], responses=problems(404, 409, 422))
async def fail(
    ticket_id: ResourceId, kitchens: KitchensOf, why: wire.Failure | None = None
) -> TicketState:
    """The kitchen cannot cook what it has accepted."""
    reason = (why or wire.Failure()).reason
    return told.ticket(await kitchens.say(ticket_id, lambda t: tickets.failed(t, reason)))


@app.post("/tickets/{ticket_id}/hand-over", tags=["tickets"], responses=problems(404, 409, 422))
async def hand_over(ticket_id: ResourceId, to: wire.HandOver, kept: Tickets) -> TicketState:
    """The driver has the food: nothing is called off any more."""
    return told.ticket(
        (await kept.amend(ticket_id, lambda t: tickets.handed_over(t, to.driver)))[1]
    )


@app.post("/tickets/{ticket_id}/cancel", tags=["tickets"], responses=problems(409, 422))
async def cancel(
    ticket_id: ResourceId, kitchens: KitchensOf, why: wire.Cancel | None = None
) -> TicketState:
    """Call it off; the answer tells the fee. Of something unknown, leave a tombstone."""
    return told.ticket(await kitchens.cancel(ticket_id, (why or wire.Cancel()).cause))


@app.post("/tickets/{ticket_id}/payout", tags=["tickets"], responses=problems(404, 409, 422))
async def pay(ticket_id: ResourceId, wanted: wire.Payout, kept: Tickets) -> TicketState:
    """What the restaurant gets for food that came to the door."""
    amount = wanted.amount.amount
    return told.ticket((await kept.amend(ticket_id, lambda t: tickets.paid_out(t, amount)))[1])
