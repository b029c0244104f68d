"""The app of a service that keeps one kind of resource for tenants."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path as Folder
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from pydantic import Field
from pydantic_settings import BaseSettings

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire, as_asked
from kit.documents import Documents
from kit.service import create_service
from systems.tenants.estate.keeper import Keeper
from systems.tenants.estate.kept import Kept, Suspension, Target
from systems.tenants.estate.things import Found, Owned, Things

MakeThings = Callable[[FastAPI, Sidecar], AbstractAsyncContextManager[Things]]
CaseName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class EstateSettings(BaseSettings):
    """``ESTATE_FOLDER``: where the service keeps its locks, and what is exported."""

    estate_folder: Folder = Folder("systems/tenants/data/estate")


class ResourceState(Wire):
    """A resource: how it has to be, and how it is reached. No secret is in it."""

    id: str
    status: Target
    slug: str
    facts: dict[str, str] = Field(default_factory=dict)


class SuspensionRequest(Wire):
    """Which resource it is of."""

    resource: ResourceId


class SuspensionState(Wire):
    """Whether a suspension counts."""

    id: str
    status: Literal["on", "lifted"]


class Look(Wire):
    """How a resource has to be, and what really exists."""

    id: str
    wanted: Target
    found: Found
    matches: bool


class OwnedList(Wire):
    owned: list[Owned]


async def keeper(request: Request) -> Keeper:
    """Return the keeper of the app, as a dependency of its routes."""
    found: Keeper = request.app.state.keeper
    return found


KeeperOf = Annotated[Keeper, Depends(keeper)]


def create_estate_service(
    title: str, store: str, noun: str, asked: type[Wire], make: MakeThings, furnish: str = ""
) -> FastAPI:
    """Return an app with the routes of ``/{noun}s/{id}``: made by ``PUT``, undone, suspended and
    resumed, smoke-tested, exported, dropped, looked at. ``furnish`` names the route that completes
    one; ``make`` gives what the real world has of them."""

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        state, folder = StateStore(sidecar, store), EstateSettings().estate_folder.resolve()
        kept = Documents(state, noun, Kept)
        suspensions = Documents(state, "suspension", Suspension)
        async with make(app, sidecar) as things:
            app.state.keeper = Keeper(kept, suspensions, things, folder)
            yield

    statuses = {"unknown_resource": 404, "unknown_realm": 404}
    app = create_service(title, store, live, statuses)
    app.include_router(_making(noun, asked, furnish))
    app.include_router(_suspending())
    app.include_router(_looking(noun))
    return app


def state(keeper: Keeper, kept: Kept) -> ResourceState:
    """Return what is told of a resource."""
    facts = keeper.things.facts(kept) if kept.slug else {}
    return ResourceState(id=kept.id, status=kept.target, slug=kept.slug, facts=facts)


def _making(noun: str, asked: type[Wire], furnish: str) -> APIRouter:
    routes = APIRouter(prefix=f"/{noun}s/{{resource_id}}", tags=[f"{noun}s"])

    @routes.put("", summary="Make it; repeated, the same answer", responses=problems(409, 422))
    async def put(
        resource_id: ResourceId,
        wanted: asked,  # type: ignore[valid-type]
        keeper: KeeperOf,
    ) -> ResourceState:
        body: Wire = wanted
        return state(keeper, await keeper.want(resource_id, as_asked(body)))

    @routes.post(
        "/undo",
        summary="Undo what made it, unless it holds data; of something unknown, leave a tombstone",
        responses=problems(409),
    )
    async def undo(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.undo(resource_id))

    @routes.post("/drop", summary="Remove it for good, with all that is in it")
    async def drop(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.drop(resource_id))

    @routes.post("/smoke", summary="Try it as its tenant, and as another", responses=problems(409))
    async def smoke(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.smoke(resource_id))

    @routes.put("/exports/{name}", summary="Write all that is in it", responses=problems(404))
    async def export(resource_id: ResourceId, name: CaseName, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.export(resource_id, name))

    if furnish:

        @routes.post(f"/{furnish}", summary="Complete it", responses=problems(404))
        async def complete(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
            return state(keeper, await keeper.furnish(resource_id))

    return routes


def _suspending() -> APIRouter:
    routes = APIRouter(prefix="/suspensions/{suspension_id}", tags=["suspensions"])

    @routes.put("", summary="Let nobody use a resource", responses=problems(404, 409))
    async def suspend(
        suspension_id: ResourceId, wanted: SuspensionRequest, keeper: KeeperOf
    ) -> ResourceState:
        return state(keeper, await keeper.suspend(suspension_id, wanted.resource))

    @routes.post("/undo", summary="Let it be used again; of something unknown, leave a tombstone")
    async def lift(suspension_id: ResourceId, keeper: KeeperOf) -> SuspensionState:
        off = await keeper.lift(suspension_id)
        return SuspensionState(id=off.id, status=off.status)

    return routes


def _looking(noun: str) -> APIRouter:
    routes = APIRouter(tags=[f"{noun}s"])

    @routes.get(f"/{noun}s", summary="All that really exists, and whose it is")
    async def owned(keeper: KeeperOf) -> OwnedList:
        return OwnedList(owned=await keeper.owned())

    @routes.get(f"/{noun}s/{{resource_id}}", summary="Look at it", responses=problems(404))
    async def get(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.get(resource_id))

    @routes.get(f"/{noun}s/{{resource_id}}/found", summary="What really exists of it")
    async def look(resource_id: ResourceId, keeper: KeeperOf) -> Look:
        kept, found = await keeper.look(resource_id)
        return Look(id=kept.id, wanted=kept.target, found=found, matches=found.state == kept.target)

    @routes.post(f"/{noun}s/{{resource_id}}/reconcile", summary="Mend what differs")
    async def reconcile(resource_id: ResourceId, keeper: KeeperOf) -> ResourceState:
        return state(keeper, await keeper.reconcile(resource_id))

    return routes
