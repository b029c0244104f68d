"""BuildService over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse

from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.documents import Documents
from kit.once import Deed, Deeds
from systems.pipeline.builder import sample
from systems.pipeline.builder.checkout import Source
from systems.pipeline.builder.models import BuildRequest, WorkspaceRequest, WorkspaceState
from systems.pipeline.builder.workspaces import RepositorySettings, Workspaces
from systems.pipeline.runner.models import Digest
from systems.pipeline.runner.service import create_runner_service

_STATUSES = {
    "unknown_workspace": 404,
    "unknown_artifact": 404,
    "scheme_not_allowed": 422,
    "unreachable_repository": 422,
    "unknown_commit": 422,
}


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    kept = Documents(StateStore(sidecar, "build-store"), "workspace", Deed[Source])
    home = app.state.home
    app.state.workspaces = Workspaces(Deeds("workspace", kept), home, RepositorySettings())
    await asyncio.to_thread(sample.make, home.sample)
    yield


async def _workspaces(request: Request) -> Workspaces:
    found: Workspaces = request.app.state.workspaces
    return found


WorkspacesOf = Annotated[Workspaces, Depends(_workspaces)]

app = create_runner_service(
    "BuildService", "build", "systems.pipeline.builder.job", BuildRequest, _STATUSES, _live
)


@app.put(
    "/workspaces/{workspace_id}",
    tags=["workspaces"],
    summary="Check a commit out for a run; a name is looked up once",
    responses=problems(409, 422),
)
async def check_out(
    workspace_id: ResourceId, wanted: WorkspaceRequest, workspaces: WorkspacesOf
) -> WorkspaceState:
    return _told(await workspaces.check_out(workspace_id, wanted))


@app.post(
    "/workspaces/{workspace_id}/undo",
    tags=["workspaces"],
    summary="Remove it; of something unknown, leave a tombstone",
)
async def clear(workspace_id: ResourceId, workspaces: WorkspacesOf) -> WorkspaceState:
    return _told(await workspaces.clear(workspace_id))


@app.get("/workspaces/{workspace_id}", tags=["workspaces"], responses=problems(404))
async def look(workspace_id: ResourceId, workspaces: WorkspacesOf) -> WorkspaceState:
    return _told(await workspaces.get(workspace_id))


@app.get(
    "/artifacts/{digest}",
    tags=["artifacts"],
    summary="The wheel with this SHA-256",
    response_class=FileResponse,
    responses=problems(404),
)
async def artifact(request: Request, digest: Digest) -> FileResponse:
    for wheel in request.app.state.home.artifact(digest).glob("*.whl"):
        return FileResponse(wheel, filename=wheel.name)
    raise Refusal("unknown_artifact", f"There is no artifact {digest}.")


def _told(deed: Deed[Source]) -> WorkspaceState:
    status = "checked_out" if deed.status == "done" else "removed"
    if deed.result is None:
        return WorkspaceState(id=deed.id, status=status)
    at = datetime.fromtimestamp(deed.result.committed_at, UTC)
    kept = deed.result.model_dump(include={"commit", "author", "subject"})
    return WorkspaceState(id=deed.id, status=status, committed_at=at, **kept)
