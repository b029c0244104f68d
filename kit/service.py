"""A participant's app: problems, health, and a sidecar with the store it keeps its things in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from base.app import Lifespan, Ready, create_app
from base.sidecar import Sidecar
from base.state import StateStore
from kit.problems import Statuses, answer_as_participant


async def _nothing_more(_: FastAPI) -> None:
    return None


def create_service(
    title: str,
    store: str,
    lifespan: Lifespan,
    statuses: Statuses,
    prepared: Ready = _nothing_more,
) -> FastAPI:
    """Return an app whose ``lifespan`` gets the sidecar to wire its parts with, and whose refusals
    have these ``statuses``. What it has to prepare before it is ready, ``prepared`` looks at: it
    raises Unavailable until then."""

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        app.state.readiness = StateStore(sidecar, store)
        async with lifespan(app, sidecar):
            yield

    async def ready(app: FastAPI) -> None:
        await app.state.readiness.read(["readyz"])
        await prepared(app)

    app = create_app(title, live, ready, "The sidecar and its store are reachable")
    answer_as_participant(app, statuses)
    return app
