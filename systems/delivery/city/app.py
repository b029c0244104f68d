"""The city as an app of its own: it is a client of the services, and has no store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from base.app import create_app
from base.problems import answer_with_problems
from base.sidecar import Sidecar
from systems.delivery.city.city import City, CitySettings
from systems.delivery.city.clients import ASKS, Clients


@asynccontextmanager
async def _live(_: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    living = asyncio.create_task(City(CitySettings(), Clients(sidecar)).run())
    try:
        yield
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living


async def _ready(_: FastAPI) -> None:
    return


app = create_app("City", _live, _ready, "The city lives")
app.state.asks = ASKS
answer_with_problems(app, "city", {})
