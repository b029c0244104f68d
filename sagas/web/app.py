"""The whole app of an orchestrator, made of its kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from base.app import create_app
from base.errors import Unavailable
from base.sidecar import Sidecar
from base.state import StateStore
from sagas.core.kind import Kind
from sagas.engine.activities import Activities
from sagas.engine.admission import Admission
from sagas.engine.apps import Apps
from sagas.engine.caretaker import Caretaker
from sagas.engine.cases import Cases
from sagas.engine.endings import Endings
from sagas.engine.engine import Engine, create_runtime
from sagas.engine.participants import Participants, ParticipantsSettings
from sagas.engine.viewers import Viewers
from sagas.engine.worker import Worker, own_sidecar
from sagas.people.people import People
from sagas.people.settings import PeopleSettings
from sagas.records.listing import Listing
from sagas.records.records import Records
from sagas.web.console.pages import Console, pages
from sagas.web.people.door import Door, people_of
from sagas.web.people.login import logins
from sagas.web.problems import answer_as_orchestrator
from sagas.web.routes import routes
from sagas.web.settings import Settings, terms_now
from telemetry.tracing import TracingSettings

_STATIC = Path(__file__).parent / "console" / "static"


def create_orchestrator(kind: Kind[Any], console: Console | None = None) -> FastAPI:
    """Return the app that begins cases of a kind and looks after them. Its records are in the state
    store ``{noun}-store``; ``console`` adds pages of the kind's own."""
    console = console or Console()

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        async with _running(kind, app, sidecar):
            yield

    app = create_app(
        f"{kind.noun.capitalize()}Orchestrator",
        live,
        _ready,
        "The sidecar, the store and the workflow engine are reachable",
        guards=[partial(Door, kind=kind)],
    )
    app.state.kind, app.state.asks = kind, console.asks
    app.state.asks_who = lambda scope: people_of(scope["app"]) is not None
    answer_as_orchestrator(app, kind)
    app.include_router(routes(kind))
    app.include_router(pages(kind, console))
    app.include_router(logins(kind, console))
    app.mount("/static", StaticFiles(directory=_STATIC))
    return app


@asynccontextmanager
async def _running(kind: Kind[Any], app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    """Wire the parts, and let the worker and the caretaker run until the end."""
    settings, asked = Settings(), PeopleSettings()
    app.state.people = People(asked, kind.app_id, kind.services) if asked.are_on else None
    store = StateStore(sidecar, f"{kind.noun}-store")
    records = Records(store, kind, settings.open_cases_per_owner)
    services = Participants(sidecar, ParticipantsSettings())
    endings = Endings()
    runtime = create_runtime(kind, Activities(kind, services, records, endings))
    admission = Admission(settings.bookings_at_once, settings.booking_wait_seconds)
    endings.on_end = admission.leave
    cases = Cases(
        kind,
        records,
        Engine(kind),
        endings,
        admission,
        terms_now(kind.terms),
        settings.first_look_seconds,
        settings.unreadable_looks,
        settings.policies(kind.policies),
    )
    app.state.sidecar, app.state.records, app.state.cases = sidecar, records, cases
    app.state.listing = Listing(records)
    app.state.viewers = Viewers(cases, settings.event_streams)
    app.state.services = services
    app.state.apps = Apps(sidecar, services, kind.app_id, kind.services)
    app.state.zipkin_url = TracingSettings().zipkin_endpoint.partition("/api/")[0]
    app.state.wait_seconds = settings.booking_wait_seconds
    caretaker = Caretaker(cases, records, settings.care_seconds)
    # The sidecar opens its workflow engine only once this app listens: start beside, not before.
    worker = asyncio.create_task(Worker(runtime, own_sidecar()).run())
    care = asyncio.create_task(caretaker.run())
    try:
        yield
    finally:
        for task in (care, worker):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _ready(app: FastAPI) -> None:
    if not await app.state.sidecar.connected_workers():
        raise Unavailable("The sidecar's workflow engine does not serve this app (yet).")
    await app.state.records.get("readyz")
