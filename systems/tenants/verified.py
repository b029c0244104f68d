"""Compares what the directory says of tenants with what really exists."""

import asyncio
from collections.abc import Sequence
from typing import Any

from base.errors import Refusal
from base.wire import Wire
from sagas.engine.participants import Participants
from systems.tenants.answers import BILLING, DATABASE, IDENTITY, STORAGE, TENANT

_RESOURCES = {"schema": DATABASE, "bucket": STORAGE, "realm": IDENTITY, "account": BILLING}
ASKS = [
    *((app, f"GET {noun}s") for noun, app in _RESOURCES.items()),
    *((app, f"GET {noun}s/{{id}}/found") for noun, app in _RESOURCES.items()),
    *((app, f"POST {noun}s/{{id}}/reconcile") for noun, app in _RESOURCES.items()),
    (TENANT, "GET tenants"),
    (TENANT, "GET tenants/{id}"),
]
"""What is asked of services here, besides the sagas' steps."""
_LIVE = ("claimed", "active", "suspended", "removing")
_EXPECTED = {"active": "present", "suspended": "suspended", "removed": "absent"}
_EXPECTED |= {"released": "absent", "unknown": "absent"}
"""How resources have to be by what the directory says; else it changes just now."""


class ResourceCheck(Wire):
    """One resource: what the directory expects, what its service wants, and what it found."""

    resource: str
    expected: str
    wanted: str
    found: str
    matches: bool
    problems: list[str]


class Verified(Wire):
    """Whether a tenant really is as the directory says."""

    tenant_id: str
    status: str
    matches: bool
    resources: list[ResourceCheck]


class Orphan(Wire):
    """Something that really exists and is no living tenant's."""

    kind: str
    name: str
    owner: str


class Orphans(Wire):
    orphans: list[Orphan]


async def verify(services: Participants, tenant_id: str) -> Verified:
    """Return how a tenant is, and how its resources really are. Refuses ``unknown_tenant``; raises
    Unavailable."""
    tenant = await tenant_of(services, tenant_id)
    expected = _EXPECTED.get(tenant["status"], "")
    names = _RESOURCES.items()
    looks = await asyncio.gather(
        *(_asked(services, app, f"{noun}s/{tenant_id}:{noun}/found") for noun, app in names)
    )
    checks = [_check(noun, look, expected) for noun, look in zip(_RESOURCES, looks, strict=True)]
    matches = all(check.matches for check in checks)
    return Verified(tenant_id=tenant_id, status=tenant["status"], matches=matches, resources=checks)


async def reconcile(services: Participants, tenant_id: str) -> None:
    """Let each service bring its resource to where it has to be. Refuses what they refuse."""
    await tenant_of(services, tenant_id)
    for noun, app in _RESOURCES.items():
        await _asked(services, app, f"{noun}s/{tenant_id}:{noun}/reconcile", "POST")


async def orphans(services: Participants) -> Orphans:
    """Return what is no living tenant's. Raises Unavailable.

    What exists is read before the directory: a tenant is in that before anything of it exists.
    """
    lists = await asyncio.gather(
        *(_asked(services, app, f"{noun}s") for noun, app in _RESOURCES.items())
    )
    tenants = (await _asked(services, TENANT, "tenants"))["tenants"]
    living = {tenant["id"] for tenant in tenants if tenant["status"] in _LIVE}
    owned: Sequence[dict[str, Any]] = [each for answer in lists for each in answer["owned"]]
    return Orphans(
        orphans=[
            Orphan.model_validate(each)
            for each in owned
            if each["owner"].partition(":")[0] not in living
        ]
    )


async def tenant_of(services: Participants, tenant_id: str) -> dict[str, Any]:
    """Return what the directory says of a tenant. Refuses ``unknown_tenant``."""
    return await _asked(services, TENANT, f"tenants/{tenant_id}")


async def _asked(services: Participants, app: str, path: str, verb: str = "GET") -> dict[str, Any]:
    answer = await services.invoke(app, verb, path)
    if answer.refusal:
        raise Refusal(answer.refusal.reason, answer.refusal.detail)
    return answer.value


def _check(noun: str, look: dict[str, Any], expected: str) -> ResourceCheck:
    found, wanted = look["found"]["state"], look["wanted"]
    return ResourceCheck(
        resource=noun,
        expected=expected or wanted,
        wanted=wanted,
        found=found,
        matches=found == (expected or wanted),
        problems=look["found"].get("problems", []),
    )
