"""The console's pages that only orders have: a person is the warehouse, and the carrier."""

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from base.errors import Unavailable
from sagas import Refused
from sagas.core.progress import Progress
from sagas.engine.participants import Participants
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed as Asked
from sagas.web.people.deeds import asks
from sagas.web.routes import CaseId, CasesOf
from systems.orders.participants import SHIPPING, WAREHOUSE

Deed = Literal["packed", "not_found", "in_transit", "delivered", "lost", "returned"]
Number = Annotated[int, Path(ge=1, le=9)]
Mail = Annotated[str, Path(pattern=r"^(shipped|cancelled|rejected|refunded-[1-9])$")]

_NOTIFICATION = "notification-service"
ASKS = [
    (_NOTIFICATION, "GET notifications/{id}"),
    (WAREHOUSE, "POST picks/{id}/pack"),
    (WAREHOUSE, "POST picks/{id}/short"),
    (SHIPPING, "POST carrier-events"),
]
"""What the pages ask of services besides the saga's steps."""
_NO_ANSWER = "The service does not answer just now. Nothing may have been changed; try again."


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()

    @router.post("/console/orders/{order_id}/parcels/{number}")
    @asks(Asked.OPERATE)
    async def tell(
        request: Request,
        order_id: CaseId,
        number: Number,
        deed: Annotated[Deed, Form()],
        cases: CasesOf,
    ) -> Response:
        """Say what became of a parcel, as the warehouse or the carrier would."""
        record = await cases.get(order_id)
        progress = record.progress if record else Progress()
        try:
            no = await _told(request.app.state.services, order_id, number, deed, progress)
        except Unavailable:
            return show(request, "said.html", 503, order_id=order_id, said=_NO_ANSWER)
        if no:
            return show(request, "said.html", 409, order_id=order_id, said=no.detail)
        return RedirectResponse(f"/console/orders/{order_id}", 303)

    @router.get("/console/orders/{order_id}/mails/{kind}")
    @asks(Asked.LOOK)
    async def mail(request: Request, order_id: CaseId, kind: Mail) -> Response:
        """Show a mail about an order as it was sent."""
        services: Participants = request.app.state.services
        try:
            path = f"notifications/{order_id}:{kind}"
            answer = await services.invoke(_NOTIFICATION, "GET", path)
        except Unavailable:
            return show(request, "said.html", 503, order_id=order_id, said=_NO_ANSWER)
        return show(request, "mail.html", order_id=order_id, mail=answer.value or None)

    return router


async def _told(
    services: Participants, order_id: str, number: int, deed: Deed, progress: Progress
) -> Refused | None:
    """Tell the warehouse or the shipping service; return why they do not take it."""
    if deed in ("packed", "not_found"):
        path = f"picks/{order_id}:pick-{number}/{'pack' if deed == 'packed' else 'short'}"
        body = None if deed == "packed" else {"missing": _lines(progress, number)}
        return (await services.invoke(WAREHOUSE, "POST", path, body)).refusal
    event = {
        "eventId": f"console-{secrets.token_hex(8)}",
        "trackingNumber": progress.results.get(f"label-{number}", {}).get("trackingNumber", "none"),
        "status": deed,
        "at": datetime.now(UTC).isoformat(),
    }
    return (await services.invoke(SHIPPING, "POST", "carrier-events", event)).refusal


def _lines(progress: Progress, number: int) -> list[dict[str, Any]]:
    """Return what is in a parcel, as the warehouse writes it."""
    parcels = progress.results.get("stock", {}).get("parcels", [])
    lines = [line for parcel in parcels if parcel["number"] == number for line in parcel["lines"]]
    return [{"sku": line["sku"], "quantity": line["quantity"]} for line in lines]
