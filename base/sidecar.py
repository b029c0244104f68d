"""An app's own sidecar over HTTP, by one pooled session."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from pydantic_settings import BaseSettings
from yarl import URL

from base.errors import Unavailable
from base.token import HEADER, TokenSettings

_JSON = {"Content-Type": "application/json"}
_OPEN = ("/v1.0/invoke/", "/v1.0/metadata")


class SidecarSettings(BaseSettings):
    """``DAPR_HTTP_PORT`` is set by ``dapr run``; ``SIDECAR_TIMEOUT_SECONDS`` bounds each call."""

    dapr_http_port: int = 3500
    sidecar_timeout_seconds: float = 10.0


class Sidecar:
    """Calls through the sidecar. Every method raises Unavailable for what may pass by itself."""

    def __init__(self, settings: SidecarSettings) -> None:
        self._settings = settings
        token = TokenSettings().dapr_api_token
        self._shown = {HEADER: token} if token else {}
        self._opened: aiohttp.ClientSession | None = None

    async def call(self, verb: str, url: str, body: Any = None) -> tuple[int, Any]:
        """Return status and answer, JSON as what it says, any other text as a ``detail``."""
        status, answer, _ = await self.request(verb, url, body)
        return status, answer

    async def request(
        self, verb: str, url: str, body: Any = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, answer as of `call`, and headers."""
        try:
            data = None if body is None else orjson.dumps(body)
            async with self._session().request(
                verb, _door(url), data=data, headers=_JSON
            ) as answer:
                text = await answer.read()
                if "json" in answer.content_type:
                    return answer.status, orjson.loads(text) if text else None, answer.headers
                detail = {"detail": text.decode(errors="replace")}
                return answer.status, detail if answer.status >= 300 else None, answer.headers
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            raise Unavailable(f"{verb} {url}: {fault!r}") from fault

    async def connected_workers(self) -> int:
        """Return how many workflow workers the sidecar's engine serves."""
        status, answer = await self.call("GET", "/v1.0/metadata")
        if status != 200:
            raise Unavailable(f"metadata answered {status}: {brief(answer)}")
        return int(answer.get("workflows", {}).get("connectedWorkers", 0))

    async def close(self) -> None:
        """Close the session."""
        if self._opened:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the session; it is opened at the first call, for it needs a running loop."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                f"http://127.0.0.1:{self._settings.dapr_http_port}",
                headers=self._shown,
                timeout=aiohttp.ClientTimeout(total=self._settings.sidecar_timeout_seconds),
                connector=aiohttp.TCPConnector(limit=0),
            )
        return self._opened


def _door(url: str) -> URL:
    """Return the URL, where sidecars ask for it with the mark that no browser can send: see
    ``components/doors.yaml``."""
    return URL(url) if url.startswith(_OPEN) else URL(f"{url}?<", encoded=True)


def brief(answer: Any) -> str:
    """Return what an error says in words: a problem's detail, Dapr's message, or all of it."""
    if isinstance(answer, dict):
        answer = answer.get("detail") or answer.get("message") or answer
    return str(answer)[:200]
