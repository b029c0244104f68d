"""The rules of the directory: who may have a slug, and what may be done with a tenant, and when.

A slug is free again as soon as a tenant that never was active has gone. One that was in use rests
first: somebody may still hold a link, a token or a bucket's name of it. A tenant's id is never
given away again.
"""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from base.errors import Refusal

Status = Literal["unknown", "claimed", "active", "suspended", "removing", "removed", "released"]
LIVE: tuple[Status, ...] = ("claimed", "active", "suspended", "removing")


class Tenant(BaseModel, extra="allow"):
    """A tenant as it is stored, under its id. ``removals`` are those that suspended it, and whether
    that still counts: one that was lifted, perhaps before it came, cannot come back."""

    id: str
    slug: str = ""
    plan: str = ""
    owner_email: str = ""
    status: Status = "unknown"
    removals: dict[str, Literal["on", "lifted"]] = {}
    claimed_at: datetime | None = None
    active_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def called_off(self) -> int:
        """How many removals of it were called off."""
        return list(self.removals.values()).count("lifted")


class SlugHolder(BaseModel, extra="allow"):
    """Who has a slug, or had it last; until when it rests, once that is over."""

    slug: str
    tenant: str
    rests_until: datetime | None = None


def claimed(
    known: Tenant, holder: SlugHolder | None, asked: Tenant, now: datetime
) -> tuple[Tenant, SlugHolder]:
    """Return a tenant that has its slug, and the slug held by it.

    Refuses ``idempotency_conflict``, ``undone`` (its claim was released, perhaps before it came),
    ``slug_taken`` and ``slug_resting``.
    """
    if known.status != "unknown":
        if known.slug and _asked(known) != _asked(asked):
            raise Refusal("idempotency_conflict", f"{known.id} was claimed with another request.")
        if known.status in ("released", "removed"):
            raise Refusal("undone", f"The tenant {known.id} is gone for good.")
        return known, holder or SlugHolder(slug=known.slug, tenant=known.id)
    if holder and holder.tenant != asked.id:
        if holder.rests_until is None:
            raise Refusal("slug_taken", f"The slug {asked.slug} is another tenant's.")
        if now < holder.rests_until:
            free = f"{holder.rests_until:%Y-%m-%d %H:%M:%S} UTC"
            raise Refusal("slug_resting", f"The slug {asked.slug} was in use until lately: {free}.")
    taken = asked.model_copy(
        update={"status": "claimed", "claimed_at": now, "removals": known.removals}
    )
    return taken, SlugHolder(slug=asked.slug, tenant=asked.id)


def released(known: Tenant, now: datetime) -> Tenant:
    """Return the tenant as it is once its claim is undone; of one unknown, a tombstone.

    Refuses ``in_use``: it was active.
    """
    if known.status in ("released", "removed"):
        return known
    if known.status not in ("unknown", "claimed"):
        raise Refusal("in_use", f"The tenant {known.id} is {known.status}.")
    return known.model_copy(update={"status": "released", "ended_at": now})


def activated(known: Tenant, now: datetime) -> Tenant:
    """Return the tenant in use. Refuses ``not_claimed``."""
    if known.status == "active":
        return known
    if known.status != "claimed":
        raise Refusal("not_claimed", f"The tenant {known.id} is {known.status}.")
    return known.model_copy(update={"status": "active", "active_at": now})


def suspended(known: Tenant, by: str) -> Tenant:
    """Return the tenant suspended by a removal, of which there is one at a time.

    Refuses ``unknown_tenant``, ``removal_in_progress``, ``not_active`` and ``undone``: the
    suspension was lifted.
    """
    if known.removals.get(by) == "lifted":
        raise Refusal("undone", f"The removal {by} of {known.id} was called off.")
    if known.removals.get(by) == "on" and known.status == "suspended":
        return known
    if known.status == "unknown":
        raise Refusal("unknown_tenant", f"There is no tenant {known.id}.")
    if known.status in ("suspended", "removing"):
        raise Refusal("removal_in_progress", f"Another removal of {known.id} is under way.")
    if known.status != "active":
        raise Refusal("not_active", f"The tenant {known.id} is {known.status}.")
    return known.model_copy(update={"status": "suspended", "removals": known.removals | {by: "on"}})


def resumed(known: Tenant, by: str) -> Tenant:
    """Return the tenant without this suspension. Refuses ``removing``: it is too late."""
    was_on = known.removals.get(by) == "on"
    if was_on and known.status in ("removing", "removed"):
        raise Refusal("removing", f"The tenant {known.id} is {known.status}.")
    active = {"status": "active"} if was_on and known.status == "suspended" else {}
    return known.model_copy(update=active | {"removals": known.removals | {by: "lifted"}})


def condemned(known: Tenant, by: str) -> Tenant:
    """Return the tenant at its point of no return. Refuses ``not_suspended``."""
    if known.removals.get(by) == "on" and known.status in ("removing", "removed"):
        return known
    if known.status != "suspended" or known.removals.get(by) != "on":
        raise Refusal("not_suspended", f"{known.id} is {known.status}, and not by {by}.")
    return known.model_copy(update={"status": "removing"})


def buried(known: Tenant, by: str, now: datetime) -> Tenant:
    """Return the tombstone of a tenant. Refuses ``not_condemned``."""
    if known.status == "removed":
        return known
    if known.status != "removing" or known.removals.get(by) != "on":
        raise Refusal("not_condemned", f"The tenant {known.id} is {known.status}.")
    return known.model_copy(update={"status": "removed", "ended_at": now})


def after(
    tenant: Tenant, holder: SlugHolder | None, rest: timedelta, now: datetime
) -> SlugHolder | None:
    """Return a slug as it is after what became of its tenant."""
    if holder is None or holder.tenant != tenant.id or holder.rests_until is not None:
        return holder
    if tenant.status == "released":
        return holder.model_copy(update={"rests_until": now})
    if tenant.status == "removed":
        return holder.model_copy(update={"rests_until": now + rest})
    return holder


def _asked(tenant: Tenant) -> tuple[str, str, str]:
    return tenant.slug, tenant.plan, tenant.owner_email
