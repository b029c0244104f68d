"""A Dapr state store, over the sidecar's HTTP API.

The Dapr SDK's transactions cannot say "only if absent", which holds and tombstones need; the HTTP
API can. See https://docs.dapr.io/reference/api/state_api/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

# A transaction that meets another writer is told from a fault only by its message: SQLite's and
# PostgreSQL's stores speak of an ETag, and PostgreSQL's of no item where there was none before.
_LOST_RACE = ("etag mismatch", "no item was updated")
_JSON = {"Content-Type": "application/json"}


class StateUnavailable(Exception):
    """The sidecar or its store did not answer, or answered with a fault. It may pass."""


class StateConflict(Exception):
    """Another writer came first: an ETag no longer matches. Read again and decide again."""


@dataclass(frozen=True)
class Entry:
    """A stored JSON value and its version; both None where nothing is stored."""

    value: Any = None
    etag: str | None = None


@dataclass(frozen=True)
class Write:
    """Replace ``key`` if its version is still ``etag``; create it if ``etag`` is None."""

    key: str
    value: Any
    etag: str | None


class StateStore:
    """One named state store of the service's sidecar."""

    def __init__(self, session: aiohttp.ClientSession, name: str) -> None:
        self._session = session
        self._path = f"/v1.0/state/{name}"

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Return an entry for each key. Raises StateUnavailable.

        Of several keys, one that seems absent may be one that could not be read: Dapr's bulk reads
        (of SQLite and PostgreSQL; components-contrib 1.18.3) tell a connection that breaks
        meanwhile as keys that are not there. Writing is safe all the same, by the ETag; where
        absence itself is the answer, read the key alone.
        """
        if len(keys) == 1:
            return {keys[0]: await self._read_one(keys[0])}
        rows = await self._post("/bulk", {"keys": list(keys), "parallelism": 8})
        found = {row["key"]: Entry(row.get("data"), row.get("etag")) for row in rows or []}
        failed = next((row["error"] for row in rows or [] if row.get("error")), None)
        if failed:
            raise StateUnavailable(failed)
        return {key: found.get(key, Entry()) for key in keys}

    async def _read_one(self, key: str) -> Entry:
        try:
            async with self._session.get(f"{self._path}/{quote(key, safe='')}") as answer:
                text = await answer.read()
                if answer.status in (200, 204):
                    return Entry(orjson.loads(text), answer.headers["ETag"]) if text else Entry()
                raise _failure(answer.status, text.decode(errors="replace"))
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise StateUnavailable(f"The sidecar did not answer: {fault!r}") from fault

    async def write(self, writes: Sequence[Write]) -> None:
        """Apply all writes or none. Raises StateConflict, StateUnavailable."""
        await self._post("/transaction", {"operations": [_operation(w) for w in writes]})

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        try:
            async with self._session.post(
                self._path + path, data=orjson.dumps(body), headers=_JSON
            ) as answer:
                text = await answer.read()
                if answer.status in (200, 204):
                    return orjson.loads(text) if text else None
                raise _failure(answer.status, text.decode(errors="replace"))
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise StateUnavailable(f"The sidecar did not answer: {fault!r}") from fault


def _operation(write: Write) -> dict[str, Any]:
    request = {
        "key": write.key,
        "value": write.value,
        "options": {"concurrency": "first-write", "consistency": "strong"},
    }
    if write.etag is not None:
        request["etag"] = write.etag
    return {"operation": "upsert", "request": request}


def _failure(status: int, text: str) -> Exception:
    if any(words in text for words in _LOST_RACE):
        return StateConflict("Another request changed the same records; try again.")
    return StateUnavailable(f"The state store answered {status}: {text[:300]}")
