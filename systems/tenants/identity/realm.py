"""The rules of a realm: whose it is, who is in it, and who may log in."""

from datetime import datetime, timedelta

from pydantic import BaseModel

from base.errors import Refusal
from systems.tenants.estate.things import belongs_to_another

SERVICE = "service"
"""The user that the tenant's own programs are; its password is in the vault."""
INVITATION_LASTS = timedelta(days=7)


class User(BaseModel, extra="allow"):
    """A user; without a ``hash`` it has no password yet. Hashes are argon2id."""

    email: str = ""
    hash: str = ""


class Realm(BaseModel, extra="allow"):
    """A realm as it is stored. ``owner`` is the id of the resource that it belongs to; empty once
    it was removed. ``invited_at``: when the owner was sent the link to set a password."""

    slug: str
    owner: str = ""
    kid: str = ""
    suspended: bool = False
    users: dict[str, User] = {}
    invited_at: datetime | None = None


def made(known: Realm | None, slug: str, owner: str, kid: str, service_hash: str) -> Realm:
    """Return the realm of this owner. Refuses ``belongs_to_another``."""
    if known and known.owner == owner:
        return known
    if known and known.owner:
        raise belongs_to_another(f"The realm {slug}", known.owner)
    return Realm(slug=slug, owner=owner, kid=kid, users={SERVICE: User(hash=service_hash)})


def removed(known: Realm | None, slug: str, owner: str) -> Realm:
    """Return the realm as it is once this owner's is gone; another's stays as it is."""
    return known if known and known.owner != owner else Realm(slug=slug)


def of_owner(known: Realm | None, owner: str) -> Realm:
    """Return the realm. Refuses ``unknown_resource`` when it is not there or another's."""
    if known is None or known.owner != owner:
        raise Refusal("unknown_resource", f"There is no realm of {owner}.")
    return known


def with_user(realm: Realm, name: str, email: str) -> Realm:
    """Return the realm with a user who has no password yet, unless it has one of that name."""
    return realm.model_copy(update={"users": {name: User(email=email)} | realm.users})


def with_password(realm: Realm, name: str, hashed: str) -> Realm:
    """Return the realm with the user's password as it was set."""
    user = realm.users[name].model_copy(update={"hash": hashed})
    return realm.model_copy(update={"users": realm.users | {name: user}})


def holds_data(realm: Realm) -> bool:
    """Say whether somebody set a password in it, or was added."""
    return any(user.hash for name, user in realm.users.items() if name != SERVICE)


def can_accept(realm: Realm, now: datetime) -> bool:
    """Say whether the link that was sent to the owner can still be used."""
    return (
        realm.invited_at is not None
        and now < realm.invited_at + INVITATION_LASTS
        and not realm.suspended
    )
