"""The orchestrator's own sidecar over HTTP: its state stores, and whatever else is called.

One pooled session for each event loop: activities run on the workflow worker's loop, requests on
the server's.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import aiohttp
import orjson
from pydantic_settings import BaseSettings

# A transaction that meets another writer is told from a fault only by its message: SQLite's and
# PostgreSQL's stores speak of an ETag, and PostgreSQL's of no item where there was none before.
_LOST_RACE = ("etag mismatch", "no item was updated")
_JSON = {"Content-Type": "application/json"}


class SidecarSettings(BaseSettings):
    """``DAPR_HTTP_PORT`` is set by ``dapr run``; the timeout bounds each call."""

    dapr_http_port: int = 3500
    sidecar_timeout_seconds: float = 10.0


class CallFailed(Exception):
    """A call had no answer, or a fault for an answer. It may pass."""


class StateChanged(Exception):
    """Another writer came first: the ETag no longer matches."""


@dataclass(frozen=True)
class Stored:
    """A stored JSON value and its version; both None where nothing is stored."""

    value: Any = None
    etag: str | None = None


@dataclass(frozen=True)
class Write:
    """Replace ``key`` if its version is still ``etag``; create it if ``etag`` is None."""

    key: str
    value: Any
    etag: str | None


class Sidecar:
    """Calls through the sidecar. Every method raises CallFailed for what may pass by itself."""

    def __init__(self, settings: SidecarSettings) -> None:
        self._settings = settings
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = (
            WeakKeyDictionary()
        )

    async def read(self, store: str, keys: Sequence[str]) -> dict[str, Stored]:
        """Return what is stored under each key.

        Of several keys, one that seems absent may be one that could not be read: Dapr's bulk reads
        (of SQLite and PostgreSQL; components-contrib 1.18.3) tell a connection that breaks
        meanwhile as keys that are not there. Writing is safe all the same, by the ETag; where
        absence itself is the answer, read the key alone.
        """
        if len(keys) == 1:
            return {keys[0]: await self._read_one(store, keys[0])}
        body = {"keys": list(keys), "parallelism": 8}
        status, rows = await self.call("POST", f"/v1.0/state/{store}/bulk", body)
        failed = [row["error"] for row in rows or [] if isinstance(row, dict) and "error" in row]
        if status not in (200, 204) or failed:
            raise CallFailed(f"{store} answered {status}: {brief(failed or rows)}")
        found = {row["key"]: Stored(row.get("data"), row.get("etag")) for row in rows or []}
        return {key: found.get(key, Stored()) for key in keys}

    async def _read_one(self, store: str, key: str) -> Stored:
        url = f"/v1.0/state/{store}/{quote(key, safe='')}"
        status, value, headers = await self._request("GET", url, None)
        if status not in (200, 204):
            raise CallFailed(f"{store} answered {status}: {brief(value)}")
        return Stored(value, headers["ETag"]) if status == 200 else Stored()

    async def write(self, store: str, writes: Sequence[Write]) -> None:
        """Apply all writes or none. Raises StateChanged."""
        body = {"operations": [_operation(write) for write in writes]}
        status, answer = await self.call("POST", f"/v1.0/state/{store}/transaction", body)
        if any(words in brief(answer) for words in _LOST_RACE):
            raise StateChanged(", ".join(write.key for write in writes))
        if status >= 300:
            raise CallFailed(f"{store} answered {status}: {brief(answer)}")

    async def connected_workers(self) -> int:
        """Return how many workflow workers the sidecar's engine serves."""
        status, answer = await self.call("GET", "/v1.0/metadata", None)
        if status != 200:
            raise CallFailed(f"metadata answered {status}: {brief(answer)}")
        return int(answer.get("workflows", {}).get("connectedWorkers", 0))

    async def close(self) -> None:
        """Close the session of the running loop."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session:
            await session.close()

    async def call(self, verb: str, url: str, body: Any) -> tuple[int, Any]:
        """Return status and answer, JSON as what it says, any other text as a ``detail``."""
        status, answer, _ = await self._request(verb, url, body)
        return status, answer

    async def _request(self, verb: str, url: str, body: Any) -> tuple[int, Any, Mapping[str, str]]:
        try:
            data = None if body is None else orjson.dumps(body)
            async with self._session().request(verb, url, data=data, headers=_JSON) as answer:
                text = await answer.read()
                if "json" in answer.content_type:
                    return answer.status, orjson.loads(text) if text else None, answer.headers
                detail = {"detail": text.decode(errors="replace")}
                return answer.status, detail if answer.status >= 300 else None, answer.headers
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


def _operation(write: Write) -> dict[str, Any]:
    request = {
        "key": write.key,
        "value": write.value,
        "options": {"concurrency": "first-write", "consistency": "strong"},
    }
    if write.etag is not None:
        request["etag"] = write.etag
    return {"operation": "upsert", "request": request}


def brief(answer: Any) -> str:
    """Return what an error says in words: a problem's detail, Dapr's message, or all of it."""
    if isinstance(answer, dict):
        answer = answer.get("detail") or answer.get("message") or answer
    return str(answer)[:200]
