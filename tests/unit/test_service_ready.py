"""A participant is ready once its store answers, and what it has to prepare is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from base.errors import Unavailable
from base.sidecar import Sidecar
from kit.service import create_service
from tests.support.memory import MemoryStore


@asynccontextmanager
async def _live(_: FastAPI, __: Sidecar) -> AsyncIterator[None]:
    yield


async def _prepared(app: FastAPI) -> None:
    if not app.state.done:
        raise Unavailable("The shelves are empty.")


def ask(app: FastAPI) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/readyz")

    return asyncio.run(asked())


def test_it_is_not_ready_before_what_it_prepares_is_done() -> None:
    app = create_service("Shop", "store", _live, {}, _prepared)
    app.state.readiness, app.state.done = MemoryStore(), False
    waiting = ask(app)
    assert (waiting.status_code, waiting.json()["detail"]) == (503, "The shelves are empty.")
    app.state.done = True
    assert ask(app).status_code == 200


def test_one_that_prepares_nothing_is_ready_when_its_store_answers() -> None:
    app = create_service("Shop", "store", _live, {})
    app.state.readiness = MemoryStore()
    assert ask(app).status_code == 200
