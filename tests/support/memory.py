"""State stores in memory, with ETags: what rules, records and indexes meet in place of Dapr's."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from orchestrator.sidecar import StateChanged, Stored
from orchestrator.sidecar import Write as SidecarWrite
from services.kit.state import Entry, StateConflict
from services.kit.state import Write as StateWrite


class Memory:
    """Values with versions. A write of several keys is applied whole or not at all.

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
            self.values[write.key] = deepcopy(write.value)
            self._versions[write.key] = self._versions.get(write.key, 0) + 1
        return True

    def _version(self, key: str) -> str | None:
        return str(self._versions[key]) if key in self._versions else None


class MemorySidecar(Memory):
    """What the orchestrator's records ask of a `Sidecar`."""

    async def read(self, _: str, keys: Sequence[str]) -> dict[str, Stored]:
        return {key: Stored(*found) for key, found in self.look(keys).items()}

    async def write(self, _: str, writes: Sequence[SidecarWrite]) -> None:
        if not self.replace(writes):
            raise StateChanged(", ".join(write.key for write in writes))


class MemoryState(Memory):
    """What a service's stores ask of a `StateStore`."""

    async def read(self, keys: Sequence[str]) -> dict[str, Entry]:
        return {key: Entry(*found) for key, found in self.look(keys).items()}

    async def write(self, writes: Sequence[StateWrite]) -> None:
        if not self.replace(writes):
            raise StateConflict("Another request changed the same records; try again.")
