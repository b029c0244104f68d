"""One Prometheus endpoint an app: ``GET /metrics``. What is counted is up to the app."""

import time

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUESTS = Histogram(
    "http_request_seconds",
    "Requests by route, method and status; seconds until the answer began",
    ["route", "method", "status"],
)


def add_metrics(app: FastAPI) -> None:
    """Let ``app`` time its requests, and tell its metrics."""

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(_Timed)


class _Timed:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()

        async def timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The route's pattern, not the path: ids would make a series each.
                route = getattr(scope.get("route"), "path", "other")
                labels = (route, scope["method"], str(message["status"]))
                _REQUESTS.labels(*labels).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, timed)
