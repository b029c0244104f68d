"""The routes that only tenants have: what really exists, orphans, and the way to a removal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from base.errors import Refusal
from base.problems import problems
from base.wire import Wire
from kit.problems import problem_for
from sagas.engine.participants import Participants
from sagas.people.identity import by as logged_in
from sagas.web.people.deeds import Deed, asks
from sagas.web.routes import CaseId, CasesOf, OwnerId
from systems.tenants import verified
from systems.tenants.removal_ids import REMOVALS, removal_of
from systems.tenants.verified import Orphans, Verified


class Removing(Wire):
    """What was begun: to undo a tenant that is being set up, or to remove one that is in use."""

    tenant_id: str
    removal_id: str | None = None


async def services_of(request: Request) -> Participants:
    """Return the services that the app calls, as a dependency of its routes."""
    found: Participants = request.app.state.services
    return found


Services = Annotated[Participants, Depends(services_of)]

routes = APIRouter(tags=["tenants"])


@contextmanager
def _answered() -> Iterator[None]:
    """Answer a refusal as the service did that refused."""
    try:
        yield
    except Refusal as no:
        raise problem_for(no, {"unknown_tenant": 404}) from no


@routes.get(
    "/tenants/{tenant_id}/verify",
    summary="Compare what the directory says with what really exists",
    responses=problems(404, 422, 503),
)
@asks(Deed.LOOK)
async def verify(tenant_id: CaseId, services: Services) -> Verified:
    with _answered():
        return await verified.verify(services, tenant_id)


@routes.post(
    "/tenants/{tenant_id}/reconcile",
    summary="Mend what differs, and compare",
    responses=problems(404, 409, 422, 503),
)
@asks(Deed.OPERATE)
async def reconcile(tenant_id: CaseId, services: Services) -> Verified:
    with _answered():
        await verified.reconcile(services, tenant_id)
        return await verified.verify(services, tenant_id)


@routes.get(
    "/orphans", summary="What really exists and is no living tenant's", responses=problems(503)
)
@asks(Deed.WATCH)
async def orphans(services: Services) -> Orphans:
    return await verified.orphans(services)


@routes.delete(
    "/tenants/{tenant_id}",
    status_code=202,
    summary="Remove a tenant after its grace; one that is being set up is undone",
    responses=problems(404, 409, 422, 503),
)
@asks(Deed.CANCEL)
async def delete(
    tenant_id: CaseId,
    cases: CasesOf,
    services: Services,
    response: Response,
    by: Annotated[OwnerId, Query(alias="requestedBy")] = "operator",
) -> Removing:
    record = await cases.get(tenant_id)
    if record and not record.ended and not record.progress.irrevocable:
        await cases.cancel(tenant_id, logged_in())
        response.headers["Location"] = f"/tenants/{tenant_id}"
        return Removing(tenant_id=tenant_id)
    with _answered():
        removal_id = await begin_removal(services, tenant_id, logged_in() or by)
    response.headers["Location"] = f"/removals/{removal_id}"
    return Removing(tenant_id=tenant_id, removal_id=removal_id)


async def begin_removal(services: Participants, tenant_id: str, by: str) -> str:
    """Begin to remove a tenant, and return the id of the removal: the same as long as that is under
    way. Refuses ``unknown_tenant``, ``not_active``; raises Unavailable."""
    tenant = await verified.tenant_of(services, tenant_id)
    if tenant["status"] not in ("active", "suspended", "removing"):
        raise Refusal("not_active", f"The tenant {tenant_id} is {tenant['status']}.")
    removal_id = removal_of(tenant_id, tenant["calledOff"])
    body = {"tenantId": tenant_id, "requestedBy": by}
    answer = await services.invoke(REMOVALS, "PUT", f"removals/{removal_id}", body)
    if answer.refusal and answer.refusal.reason != "idempotency_conflict":  # another operator's
        raise Refusal(answer.refusal.reason, answer.refusal.detail)
    return removal_id
