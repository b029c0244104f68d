"""A Dapr state store, over the sidecar's HTTP API.

The Dapr SDK's transactions cannot say "only if absent", which holds, tombstones and records need;
the HTTP API can. See https://docs.dapr.io/reference/api/state_api/.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from base.errors import Changed, Unavailable
from base.sidecar import Sidecar, brief

T = TypeVar("T")

# A transaction that meets another writer is told from a fault only by its message: SQLite's and
# PostgreSQL's stores speak of an ETag, and PostgreSQL's of no item where there was none before.
_LOST_RACE = ("etag mismatch", "no item was updated")
_TRIES = 30
_LONGEST_PAUSE_SECONDS = 0.05


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


class StateStore:
    """One named state store. Its methods raise Unavailable for what may pass by itself."""

    def __init__(self, sidecar: Sidecar, name: str) -> None:
        self.name = name
        self._sidecar = sidecar
        self._path = f"/v1.0/state/{name}"

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """Return what is stored under each key.

        Of several keys, one that seems absent may be one that could not be read: Dapr's bulk reads
        (of SQLite and PostgreSQL; components-contrib 1.18.3) tell a connection that breaks
        meanwhile as keys that are not there. Writing is safe all the same, by the ETag; where
        absence itself is the answer, read the key alone.
        """
        if len(keys) == 1:
            return {keys[0]: await self._read_one(keys[0])}
        body = {"keys": list(keys), "parallelism": 8}
        status, rows = await self._sidecar.call("POST", f"{self._path}/bulk", body)
        failed = [row["error"] for row in rows or [] if isinstance(row, dict) and row.get("error")]
        if status not in (200, 204) or failed:
            raise self._failed(status, failed or rows)
        found = {row["key"]: Stored(row.get("data"), row.get("etag")) for row in rows or []}
        return {key: found.get(key, Stored()) for key in keys}

    async def write(self, writes: Sequence[Write]) -> None:
        """Apply all writes or none. Raises Changed."""
        body = {"operations": [_operation(write) for write in writes]}
        status, answer = await self._sidecar.call("POST", f"{self._path}/transaction", body)
        if status >= 300 and any(words in str(answer) for words in _LOST_RACE):
            raise Changed("Another request changed the same records; try again.")
        if status >= 300:
            raise self._failed(status, answer)

    async def _read_one(self, key: str) -> Stored:
        url = f"{self._path}/{quote(key, safe='')}"
        status, value, headers = await self._sidecar.request("GET", url)
        if status not in (200, 204):
            raise self._failed(status, value)
        return Stored(value, headers["ETag"]) if status == 200 else Stored()

    def _failed(self, status: int, answer: Any) -> Unavailable:
        return Unavailable(f"{self.name} answered {status}: {brief(answer)}")


async def decided(attempt: Callable[[], Awaitable[T]]) -> T:
    """Return what ``attempt`` decides on what is stored now; as long as other writers come first,
    let it decide again. Raises Unavailable after thirty lost races, and what it raises itself."""
    for _ in range(_TRIES):
        try:
            return await attempt()
        except Changed:
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))
    raise Unavailable("Other requests kept changing the same records; try again.")


def _operation(write: Write) -> dict[str, Any]:
    request = {
        "key": write.key,
        "value": write.value,
        "options": {"concurrency": "first-write", "consistency": "strong"},
    }
    if write.etag is not None:
        request["etag"] = write.etag
    return {"operation": "upsert", "request": request}
