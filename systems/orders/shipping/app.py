"""ShippingService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, Request

from base.clock import utc_now
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.callback import Callback
from kit.documents import Documents
from kit.jobs import Jobs
from kit.once import Deed, Deeds, Once, create_once_service, deeds
from systems.orders.orchestration import ORDERS, OrchestratorSettings
from systems.orders.shipping import labels
from systems.orders.shipping import models as wire
from systems.orders.shipping.carrier import JOB_PREFIX, Carrier, CarrierSettings
from systems.orders.shipping.labels import Label
from systems.orders.shipping.numbers import Given, Numbers

_STORE = "shipping-store"
_STATUSES = {"invalid_address": 422, "too_heavy": 422}


def _tell(deed: Deed[Label]) -> wire.LabelState:
    if deed.result is None:
        return wire.LabelState(id=deed.id, status="voided")
    status = "voided" if deed.status == "undone" else deed.result.status
    kept = {"id": deed.id, "status": status, **deed.result.model_dump()}
    return wire.LabelState.model_validate(kept, extra="ignore")


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app.state.numbers = Numbers(Documents(StateStore(sidecar, _STORE), "number", Given))
    app_id = OrchestratorSettings().orchestrator_app_id
    async with Callback(sidecar, app_id, ORDERS) as callback:
        app.state.carrier = Carrier(app.state.deeds, Jobs(sidecar), callback, CarrierSettings())
        yield


async def _numbers(request: Request) -> Numbers:
    found: Numbers = request.app.state.numbers
    return found


async def _carrier(request: Request) -> Carrier:
    found: Carrier = request.app.state.carrier
    return found


Labels = Annotated[Deeds[Label], Depends(deeds)]
NumbersOf = Annotated[Numbers, Depends(_numbers)]
CarrierOf = Annotated[Carrier, Depends(_carrier)]

LABELS = Once("label", Label, wire.LabelState, _tell, labels.void)
app = create_once_service("ShippingService", _STORE, LABELS, _STATUSES, _live)


@app.post("/addresses/check", summary="Can a parcel be sent there?", responses=problems(422))
async def check(wanted: wire.AddressCheck) -> wire.AddressCheck:
    normal = wanted.address.checked().model_dump()
    return wire.AddressCheck(address=wire.Address.model_validate(normal, extra="ignore"))


@app.put("/labels/{label_id}", tags=["labels"], responses=problems(409, 422))
async def buy(
    label_id: ResourceId, wanted: wire.LabelRequest, kept: Labels, numbers: NumbersOf
) -> wire.LabelState:
    number, address = await numbers.of(label_id), wanted.address.checked()
    return _tell(
        await kept.do(label_id, wanted, lambda: labels.buy(number, address, wanted.weight))
    )


@app.get("/tracking/{number}", tags=["labels"], responses=problems(404))
async def track(number: str, kept: Labels, numbers: NumbersOf) -> wire.LabelState:
    return _tell(await kept.get(await numbers.label_of(number)))


@app.post("/labels/{label_id}/collect", tags=["labels"], responses=problems(404))
async def collect(label_id: ResourceId, carrier: CarrierOf) -> wire.LabelState:
    """The parcel is ready: the carrier may come."""
    return _tell(await carrier.collect(label_id, utc_now()))


@app.post("/carrier-events", summary="The carrier's webhook", responses=problems(404, 409))
async def hear(told: wire.CarrierEvent, numbers: NumbersOf, carrier: CarrierOf) -> wire.LabelState:
    return _tell(await carrier.hear(await numbers.label_of(told.tracking_number), told.event))


@app.post("/job/" + JOB_PREFIX + "{name}", include_in_schema=False)
async def carry(label: Annotated[str, Body(embed=True)], carrier: CarrierOf) -> dict[str, str]:
    await carrier.carry(label, utc_now())
    return {"status": "carried"}
