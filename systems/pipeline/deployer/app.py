"""DeployService over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Path, Request
from pydantic import StringConstraints

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from kit.callback import Callback
from kit.documents import Documents
from kit.service import create_service
from systems.pipeline.deployer import deployments as use
from systems.pipeline.deployer import models as wire
from systems.pipeline.deployer.deployments import Deployments, DeploySettings, PortSettings
from systems.pipeline.deployer.environments import Environment
from systems.pipeline.deployer.hosts import Host
from systems.pipeline.deployer.told import deployment_state, environment_state, lease_state
from systems.pipeline.folders import FolderSettings, PipelineFolder
from systems.pipeline.orchestration import RUNS, OrchestratorSettings

_STORE = "deploy-store"
_STATUSES = {"unknown_environment": 404, "unknown_artifact": 404, "no_such_release": 404}

Name = Annotated[str, Path(pattern=r"^[a-z]{1,32}$")]
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    home = PipelineFolder(FolderSettings().pipeline_folder)
    found = use.hosts(PortSettings(), lambda name, port, slots: Host(name, home, port, slots))
    kept = Documents(StateStore(sidecar, _STORE), "environment", Environment)
    async with Callback(sidecar, OrchestratorSettings().orchestrator_app_id, RUNS) as callback:
        hosts = {host.name: host for host in found}
        app.state.deployments = Deployments(kept, hosts, callback, DeploySettings())
        await app.state.deployments.converge()
        watching = asyncio.create_task(app.state.deployments.watch())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _deployments(request: Request) -> Deployments:
    found: Deployments = request.app.state.deployments
    return found


Uses = Annotated[Deployments, Depends(_deployments)]

app = create_service("DeployService", _STORE, _live, _STATUSES)

_LEASE = "/environments/{name}/leases/{run_id}"
_DEPLOYMENT = "/environments/{name}/deployments/{run_id}"


@app.put(_LEASE, tags=["leases"], responses=problems(404, 409, 422))
async def lease(name: Name, run_id: RunId, uses: Uses) -> wire.LeaseState:
    """Hold an environment, or wait for it: the signal ``leased`` says when it is held."""
    return lease_state(await uses.lease(name, run_id), run_id)


@app.get(_LEASE, tags=["leases"], responses=problems(404, 422))
async def look_at_lease(name: Name, run_id: RunId, uses: Uses) -> wire.LeaseState:
    return lease_state(await uses.get(name), run_id)


@app.post(f"{_LEASE}/release", tags=["leases"], responses=problems(404, 422))
async def release(name: Name, run_id: RunId, uses: Uses) -> wire.LeaseState:
    """Be done with an environment for good; of something unknown, leave a tombstone."""
    return lease_state(await uses.release(name, run_id), run_id)


@app.put(_DEPLOYMENT, tags=["deployments"], responses=problems(404, 409, 422))
async def deploy(
    name: Name, run_id: RunId, wanted: wire.DeploymentRequest, uses: Uses
) -> wire.DeploymentState:
    """Put a release live, once it is healthy beside the old one."""
    await uses.deploy(name, run_id, wanted.fence, wanted.release)
    return await deployment_state(uses.host(name))


@app.post(f"{_DEPLOYMENT}/keep", tags=["deployments"], responses=problems(404, 409, 422))
async def keep(
    name: Name, run_id: RunId, wanted: wire.KeepRequest, uses: Uses
) -> wire.DeploymentState:
    """Let the release stay: from now on no undo puts the one before it back."""
    await uses.keep(name, run_id, wanted.fence)
    return await deployment_state(uses.host(name))


@app.post(f"{_DEPLOYMENT}/undo", tags=["deployments"], responses=problems(404, 422))
async def restore(name: Name, run_id: RunId, uses: Uses) -> wire.DeploymentState:
    """Put back the release that was live when the run got its hold; repeated, the same one."""
    await uses.restore(name, run_id)
    return await deployment_state(uses.host(name))


@app.get("/environments", tags=["environments"])
async def environments(uses: Uses) -> wire.EnvironmentList:
    found = [await environment_state(await uses.get(n), uses.host(n)) for n in uses.names]
    return wire.EnvironmentList(environments=found)


@app.get("/environments/{name}", tags=["environments"], responses=problems(404, 422))
async def environment(name: Name, uses: Uses) -> wire.EnvironmentState:
    return await environment_state(await uses.get(name), uses.host(name))


@app.post("/environments/{name}/rollback", tags=["environments"], responses=problems(404, 409, 422))
async def roll_back(
    name: Name, uses: Uses, wanted: Annotated[wire.RollbackRequest | None, Body()] = None
) -> wire.EnvironmentState:
    """Go back to a release that was kept, now. While a run holds the environment, cancel that."""
    env = await uses.roll_back(name, wanted.release if wanted else None)
    return await environment_state(env, uses.host(name))
