"""Whether a request comes from the app's own sidecar, or may look whether the app is alive."""

import hmac

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


class FromSidecar:
    """ASGI middleware that answers 401 to what does not bring the token, but for the health."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in HEALTH or self._knows(scope):
            await self._app(scope, receive, send)
        else:
            await _REFUSAL(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        shown = Headers(scope=scope).get(HEADER, "").encode("latin-1")
        return hmac.compare_digest(shown, self._token)


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
