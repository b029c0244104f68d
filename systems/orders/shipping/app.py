"""ShippingService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId
from kit.callback import Callback
from kit.documents import Documents
from kit.once import Deed, Deeds, Once, create_once_service, deeds
from systems.orders.orchestration import ORDERS, OrchestratorSettings
from systems.orders.shipping import labels
from systems.orders.shipping.labels import Label
from systems.orders.shipping.models import (
    Address,
    AddressCheck,
    Carried,
    CarrierEvent,
    LabelRequest,
    LabelState,
)
from systems.orders.shipping.numbers import Given, Numbers

_STORE = "shipping-store"
_STATUSES = {"invalid_address": 422, "too_heavy": 422}


def _tell(deed: Deed[Label]) -> LabelState:
    if deed.result is None:
        return LabelState(id=deed.id, status="voided")
    status = "voided" if deed.status == "undone" else deed.result.status
    kept = {"id": deed.id, "status": status, **deed.result.model_dump()}
    return LabelState.model_validate(kept, extra="ignore")


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    app.state.numbers = Numbers(Documents(StateStore(sidecar, _STORE), "number", Given))
    app_id = OrchestratorSettings().orchestrator_app_id
    async with Callback(sidecar, app_id, ORDERS) as app.state.callback:
        yield


async def _numbers(request: Request) -> Numbers:
    found: Numbers = request.app.state.numbers
    return found


async def _callback(request: Request) -> Callback:
    found: Callback = request.app.state.callback
    return found


Labels = Annotated[Deeds[Label], Depends(deeds)]
NumbersOf = Annotated[Numbers, Depends(_numbers)]
CallbackOf = Annotated[Callback, Depends(_callback)]

LABELS = Once("label", Label, LabelState, _tell, labels.void)
app = create_once_service("ShippingService", _STORE, LABELS, _STATUSES, _live)


@app.post("/addresses/check", summary="Can a parcel be sent there?", responses=problems(422))
async def check(wanted: AddressCheck) -> AddressCheck:
    normal = wanted.address.checked().model_dump()
    return AddressCheck(address=Address.model_validate(normal, extra="ignore"))


@app.put("/labels/{label_id}", tags=["labels"], responses=problems(409, 422))
async def buy(
    label_id: ResourceId, wanted: LabelRequest, kept: Labels, numbers: NumbersOf
) -> LabelState:
    number, address = await numbers.of(label_id), wanted.address.checked()
    return _tell(
        await kept.do(label_id, wanted, lambda: labels.buy(number, address, wanted.weight))
    )


@app.get("/tracking/{number}", tags=["labels"], responses=problems(404))
async def track(number: str, kept: Labels, numbers: NumbersOf) -> LabelState:
    return _tell(await kept.get(await numbers.label_of(number)))


@app.post("/carrier-events", summary="The carrier's webhook", responses=problems(404, 409))
async def hear(
    told: CarrierEvent, kept: Labels, numbers: NumbersOf, callback: CallbackOf
) -> LabelState:
    label_id, event = await numbers.label_of(told.tracking_number), told.event
    before, deed = await kept.amend(label_id, lambda label: labels.tell(label, event))
    if deed.result and deed.result.status != before.status:
        word = Carried(tracking_number=told.tracking_number, status=deed.result.status, at=event.at)
        callback.tell(label_id, "carrier", word)
    return _tell(deed)
