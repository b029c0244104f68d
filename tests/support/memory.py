"""State stores in memory, with ETags: what rules, records and indexes meet in place of Dapr's."""

import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any

from orchestrator.sidecar import StateChanged, Stored
from orchestrator.sidecar import Write as SidecarWrite
from services.kit.state import Entry, StateConflict
from services.kit.state import Write as StateWrite


def at_once(call: Coroutine[Any, Any, object]) -> None:
    """Run what waits for nothing, such as another writer's call of a store in memory."""
    with suppress(StopIteration):
        call.send(None)
        raise AssertionError("it waits for something")


class Memory:
    """JSON values with versions. A write of several keys is applied whole or not at all.

    ``before_write`` is called once, before the next write is looked at: there a test lets another
    writer come first. ``reads`` counts the calls that read, ``values`` is what is stored.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.before_write: Callable[[], None] | None = None
        self.reads = 0
        self._versions: dict[str, int] = {}

    def look(self, keys: Sequence[str]) -> dict[str, tuple[Any, str | None]]:
        """Return value and version of each key; both None where nothing is stored."""
        self.reads += 1
        return {key: (deepcopy(self.values.get(key)), self._version(key)) for key in keys}

    def replace(self, writes: Sequence[SidecarWrite | StateWrite]) -> bool:
        """Apply all writes, or none if a version is another; return whether they were applied."""
        if come_first := self.before_write:
            self.before_write = None
            come_first()
        if any(write.etag != self._version(write.key) for write in writes):
            return False
        for write in writes:
            self.values[write.key] = json.loads(json.dumps(write.value))
            self._versions[write.key] = self._versions.get(write.key, 0) + 1
        return True

    def _version(self, key: str) -> str | None:
        return str(self._versions[key]) if key in self._versions else None


class MemorySidecar(Memory):
    """What the orchestrator's records ask of a `Sidecar`, which has one store."""

    STORE = "trip-store"

    async def read(self, store: str, keys: Sequence[str]) -> dict[str, Stored]:
        assert store == self.STORE
        return {key: Stored(*found) for key, found in self.look(keys).items()}

    async def write(self, store: str, writes: Sequence[SidecarWrite]) -> None:
        assert store == self.STORE
        if not self.replace(writes):
            raise StateChanged(", ".join(write.key for write in writes))


class MemoryState(Memory):
    """What a service's stores ask of a `StateStore`."""

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        return {key: Entry(*found) for key, found in self.look(keys).items()}

    async def write(self, writes: Sequence[StateWrite]) -> None:
        if not self.replace(writes):
            raise StateConflict("Another request changed the same records; try again.")
