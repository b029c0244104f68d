"""TripOrchestrator: wiring and health; its routes are in routes.py."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi_problem.error import Problem

from orchestrator import wiring
from orchestrator.admission import Admission
from orchestrator.caretaker import Caretaker
from orchestrator.console.apps import Apps
from orchestrator.console.pages import router as console
from orchestrator.engine import Engine, create_runtime
from orchestrator.listing import Listing
from orchestrator.origin import SameOrigin
from orchestrator.problems import answer_with_problems, problems
from orchestrator.routes import router
from orchestrator.settings import Settings
from orchestrator.trips import Trips
from telemetry import observe
from telemetry.tracing import TracingSettings


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    settings = Settings()
    # What is imported stays, and requests leave few cycles: look for garbage less often.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    runtime = create_runtime()
    admission = Admission(settings.bookings_at_once, settings.booking_wait_seconds)
    wiring.endings.on_end = admission.leave
    trips = Trips(
        wiring.records,
        Engine(),
        wiring.endings,
        admission,
        settings.terms(),
        settings.first_look_seconds,
        settings.unreadable_looks,
    )
    app.state.trips = trips
    app.state.listing = Listing(wiring.records)
    app.state.services = wiring.services
    app.state.apps = Apps(wiring.sidecar, wiring.services)
    app.state.zipkin_url = TracingSettings().zipkin_endpoint.partition("/api/")[0]
    app.state.booking_wait_seconds = settings.booking_wait_seconds
    caretaker = Caretaker(trips, wiring.records, settings.care_seconds)
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
        await wiring.sidecar.close()


app = FastAPI(title="TripOrchestrator", version="1.0.0", lifespan=_live)
answer_with_problems(app)
DaprApp(app, router_tags=["Dapr"])
app.add_middleware(SameOrigin)
app.include_router(router)
app.include_router(console)
app.mount("/static", StaticFiles(directory=Path(__file__).parent / "console" / "static"))
observe(app)


@app.get("/healthz", tags=["health"], summary="The process is alive")
async def healthz() -> dict[str, str]:
    return {"status": "alive"}


@app.get(
    "/readyz",
    tags=["health"],
    summary="The sidecar, the store and the workflow engine are reachable",
    responses=problems(503),
)
async def readyz() -> dict[str, str]:
    if not await wiring.sidecar.connected_workers():
        why = "The sidecar's workflow engine does not serve this app (yet)."
        raise Problem(title="Not ready", type_="not_ready", detail=why, status=503)
    await wiring.records.get("readyz")
    return {"status": "ready"}
