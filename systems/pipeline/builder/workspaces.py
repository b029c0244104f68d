"""The workspaces of runs: what a run works with is its own, and goes with it."""

import asyncio
import shutil
from collections.abc import Collection

from pydantic_settings import BaseSettings

from base.errors import Refusal
from base.wire import as_asked
from kit.once import Deed, Deeds, done
from systems.pipeline.builder.checkout import Source, check_out
from systems.pipeline.builder.models import WorkspaceRequest
from systems.pipeline.builder.repositories import SAMPLE, source_of
from systems.pipeline.folders import PipelineFolder


class RepositorySettings(BaseSettings):
    """``REPOSITORY_SCHEMES``: how repositories may be read, with commas between."""

    repository_schemes: str = "file,https"

    @property
    def schemes(self) -> Collection[str]:
        return {scheme.strip() for scheme in self.repository_schemes.split(",")} - {""}


class Workspaces:
    """Checks commits out, each once for a run, and clears them away."""

    def __init__(
        self, deeds: Deeds[Source], home: PipelineFolder, settings: RepositorySettings
    ) -> None:
        self._deeds = deeds
        self._home = home
        self._settings = settings

    async def check_out(self, workspace_id: str, wanted: WorkspaceRequest) -> Deed[Source]:
        """Check a commit out. A name is looked up once: from then on it is that commit. Refuses as
        `source_of` and `check_out`, ``idempotency_conflict`` and ``undone``."""
        if known := await self._known(workspace_id):
            return done(workspace_id, as_asked(wanted), known, _never)
        folder = self._home.workspace(_run_of(workspace_id))
        if wanted.repository == SAMPLE:
            source = str(self._home.sample)
        else:
            source = source_of(wanted.repository, self._settings.schemes)
        found = await asyncio.to_thread(check_out, source, wanted.commit, folder)
        try:
            return await self._deeds.do(workspace_id, wanted, lambda: found)
        except Refusal as no:
            if no.reason == "undone":
                await self.clear(workspace_id)
            raise

    async def clear(self, workspace_id: str) -> Deed[Source]:
        """Remove a workspace for good."""
        deed = await self._deeds.undo(workspace_id, lambda source: source)
        folder = self._home.workspace(_run_of(workspace_id))
        await asyncio.to_thread(shutil.rmtree, folder, True)
        return deed

    async def get(self, workspace_id: str) -> Deed[Source]:
        """Return a workspace. Refuses ``unknown_workspace``."""
        return await self._deeds.get(workspace_id)

    async def _known(self, workspace_id: str) -> Deed[Source] | None:
        try:
            return await self._deeds.get(workspace_id)
        except Refusal:
            return None


def _run_of(workspace_id: str) -> str:
    return workspace_id.partition(":")[0]


def _never() -> Source:
    raise AssertionError("what is known is not checked out again")
