"""InventoryService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.expiry import Clearing
from kit.jobs import Jobs
from kit.reservation_service import HoldSettings, expiry_jobs
from kit.service import create_service
from systems.orders.inventory import catalogue, told
from systems.orders.inventory import models as wire
from systems.orders.inventory.books import Books
from systems.orders.inventory.models import ReservationState
from systems.orders.inventory.records import Receipt
from systems.orders.inventory.stock import Move, Stock

_STORE = "inventory-store"
_STATUSES = {"unknown_sku": 422, "unknown_reservation": 404, "unknown_parcel": 404}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    books = Books(StateStore(sidecar, _STORE))
    app.state.stock = Stock(books, Clearing(Jobs(sidecar), utc_now), utc_now)
    app.state.expiry = app.state.stock  # it clears what ran out
    yield


async def _stock(request: Request) -> Stock:
    found: Stock = request.app.state.stock
    return found


StockOf = Annotated[Stock, Depends(_stock)]
settings = HoldSettings()
app = create_service("InventoryService", _STORE, _live, _STATUSES)
app.include_router(expiry_jobs())
reservations = APIRouter(prefix="/reservations/{reservation_id}", tags=["reservations"])


@app.post("/quote", summary="Prices of the catalogue", responses=problems(422))
async def quote(wanted: wire.LinesRequest) -> wire.QuoteState:
    return told.quote(catalogue.lines(wanted.quantities))


@app.get("/stock", summary="What is on hand, reserved, shipped: together what was received")
async def levels(stock: StockOf) -> wire.StockState:
    return told.stock(await stock.shelves())


@app.put("/receipts/{receipt_id}", summary="Take goods in, once", responses=problems(409, 422))
async def receive(
    receipt_id: ResourceId, wanted: wire.ReceiptRequest, stock: StockOf
) -> wire.ReceiptState:
    return told.receipt(await stock.receive(Receipt(id=receipt_id, **wanted.model_dump())))


@reservations.put("", summary="Reserve, in the fewest parcels", responses=problems(409, 422))
async def reserve(
    reservation_id: ResourceId, wanted: wire.ReservationRequest, stock: StockOf
) -> ReservationState:
    asked = wanted.asked(reservation_id, settings.hold_seconds)
    return told.reservation(await stock.reserve(asked))


@reservations.post("/confirm", summary="Let it expire no more", responses=problems(404, 409))
async def confirm(reservation_id: ResourceId, stock: StockOf) -> ReservationState:
    return told.reservation(await stock.confirm(reservation_id))


@reservations.post("/cancel", summary="Give back what is not shipped; or leave a tombstone")
async def cancel(reservation_id: ResourceId, stock: StockOf) -> ReservationState:
    return told.reservation(await stock.cancel(reservation_id))


@reservations.post("/{move}", summary="Of one parcel", responses=problems(404, 409))
async def move(
    reservation_id: ResourceId, move: Move, wanted: wire.ParcelRequest, stock: StockOf
) -> ReservationState:
    """Let it leave the house, give it back before it left, or put it on hand when it came back."""
    return told.reservation(await stock.move(reservation_id, wanted.parcel, move))


@reservations.get("", summary="Look at a reservation", responses=problems(404))
async def get(reservation_id: ResourceId, stock: StockOf) -> ReservationState:
    return told.reservation(await stock.get(reservation_id))


app.include_router(reservations)
