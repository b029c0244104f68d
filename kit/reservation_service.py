"""The part that all services with reservations have in common: wiring, and the routes by id."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Protocol, TypeVar

from fastapi import APIRouter, Body, Depends, FastAPI, Request
from pydantic_settings import BaseSettings

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import Moment, ResourceId, Wire
from kit.expiry import JOB_PREFIX, Expiry
from kit.hold_store import HoldStore
from kit.holds import Reservation
from kit.jobs import Jobs
from kit.problems import Statuses
from kit.reservations import Reservations
from kit.service import create_service

WireReservation = TypeVar("WireReservation", bound=Wire)


class Extension(Wire):
    """Until when a hold is to last, with a UTC offset."""

    until: Moment


class HoldSettings(BaseSettings):
    """``HOLD_SECONDS``: how long a hold lasts that nobody confirms."""

    hold_seconds: float = 15 * 60


async def _reservations(request: Request) -> Reservations:
    found: Reservations = request.app.state.reservations
    return found


class Clears(Protocol):
    """Ends the holds of a pool that ran out, and returns how many there were."""

    async def clear(self, pool: str) -> int: ...


async def _expiry(request: Request) -> Clears:
    found: Clears = request.app.state.expiry
    return found


InventoryOf = Annotated[Reservations, Depends(_reservations)]


def create_reservation_service(
    title: str,
    store: str,
    wire: type[WireReservation],
    to_wire: Callable[[Reservation], WireReservation],
    statuses: Statuses,
) -> FastAPI:
    """Return an app that can confirm, cancel, show and expire the reservations of ``store``, and
    whose refusals have these ``statuses`` besides their own."""

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        kept = HoldStore(StateStore(sidecar, store))
        app.state.expiry = Expiry(Jobs(sidecar), kept, utc_now)
        app.state.reservations = Reservations(kept, app.state.expiry, utc_now)
        yield

    app = create_service(title, store, live, {"unknown_reservation": 404} | dict(statuses))
    app.include_router(_routes_by_id(wire, to_wire))
    app.include_router(expiry_jobs())
    return app


def _routes_by_id(
    wire: type[WireReservation], to_wire: Callable[[Reservation], WireReservation]
) -> APIRouter:
    routes = APIRouter(prefix="/reservations/{reservation_id}", tags=["reservations"])

    @routes.post(
        "/confirm",
        response_model=wire,
        summary="Make a hold permanent",
        responses=problems(404, 409),
    )
    async def confirm(reservation_id: ResourceId, reservations: InventoryOf) -> WireReservation:
        return to_wire(await reservations.confirm(reservation_id))

    @routes.post(
        "/extend",
        response_model=wire,
        summary="Let a hold last longer, three days at the most",
        responses=problems(404, 409),
    )
    async def extend(
        reservation_id: ResourceId, wanted: Extension, reservations: InventoryOf
    ) -> WireReservation:
        return to_wire(await reservations.extend(reservation_id, wanted.until))

    @routes.post(
        "/cancel",
        response_model=wire,
        summary="Give it back; of something unknown, leave a tombstone",
    )
    async def cancel(reservation_id: ResourceId, reservations: InventoryOf) -> WireReservation:
        return to_wire(await reservations.cancel(reservation_id))

    @routes.get("", response_model=wire, summary="Look at a reservation", responses=problems(404))
    async def get(reservation_id: ResourceId, reservations: InventoryOf) -> WireReservation:
        return to_wire(await reservations.get(reservation_id))

    return routes


def expiry_jobs() -> APIRouter:
    """Return the route to which a sidecar posts the jobs of `kit.expiry`; who clears is
    ``app.state.expiry``."""
    routes = APIRouter(include_in_schema=False)

    # dapr-ext-fastapi offers subscriptions and actors, but no jobs.
    @routes.post("/job/" + JOB_PREFIX + "{name}")
    async def expire(
        name: str,  # noqa: ARG001 the sidecar posts to the job's name; what to do is in its data
        pool: Annotated[str, Body(embed=True)],
        expiry: Annotated[Clears, Depends(_expiry)],
    ) -> dict[str, int]:
        return {"expired": await expiry.clear(pool)}

    return routes
