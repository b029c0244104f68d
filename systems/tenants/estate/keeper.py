"""Decides what is to become of a resource, and brings the real world there, one call at a time."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from base.errors import Refusal
from kit.documents import Documents
from systems.tenants.estate.kept import (
    Kept,
    Suspension,
    called_off,
    gone,
    lifted,
    placed,
    suspended,
    there,
    wanted,
)
from systems.tenants.estate.things import Found, Owned, Things
from systems.tenants.server import locked


class Keeper:
    """The resources of one service. Calls about the same one wait for each other, also those of
    other replicas; what a crash left undone, the next call about it does.

    Methods raise Unavailable, and refuse what the rules refuse.
    """

    def __init__(
        self,
        kept: Documents[Kept],
        suspensions: Documents[Suspension],
        things: Things,
        folder: Path,
    ) -> None:
        self._kept = kept
        self._suspensions = suspensions
        self.things = things
        self._folder = folder

    async def want(self, resource_id: str, request: dict[str, Any]) -> Kept:
        """Make it, unless it is there."""
        return await self._to(resource_id, lambda known: wanted(known, request))

    async def undo(self, resource_id: str) -> Kept:
        """Undo what made it. Refuses ``holds_data``: what the tenant put there is not undone."""
        async with self._alone(resource_id):
            known = await self._known(resource_id)
            if known.status == "wanted" and await self.things.holds_data(known):
                raise Refusal("holds_data", f"{resource_id} holds data of the tenant.")
            return await self._settled(resource_id, gone)

    async def drop(self, resource_id: str) -> Kept:
        """Remove it with all that is in it, for good."""
        return await self._to(resource_id, gone)

    async def suspend(self, suspension_id: str, resource_id: str) -> Kept:
        """Let nobody use a resource, until this suspension is lifted."""
        await self._suspensions.change(
            suspension_id, lambda known: placed(known, suspension_id, resource_id)
        )
        return await self._to(resource_id, lambda known: suspended(known, suspension_id))

    async def lift(self, suspension_id: str) -> Suspension:
        """Undo a suspension; of one unknown, leave a tombstone."""
        off = await self._suspensions.change(
            suspension_id, lambda known: called_off(known, suspension_id)
        )
        if off.resource:
            await self._to(off.resource, lambda known: lifted(known, suspension_id))
        return off

    async def reconcile(self, resource_id: str) -> Kept:
        """Bring it again to how it has to be."""
        return await self._to(resource_id, lambda known: known)

    async def furnish(self, resource_id: str) -> Kept:
        return await self.using(resource_id, self.things.furnish)

    async def smoke(self, resource_id: str) -> Kept:
        return await self.using(resource_id, self.things.smoke)

    async def export(self, resource_id: str, name: str) -> Kept:
        """Write all that is in it into a folder below this name, once. Of a big one the first call
        is given up before it is done; the next ones wait for it, and find it done."""
        folder = self._folder / "exports" / name / resource_id
        part = folder.with_name(f".{resource_id}")

        async def write(kept: Kept) -> None:
            if folder.exists():
                return
            shutil.rmtree(part, ignore_errors=True)  # what a crash left
            part.mkdir(parents=True, mode=0o700)
            await self.things.export(kept, part)
            part.rename(folder)

        return await self.using(resource_id, write)

    async def get(self, resource_id: str) -> Kept:
        """Return what is to become of it. Refuses ``unknown_resource``."""
        known = await self._known(resource_id)
        if known.status == "unknown":
            raise Refusal("unknown_resource", f"There is no {resource_id}.")
        return known

    async def look(self, resource_id: str) -> tuple[Kept, Found]:
        """Return what is to become of it, and what really exists."""
        known = await self._known(resource_id)
        found = await self.things.look(known) if known.slug else Found(state="absent")
        return known, found

    async def owned(self) -> list[Owned]:
        return await self.things.owned()

    async def _known(self, resource_id: str) -> Kept:
        return await self._kept.get(resource_id) or Kept(id=resource_id)

    async def _to(self, resource_id: str, rule: Callable[[Kept], Kept]) -> Kept:
        async with self._alone(resource_id):
            return await self._settled(resource_id, rule)

    async def _settled(self, resource_id: str, rule: Callable[[Kept], Kept]) -> Kept:
        kept = await self._kept.change(
            resource_id, lambda known: rule(known or Kept(id=resource_id))
        )
        if kept.target != "absent":
            await self.things.settle(kept)
        elif kept.slug:
            await self.things.remove(kept)
        return kept

    async def using(self, resource_id: str, act: Callable[[Kept], Awaitable[object]]) -> Kept:
        """Do something with it while nobody else does. Refuses ``unknown_resource``."""
        async with self._alone(resource_id):
            known = there(await self._known(resource_id))
            await act(known)
            return known

    @asynccontextmanager
    async def _alone(self, resource_id: str) -> AsyncIterator[None]:
        name = sha256(resource_id.encode()).hexdigest()[:2]  # few files, and no name from outside
        async with locked(self._folder / "locks" / name):
            yield
