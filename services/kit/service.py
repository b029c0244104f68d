"""What makes a FastAPI app one of our services: problems, health, Dapr, one pooled session."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI
from fastapi_problem.error import Problem

from services.kit.limits import BodyLimit
from services.kit.problems import answer_with_problems
from services.kit.settings import SidecarSettings
from services.kit.state import StateStore, StateUnavailable
from telemetry import observe


def sidecar_session() -> aiohttp.ClientSession:
    """Return a session bound to the service's own sidecar; the caller closes it."""
    settings = SidecarSettings()
    return aiohttp.ClientSession(
        settings.sidecar_url,
        timeout=aiohttp.ClientTimeout(total=settings.sidecar_timeout_seconds),
        connector=aiohttp.TCPConnector(limit=0),
    )


def create_service(
    title: str,
    store: str,
    lifespan: Callable[[FastAPI, aiohttp.ClientSession], AbstractAsyncContextManager[None]],
) -> FastAPI:
    """Return an app whose ``lifespan`` gets a session to the sidecar to wire its parts with."""

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        # What is imported stays, and requests leave few cycles: look for garbage less often.
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        async with sidecar_session() as session:
            app.state.readiness = StateStore(session, store)
            async with lifespan(app, session):
                yield

    app = FastAPI(title=title, version="1.0.0", lifespan=live)
    app.add_middleware(BodyLimit)
    answer_with_problems(app)
    DaprApp(app, router_tags=["Dapr"])
    _add_health(app)
    observe(app)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", tags=["health"], summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], summary="The sidecar and its store are reachable")
    async def readyz() -> dict[str, str]:
        try:
            await app.state.readiness.read(["readyz"])
        except StateUnavailable as fault:
            raise Problem(
                title="Not ready", type_="not_ready", detail=str(fault), status=503
            ) from fault
        return {"status": "ready"}
