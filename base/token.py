"""Whether a request comes from the app's own sidecar, or may look whether the app is alive."""

import hmac
from collections.abc import Callable

from pydantic_settings import BaseSettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

HEADER = "dapr-api-token"
HEALTH = ("/healthz", "/readyz")


class TokenSettings(BaseSettings):
    """``APP_API_TOKEN`` is what the sidecar shows the app with each request; without one, anybody
    may ask it. ``DAPR_API_TOKEN`` is what the app shows its sidecar."""

    app_api_token: str = ""
    dapr_api_token: str = ""


def signed(path: str, token: str) -> str:
    """Return a link to a path that opens it, and nothing else, to whoever has the link."""
    return f"{path}?key={_signature(path, token)}" if token else path


def is_token(shown: str, token: str) -> bool:
    """Say whether what was shown is the token, in a time that tells nothing of it."""
    return hmac.compare_digest(shown.encode(), token.encode())


class FromSidecar:
    """ASGI middleware that answers 401 to what does not bring the token, but for the health, and
    for links that the app signed; and for what the app itself asks about who comes, as its
    ``state.asks_who`` says of a request's scope."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._lets_in(scope):
            await self._app(scope, receive, send)
        else:
            await _REFUSAL(scope, receive, send)

    def _lets_in(self, scope: Scope) -> bool:
        return (
            scope["path"] in HEALTH
            or is_token(Headers(scope=scope).get(HEADER, ""), self._token)
            or self._signed(scope)
            or _asks_who(scope)
        )

    def _signed(self, scope: Scope) -> bool:
        key = scope["query_string"].partition(b"key=")[2]
        own = _signature(scope["path"], self._token)
        return scope.get("method") == "GET" and hmac.compare_digest(key, own.encode())


def _asks_who(scope: Scope) -> bool:
    asks: Callable[[Scope], bool] | None = getattr(scope["app"].state, "asks_who", None)
    return asks is not None and asks(scope)


def _signature(path: str, token: str) -> str:
    return hmac.new(token.encode(), path.encode(), "sha256").hexdigest()


_REFUSAL = JSONResponse(
    {
        "type": "no_token",
        "title": "No token",
        "status": 401,
        "detail": f"Requests to this app come from its sidecar, with its token in {HEADER}.",
        "reason": "no_token",
    },
    status_code=401,
    media_type="application/problem+json",
)
