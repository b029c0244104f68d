"""TenantService over HTTP: the directory of tenants."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Path, Request
from pydantic import EmailStr, StringConstraints
from pydantic_settings import BaseSettings

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import Timestamp, Wire
from kit.service import create_service
from systems.tenants.directory import rules
from systems.tenants.directory.register import Register
from systems.tenants.directory.rules import Status, Tenant
from systems.tenants.slugs import Slug

_STORE = "directory-store"


class DirectorySettings(BaseSettings):
    """``SLUG_RESTS_SECONDS``: how long the slug of a tenant that was removed is nobody's."""

    slug_rests_seconds: float = 30 * 86_400.0


class Claim(Wire):
    """Who wants which slug, and on which plan."""

    slug: Slug
    plan: Literal["starter", "business"] = "starter"
    owner_email: EmailStr


class Suspended(Wire):
    """Which tenant a removal is of."""

    tenant_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SuspensionState(Wire):
    """Whether a removal still counts."""

    id: str
    status: Literal["on", "lifted"]


class TenantState(Wire):
    """A tenant: its slug, what is being done with it, and how many removals were called off."""

    id: str
    slug: str
    plan: str
    owner_email: str
    status: Status
    claimed_at: Timestamp | None = None
    active_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    called_off: int = 0


class TenantStates(Wire):
    tenants: list[TenantState]


@asynccontextmanager
async def _live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
    rest = timedelta(seconds=DirectorySettings().slug_rests_seconds)
    app.state.register = Register(StateStore(sidecar, _STORE), rest)
    yield


async def _register(request: Request) -> Register:
    found: Register = request.app.state.register
    return found


Tenants = Annotated[Register, Depends(_register)]
TenantId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
RemovalId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

app = create_service("TenantService", _STORE, _live, {"unknown_tenant": 404})


@app.put("/tenants/{tenant_id}", summary="Claim a slug", responses=problems(409, 422))
async def claim(tenant_id: TenantId, wanted: Claim, tenants: Tenants) -> TenantState:
    asked = Tenant(id=tenant_id, **wanted.model_dump())
    return _told(await tenants.claim(asked))


@app.post("/tenants/{tenant_id}/release", summary="Undo a claim", responses=problems(409))
async def release(tenant_id: TenantId, tenants: Tenants) -> TenantState:
    return _told(await tenants.change(tenant_id, rules.released))


@app.post("/tenants/{tenant_id}/activate", responses=problems(409))
async def activate(tenant_id: TenantId, tenants: Tenants) -> TenantState:
    return _told(await tenants.change(tenant_id, rules.activated))


@app.put("/suspensions/{by}", responses=problems(404, 409))
async def suspend(by: RemovalId, wanted: Suspended, tenants: Tenants) -> TenantState:
    """Begin to remove a tenant; there is one removal of it at a time."""
    return _told(await tenants.suspend(by, wanted.tenant_id))


@app.post("/suspensions/{by}/undo", responses=problems(409))
async def resume(by: RemovalId, tenants: Tenants) -> SuspensionState:
    """Call a removal off."""
    off = await tenants.resume(by)
    return SuspensionState(id=off.id, status=off.status)


@app.post("/tenants/{tenant_id}/condemnations/{by}", responses=problems(409))
async def condemn(tenant_id: TenantId, by: RemovalId, tenants: Tenants) -> TenantState:
    """From here on it is removed, and nothing brings it back."""
    return _told(await tenants.change(tenant_id, lambda known, _: rules.condemned(known, by)))


@app.post("/tenants/{tenant_id}/burials/{by}", responses=problems(409))
async def bury(tenant_id: TenantId, by: RemovalId, tenants: Tenants) -> TenantState:
    """All that it had is gone: leave a tombstone, and let its slug rest."""
    return _told(await tenants.change(tenant_id, lambda known, now: rules.buried(known, by, now)))


@app.get("/tenants/{tenant_id}", responses=problems(404))
async def get(tenant_id: TenantId, tenants: Tenants) -> TenantState:
    return _told(await tenants.get(tenant_id))


@app.get("/tenants", summary="All tenants that there ever were")
async def every(tenants: Tenants) -> TenantStates:
    return TenantStates(tenants=[_told(tenant) for tenant in await tenants.every()])


def _told(tenant: Tenant) -> TenantState:
    kept = tenant.model_dump() | {"called_off": tenant.called_off}
    return TenantState.model_validate(kept, extra="ignore")
