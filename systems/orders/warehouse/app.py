"""WarehouseService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.wire import ResourceId
from kit.callback import Callback
from kit.jobs import Jobs
from kit.once import Deed, Deeds, Once, create_once_service, deeds
from systems.orders.orchestration import ORDERS, OrchestratorSettings
from systems.orders.warehouse import picks
from systems.orders.warehouse.models import HandOver, PickRequest, PickState, ShortPick
from systems.orders.warehouse.packers import JOB_PREFIX, Packers, PackerSettings
from systems.orders.warehouse.picks import Pick, Pieces

_STATUSES = {"not_of_pick": 422}


def _tell(deed: Deed[Pick]) -> PickState:
    if deed.result is None:
        return PickState(id=deed.id, status="put_back")
    kept = deed.result.model_dump() | ({"status": "put_back"} if deed.status == "undone" else {})
    return PickState.model_validate({"id": deed.id, **kept}, extra="ignore")


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app_id = OrchestratorSettings().orchestrator_app_id
    async with Callback(sidecar, app_id, ORDERS) as callback:
        app.state.packers = Packers(app.state.deeds, Jobs(sidecar), callback, PackerSettings())
        yield


async def _packers(request: Request) -> Packers:
    found: Packers = request.app.state.packers
    return found


Picks = Annotated[Deeds[Pick], Depends(deeds)]
PackersOf = Annotated[Packers, Depends(_packers)]

PICKS = Once("pick", Pick, PickState, _tell, picks.put_back)
app = create_once_service("WarehouseService", "warehouse-store", PICKS, _STATUSES, _live)


@app.put(
    "/picks/{pick_id}",
    tags=["picks"],
    status_code=202,
    summary="Pick and pack; the signals packed or short_pick say when that is done",
    responses=problems(409, 422),
)
async def pick(
    pick_id: ResourceId, wanted: PickRequest, kept: Picks, packers: PackersOf
) -> PickState:
    asked = Pick.model_validate(wanted.model_dump())
    deed = await kept.do(pick_id, wanted, lambda: asked)
    await packers.take(pick_id, deed.result or asked, utc_now())
    return _tell(deed)


@app.post("/picks/{pick_id}/pack", tags=["picks"], responses=problems(404, 409))
async def pack(pick_id: ResourceId, packers: PackersOf) -> PickState:
    """It is packed: what a person in the warehouse says."""
    return _tell(await packers.pack(pick_id))


@app.post("/picks/{pick_id}/short", tags=["picks"], responses=problems(404, 409, 422))
async def short(pick_id: ResourceId, found: ShortPick, packers: PackersOf) -> PickState:
    """Something was not found: what a person in the warehouse says."""
    missing = [Pieces(sku=line.sku, quantity=line.quantity) for line in found.missing]
    return _tell(await packers.short(pick_id, missing))


@app.post("/picks/{pick_id}/hand-over", tags=["picks"], responses=problems(404, 409))
async def hand_over(pick_id: ResourceId, wanted: HandOver, kept: Picks) -> PickState:
    """The carrier has it: nothing is put back any more."""
    return _tell(
        (await kept.amend(pick_id, lambda p: picks.handed_over(p, wanted.tracking_number)))[1]
    )


# The sidecar posts to a job's name; what to do is in its data.
@app.post("/job/" + JOB_PREFIX + "{name}", include_in_schema=False)
async def work(pick: Annotated[str, Body(embed=True)], packers: PackersOf) -> dict[str, str]:
    await packers.work(pick)
    return {"status": "worked"}
