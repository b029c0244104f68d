"""The directory as it is stored: a tenant and its slug change in one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import BaseModel

from base.clock import utc_now
from base.errors import Refusal
from base.state import StateStore, Stored, Write, decided
from kit.documents import Documents
from systems.tenants.directory import rules
from systems.tenants.directory.rules import SlugHolder, Tenant
from systems.tenants.estate.kept import Suspension, called_off, placed

_INDEX = "tenants"


class Index(BaseModel, extra="allow"):
    """The ids of all tenants that there ever were."""

    ids: list[str] = []


class Register:
    """All tenants. A slug that was in use rests for ``rest``. Methods raise Unavailable, and refuse
    what the rules refuse."""

    def __init__(self, state: StateStore, rest: timedelta) -> None:
        self._state = state
        self._removals = Documents(state, "removal", Suspension)
        self._rest = rest

    async def claim(self, asked: Tenant) -> Tenant:
        return await decided(lambda: self._claim(asked))

    async def change(self, tenant_id: str, rule: Callable[[Tenant, datetime], Tenant]) -> Tenant:
        """Apply a rule to a tenant; its slug follows."""
        return await decided(lambda: self._change(tenant_id, rule))

    async def suspend(self, by: str, tenant_id: str) -> Tenant:
        """Suspend a tenant for a removal, which is known by its own id from then on."""
        await self._removals.change(by, lambda known: placed(known, by, tenant_id))
        return await self.change(tenant_id, lambda known, _: rules.suspended(known, by))

    async def resume(self, by: str) -> Suspension:
        """Undo what a removal began; of one unknown, leave a tombstone."""
        off = await self._removals.change(by, lambda known: called_off(known, by))
        if off.resource:
            await self.change(off.resource, lambda known, _: rules.resumed(known, by))
        return off

    async def get(self, tenant_id: str) -> Tenant:
        """Return a tenant. Refuses ``unknown_tenant``."""
        found = _known(await self._read(_tenant(tenant_id)), tenant_id)
        if found.status == "unknown":  # perhaps with a removal that was called off
            raise Refusal("unknown_tenant", f"There is no tenant {tenant_id}.")
        return found

    async def every(self) -> list[Tenant]:
        """Return all tenants that there ever were."""
        index = Index.model_validate((await self._read(_INDEX)).value or {})
        found = [_known(await self._read(_tenant(each)), each) for each in index.ids]
        return [tenant for tenant in found if tenant.status != "unknown"]

    async def _claim(self, asked: Tenant) -> Tenant:
        stored, held = await self._read(_tenant(asked.id)), await self._read(_slug(asked.slug))
        listed = await self._read(_INDEX)
        tenant, holder = rules.claimed(_known(stored, asked.id), _holder(held), asked, utc_now())
        index = Index.model_validate(listed.value or {})
        ids = sorted({*index.ids, asked.id})
        await self._write(
            (_tenant(asked.id), stored, tenant),
            (_slug(asked.slug), held, holder),
            (_INDEX, listed, index.model_copy(update={"ids": ids})),
        )
        return tenant

    async def _change(self, tenant_id: str, rule: Callable[[Tenant, datetime], Tenant]) -> Tenant:
        stored, now = await self._read(_tenant(tenant_id)), utc_now()
        tenant = rule(_known(stored, tenant_id), now)
        changes: list[tuple[str, Stored, BaseModel]] = [(_tenant(tenant_id), stored, tenant)]
        if tenant.slug:
            held = await self._read(_slug(tenant.slug))
            holder = rules.after(tenant, _holder(held), self._rest, now)
            if holder:
                changes.append((_slug(tenant.slug), held, holder))
        else:
            listed = await self._read(_INDEX)
            index = Index.model_validate(listed.value or {})
            ids = sorted({*index.ids, tenant_id})
            changes.append((_INDEX, listed, index.model_copy(update={"ids": ids})))
        await self._write(*changes)
        return tenant

    async def _read(self, key: str) -> Stored:
        return (await self._state.read([key]))[key]

    async def _write(self, *changes: tuple[str, Stored, BaseModel]) -> None:
        """Write what is new, or nothing of it. Raises Changed."""
        new = [(key, was, model.model_dump(mode="json")) for key, was, model in changes]
        if writes := [Write(key, value, was.etag) for key, was, value in new if value != was.value]:
            await self._state.write(writes)


def _tenant(tenant_id: str) -> str:
    return f"tenant:{tenant_id}"


def _slug(slug: str) -> str:
    return f"slug:{slug}"


def _known(stored: Stored, tenant_id: str) -> Tenant:
    return Tenant(id=tenant_id) if stored.value is None else Tenant.model_validate(stored.value)


def _holder(stored: Stored) -> SlugHolder | None:
    return None if stored.value is None else SlugHolder.model_validate(stored.value)
