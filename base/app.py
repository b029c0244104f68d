"""What makes a FastAPI app one of ours: Dapr's routes, health, limits, traces, metrics and logs."""

import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from dapr.ext.fastapi import DaprApp
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi_problem.error import Problem
from starlette.types import ASGIApp

from base.browsers import Careful
from base.docs import add_docs
from base.errors import Unavailable
from base.limits import BodyLimit
from base.origin import HostSettings, OwnOrigin
from base.problems import problems
from base.sidecar import Sidecar, SidecarSettings
from base.token import FromSidecar, TokenSettings
from telemetry import observe

Lifespan = Callable[[FastAPI, Sidecar], AbstractAsyncContextManager[None]]
Ready = Callable[[FastAPI], Awaitable[None]]

_log = logging.getLogger("health")


def create_app(
    title: str,
    lifespan: Lifespan,
    ready: Ready,
    readiness: str,
    guards: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
) -> FastAPI:
    """Return an app whose ``lifespan`` gets the sidecar to wire its parts with.

    ``ready`` raises Unavailable while the app is not; ``readiness`` says in words what it looks at.
    ``guards`` are ASGI middlewares that a request passes before it is looked at. Where the app
    has a token, who does not bring it is turned away: see `FromSidecar`.
    """

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        # What is imported stays, and requests leave few cycles: look for garbage less often.
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        sidecar = Sidecar(SidecarSettings())
        try:
            async with lifespan(app, sidecar):
                yield
        finally:
            await sidecar.close()

    app = FastAPI(title=title, version="1.0.0", lifespan=live, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    for guard in guards:
        app.add_middleware(guard)
    if token := TokenSettings().app_api_token:
        app.add_middleware(FromSidecar, token=token)
    app.add_middleware(OwnOrigin, hosts=HostSettings().names())
    app.add_middleware(Careful)
    add_docs(app)
    DaprApp(app, router_tags=["Dapr"])
    _add_health(app, ready, readiness)
    observe(app)
    return app


def _add_health(app: FastAPI, ready: Ready, readiness: str) -> None:
    @app.get("/healthz", tags=["health"], summary="The process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], summary=readiness, responses=problems(503))
    async def readyz() -> JSONResponse:
        try:
            await ready(app)
        except Unavailable as fault:
            # Answered and not raised: it is asked for often while it starts, and each fault that is
            # raised puts its traceback into the log.
            _log.warning("Not ready: %s", fault)
            said = Problem(title="Not ready", type_="not_ready", detail=str(fault), status=503)
            return JSONResponse(said.marshal(), 503, media_type="application/problem+json")
        return JSONResponse({"status": "ready"})
