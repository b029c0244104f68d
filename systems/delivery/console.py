"""The console's pages that only deliveries have: a person is the restaurant, the driver, or the
customer who looks where the food is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Form, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse, RedirectResponse

from base.errors import Unavailable
from sagas import Progress, Refused
from sagas.engine.participants import Participants
from sagas.records.record import Record
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed, asks
from sagas.web.routes import CaseId
from systems.delivery.participants import DRIVER_SERVICE, RESTAURANT
from systems.delivery.track import HEIGHT, WIDTH, drawing
from systems.delivery.tracking import Known, Services, seen

Kitchen = Literal["accept", "deny", "ready", "fail"]
Drive = Literal["online", "accept", "decline", "arrive", "deliver"]
_OFFER = r"^driver-[1-9][0-9]?$"
Offer = Annotated[str, Form(pattern=_OFFER)]
OfferInPath = Annotated[str, InPath(pattern=_OFFER)]
Mail = Annotated[str, InPath(pattern=r"^(receipt|cancelled|rejected)$")]

_NOTIFICATION = "notification-service"
ASKS = [
    (_NOTIFICATION, "GET notifications/{id}"),
    *((RESTAURANT, f"POST tickets/{{id}}/{deed}") for deed in get_args(Kitchen)),
    *(
        (DRIVER_SERVICE, f"POST offers/{{id}}/{deed}")
        for deed in get_args(Drive)
        if deed != "online"
    ),
    (DRIVER_SERVICE, "PUT drivers/{id}/position"),
    (DRIVER_SERVICE, "GET pins/{id}"),
    (DRIVER_SERVICE, "GET offers/{id}/track"),
]
"""What the pages and the tracking ask of services besides the saga's steps."""
_SCRIPT = Path(__file__).parent / "static" / "track.js"
_NO_ANSWER = "The service does not answer just now. Nothing may have been changed; try again."
_PERSON = "person"
"""The driver that a person at the console is."""


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()
    _add_desks(router, show)
    _add_track(router, show)

    @router.get("/console/deliveries/{delivery_id}/mails/{kind}")
    @asks(Deed.LOOK)
    async def mail(request: Request, delivery_id: CaseId, kind: Mail) -> Response:
        """Show a mail about a delivery as it was sent."""
        services: Participants = request.app.state.services
        said = await _asked(services, _NOTIFICATION, "GET", f"notifications/{delivery_id}:{kind}")
        shown = None if isinstance(said, Refused) else said
        return show(request, "mail.html", delivery_id=delivery_id, mail=shown)

    return router


def _add_desks(router: APIRouter, show: Show) -> None:
    path = "/console/deliveries/{delivery_id}"

    def answered(request: Request, delivery_id: str, said: Mapping[str, Any] | Refused) -> Response:
        if isinstance(said, Refused):
            status = 503 if said.reason == "unavailable" else 409
            return show(request, "said.html", status, delivery_id=delivery_id, said=said.detail)
        return RedirectResponse(f"/console/deliveries/{delivery_id}", 303)

    @router.post(f"{path}/kitchen")
    @asks(Deed.OPERATE)
    async def cook(
        request: Request, delivery_id: CaseId, deed: Annotated[Kitchen, Form()], services: Services
    ) -> Response:
        """Say something as the restaurant."""
        ticket = f"tickets/{delivery_id}:ticket/{deed}"
        return answered(request, delivery_id, await _asked(services, RESTAURANT, "POST", ticket))

    @router.get(f"{path}/door/{{offer}}")
    @asks(Deed.OPERATE)
    async def door(request: Request, delivery_id: CaseId, offer: OfferInPath) -> Response:
        """Show where the driver says the PIN; a page that asks for itself anew would wipe it."""
        return show(request, "door.html", delivery_id=delivery_id, offer=offer)

    @router.post(f"{path}/driver")
    @asks(Deed.OPERATE)
    async def drive(
        request: Request,
        record: Known,
        deed: Annotated[Drive, Form()],
        services: Services,
        offer: Offer = "driver-1",
        pin: Annotated[str, Form(max_length=8)] = "",
    ) -> Response:
        """Say something as the driver; ``online`` is to stand before the restaurant, and wait."""
        if deed == "online":
            said = await _stood(services, record.progress)
        else:
            body = {"pin": pin} if deed == "deliver" else None
            ride = f"offers/{record.case_id}:{offer}/{deed}"
            said = await _asked(services, DRIVER_SERVICE, "POST", ride, body)
        return answered(request, record.case_id, said)


def _add_track(router: APIRouter, show: Show) -> None:
    path = "/console/deliveries/{delivery_id}/track"

    async def facts(record: Record, services: Participants) -> dict[str, Any]:
        told = await seen(record, services)
        size = {"width": WIDTH, "height": HEIGHT}
        return {"told": told, "drawn": drawing(told), "delivery_id": record.case_id, **size}

    @router.get(path)
    @asks(Deed.LOOK)
    async def track(request: Request, record: Known, services: Services) -> Response:
        """Show the customer where the food is, and the PIN for the door."""
        shown = await _asked(services, DRIVER_SERVICE, "GET", f"pins/{record.case_id}")
        pin = "" if isinstance(shown, Refused) or record.ended else shown["pin"]
        return show(request, "track.html", pin=pin, **await facts(record, services))

    @router.get(f"{path}/live")
    @asks(Deed.LOOK)
    async def live(request: Request, record: Known, services: Services) -> Response:
        return show(request, "_track.html", **await facts(record, services))

    @router.get("/console/track.js")
    @asks(Deed.KNOW)
    async def script() -> Response:
        return FileResponse(_SCRIPT, media_type="text/javascript")


async def _stood(services: Participants, progress: Progress) -> Mapping[str, Any] | Refused:
    """Let the person at the console be a driver at the counter."""
    quote = progress.results.get("quote")
    if quote is None:
        return Refused(reason="no_quote", detail="There is no restaurant to stand before yet.")
    return await _asked(
        services, DRIVER_SERVICE, "PUT", f"drivers/{_PERSON}/position", quote["pickup"]
    )


async def _asked(
    services: Participants, app_id: str, verb: str, path: str, body: Any = None
) -> Mapping[str, Any] | Refused:
    """Ask a service; return its answer, or why there is none."""
    try:
        answer = await services.invoke(app_id, verb, path, body)
    except Unavailable:
        return Refused(reason="unavailable", detail=_NO_ANSWER)
    return answer.refusal or answer.value
