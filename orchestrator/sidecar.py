"""The orchestrator's own sidecar over HTTP: service invocation and the record of trips.

One pooled session for each event loop: activities run on the workflow worker's loop, requests on
the server's.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from pydantic_settings import BaseSettings

from orchestrator.saga import Answer, Refused


class SidecarSettings(BaseSettings):
    """``DAPR_HTTP_PORT`` is set by ``dapr run``; the timeout bounds each call."""

    dapr_http_port: int = 3500
    sidecar_timeout_seconds: float = 10.0


class CallFailed(Exception):
    """A call had no answer, or a fault for an answer. It may pass."""


class StateChanged(Exception):
    """Another writer came first: the ETag no longer matches."""


class Sidecar:
    """Calls through the sidecar. Every method raises CallFailed for what may pass by itself."""

    def __init__(self, settings: SidecarSettings) -> None:
        self._settings = settings
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = (
            WeakKeyDictionary()
        )

    async def invoke(
        self, app_id: str, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> Answer:
        """Call a service by its app-id: a 2xx is a value, a 4xx with a reason code a refusal."""
        url = f"/v1.0/invoke/{app_id}/method/{path}"
        status, answer = await self._call(verb, url, body)
        if status < 300:
            return Answer(value=answer or {})
        if 400 <= status < 500 and isinstance(answer, dict) and "reason" in answer:
            refused = Refused(reason=answer["reason"], detail=str(answer.get("detail", "")))
            return Answer(refusal=refused)
        raise CallFailed(f"{app_id} answered {verb} {path} with {status}: {_brief(answer)}")

    async def load(self, store: str, key: str) -> tuple[Any, str | None]:
        """Return a stored value and its ETag, both None where nothing is stored."""
        body = {"keys": [key]}
        status, rows = await self._call("POST", f"/v1.0/state/{store}/bulk", body)
        if status not in (200, 204) or (rows and rows[0].get("error")):
            raise CallFailed(f"{store} answered {status}: {_brief(rows)}")
        row = rows[0] if rows else {}
        return row.get("data"), row.get("etag")

    async def save(self, store: str, key: str, value: Any, etag: str | None) -> None:
        """Replace what has this ETag, or create what is not there. Raises StateChanged."""
        item = {"key": key, "value": value, "options": {"concurrency": "first-write"}}
        if etag is not None:
            item["etag"] = etag
        status, answer = await self._call("POST", f"/v1.0/state/{store}", [item])
        if status == 409 or "etag mismatch" in _brief(answer):
            raise StateChanged(key)
        if status >= 300:
            raise CallFailed(f"{store} answered {status}: {_brief(answer)}")

    async def connected_workers(self) -> int:
        """Return how many workflow workers the sidecar's engine serves."""
        status, answer = await self._call("GET", "/v1.0/metadata", None)
        if status != 200:
            raise CallFailed(f"metadata answered {status}: {_brief(answer)}")
        return int(answer.get("workflows", {}).get("connectedWorkers", 0))

    async def close(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session:
            await session.close()

    async def _call(self, verb: str, url: str, body: Any) -> tuple[int, Any]:
        try:
            async with self._session().request(verb, url, json=body) as answer:
                if "json" not in answer.content_type:
                    return answer.status, {
                        "detail": await answer.text()
                    } if answer.status >= 300 else None
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            raise CallFailed(f"{verb} {url}: {fault!r}") from fault

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            session = aiohttp.ClientSession(
                f"http://127.0.0.1:{self._settings.dapr_http_port}",
                timeout=aiohttp.ClientTimeout(total=self._settings.sidecar_timeout_seconds),
                connector=aiohttp.TCPConnector(limit=0),
            )
            self._sessions[loop] = session
        return session


def _brief(answer: Any) -> str:
    """Return what an error says in words: a problem's detail, Dapr's message, or all of it."""
    if isinstance(answer, dict):
        answer = answer.get("detail") or answer.get("message") or answer
    return str(answer)[:200]
