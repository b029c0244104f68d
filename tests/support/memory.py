"""A state store in memory, with ETags: what rules, records and indexes meet in place of Dapr's."""

import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from base.errors import Changed
from base.state import Stored, Write


def at_once(call: Coroutine[Any, Any, object]) -> None:
    """Run what waits for nothing, such as another writer's call of a store in memory."""
    with suppress(StopIteration):
        call.send(None)
        raise AssertionError("it waits for something")


class MemoryStore:
    """JSON values with versions. A write of several keys is applied whole or not at all.

    ``before_write`` is called once, before the next write is looked at: there a test lets another
    writer come first. ``reads`` counts the calls that read, ``values`` is what is stored.
    """

    name = "memory"

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.before_write: Callable[[], None] | None = None
        self.reads = 0
        self._versions: dict[str, int] = {}

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        self.reads += 1
        return {key: Stored(deepcopy(self.values.get(key)), self._version(key)) for key in keys}

    async def write(self, writes: Sequence[Write]) -> None:
        if come_first := self.before_write:
            self.before_write = None
            come_first()
        if any(write.etag != self._version(write.key) for write in writes):
            raise Changed(", ".join(write.key for write in writes))
        for write in writes:
            self.values[write.key] = json.loads(json.dumps(write.value))
            self._versions[write.key] = self._versions.get(write.key, 0) + 1

    def _version(self, key: str) -> str | None:
        return str(self._versions[key]) if key in self._versions else None
