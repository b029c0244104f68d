"""TripOrchestrator: wiring and health; its routes are in routes.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from base.app import create_app
from base.errors import Unavailable
from base.sidecar import Sidecar
from base.state import StateStore
from orchestrator.activities import Activities
from orchestrator.admission import Admission
from orchestrator.caretaker import Caretaker
from orchestrator.console.apps import Apps
from orchestrator.console.pages import router as console
from orchestrator.endings import Endings
from orchestrator.engine import Engine, create_runtime
from orchestrator.listing import Listing
from orchestrator.origin import SameOrigin
from orchestrator.participants import Participants, ParticipantsSettings
from orchestrator.problems import answer_as_orchestrator
from orchestrator.records import TripRecords
from orchestrator.routes import router
from orchestrator.settings import Settings
from orchestrator.trips import Trips
from telemetry.tracing import TracingSettings


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    settings = Settings()
    records = TripRecords(StateStore(sidecar, "trip-store"))
    services = Participants(sidecar, ParticipantsSettings())
    endings = Endings()
    runtime = create_runtime(Activities(services, records, endings))
    admission = Admission(settings.bookings_at_once, settings.booking_wait_seconds)
    endings.on_end = admission.leave
    trips = Trips(
        records,
        Engine(),
        endings,
        admission,
        settings.terms(),
        settings.first_look_seconds,
        settings.unreadable_looks,
    )
    app.state.sidecar, app.state.records, app.state.trips = sidecar, records, trips
    app.state.listing = Listing(records)
    app.state.services = services
    app.state.apps = Apps(sidecar, services)
    app.state.zipkin_url = TracingSettings().zipkin_endpoint.partition("/api/")[0]
    app.state.booking_wait_seconds = settings.booking_wait_seconds
    caretaker = Caretaker(trips, records, settings.care_seconds)
    # The sidecar opens its workflow engine only once this app listens: start beside, not before.
    worker = asyncio.create_task(asyncio.to_thread(runtime.start))
    care = asyncio.create_task(caretaker.run())
    try:
        yield
    finally:
        care.cancel()
        with suppress(asyncio.CancelledError):
            await care
        await asyncio.to_thread(runtime.shutdown)
        await worker


async def _ready(app: FastAPI) -> None:
    if not await app.state.sidecar.connected_workers():
        raise Unavailable("The sidecar's workflow engine does not serve this app (yet).")
    await app.state.records.get("readyz")


app = create_app(
    "TripOrchestrator",
    _live,
    _ready,
    "The sidecar, the store and the workflow engine are reachable",
    guards=[SameOrigin],
)
answer_as_orchestrator(app)
app.include_router(router)
app.include_router(console)
app.mount("/static", StaticFiles(directory=Path(__file__).parent / "console" / "static"))
