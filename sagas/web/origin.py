"""Requests that change something are taken from this site only, or from what is no browser."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


class SameOrigin:
    """Refuses forged requests: browsers say where a request comes from, other clients say nothing.

    ``Sec-Fetch-Site`` (https://www.w3.org/TR/fetch-metadata/) where it is sent, else ``Origin``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and scope["method"] not in _SAFE
        if changes and not _is_own(Headers(scope=scope)):
            await _REFUSAL(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_own(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


_REFUSAL = JSONResponse(
    {
        "type": "other_origin",
        "title": "Other origin",
        "status": 403,
        "detail": "A page of another site may not change anything here.",
        "reason": "other_origin",
    },
    status_code=403,
    media_type="application/problem+json",
)
