"""The console's pages that only tenants have: what really exists, and the button that removes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from base.errors import Refusal, Unavailable
from sagas.engine.participants import Participants
from sagas.people.identity import by as logged_in
from sagas.web.console.showing import Show
from sagas.web.people.deeds import Deed, asks
from sagas.web.routes import CaseId
from systems.tenants import verified
from systems.tenants.api import begin_removal, services_of

_NO_ANSWER = "A service does not answer just now. Nothing may have been changed; try again."

Services = Annotated[Participants, Depends(services_of)]


def pages(show: Show) -> APIRouter:
    """Return the routes of these pages."""
    router = APIRouter()

    def said(request: Request, tenant_id: str, status: int, words: str) -> Response:
        return show(request, "said.html", status, tenant_id=tenant_id, said=words)

    @router.get("/console/tenants/{tenant_id}/verify")
    @asks(Deed.LOOK)
    async def verify(request: Request, tenant_id: CaseId, services: Services) -> Response:
        """Compare the tenant with what really exists."""
        try:
            found = await verified.verify(services, tenant_id)
        except Refusal as no:
            return said(request, tenant_id, 404, no.detail)
        except Unavailable:
            return said(request, tenant_id, 503, _NO_ANSWER)
        return show(request, "verified.html", tenant_id=tenant_id, verified=found)

    @router.get("/console/orphans")
    @asks(Deed.WATCH)
    async def orphans(request: Request, services: Services) -> Response:
        """Show what really exists and is no living tenant's."""
        try:
            found = await verified.orphans(services)
        except Unavailable:
            return said(request, "", 503, _NO_ANSWER)
        return show(request, "orphans.html", orphans=found.orphans)

    @router.post("/console/tenants/{tenant_id}/remove")
    @asks(Deed.CANCEL)
    async def remove(request: Request, tenant_id: CaseId, services: Services) -> Response:
        """Begin to remove the tenant."""
        try:
            removal_id = await begin_removal(services, tenant_id, logged_in() or "console")
        except Refusal as no:
            return said(request, tenant_id, 409, no.detail)
        except Unavailable:
            return said(request, tenant_id, 503, _NO_ANSWER)
        return show(request, "removing.html", tenant_id=tenant_id, removal_id=removal_id)

    return router
