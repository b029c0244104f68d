"""Realms as they really are: a document each, with hashes of passwords. Keys are in the vault."""

from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from base.clock import utc_now
from base.errors import Refusal
from systems.tenants.estate.catalogue import Catalogue
from systems.tenants.estate.kept import Kept
from systems.tenants.estate.things import Found, Owned
from systems.tenants.identity import realm as rules
from systems.tenants.identity import tokens
from systems.tenants.identity.realm import SERVICE, Realm
from systems.tenants.vault import Vault

PROBE = Kept(id="platform:realm", status="wanted", request={"slug": "platform-probe"})
"""A tenant that nobody is, as which others are tried."""
OWNER = "owner"


class Realms:
    """The `Things` of the identity service, and what users do in them.

    In the vault are, under the id of the resource, the password of the tenant's own programs; and
    with an ending its key, and the owner's invitation.
    """

    def __init__(self, kept: Catalogue[Realm], vault: Vault, url: str) -> None:
        self._kept = kept
        self._vault = vault
        self._url = url

    def issuer(self, slug: str) -> str:
        return f"{self._url}/id/{slug}"

    def facts(self, kept: Kept) -> dict[str, str]:
        secret = str(self._vault.path(kept.id))
        return {"issuer": self.issuer(kept.slug), "username": SERVICE, "secret": secret}

    async def settle(self, kept: Kept) -> None:
        known = await self._kept.get(kept.slug)
        rules.made(known, kept.slug, kept.id, "", "")  # refuses before anything is made
        if known is None or not known.owner:
            kid = tokens.kid(self._vault.kept(_key(kept.id), tokens.new_key))
            hashed = await tokens.hashed(self._vault.kept(kept.id))
            await self._kept.change(
                kept.slug, lambda seen: rules.made(seen, kept.slug, kept.id, kid, hashed)
            )
        suspended = {"suspended": kept.target == "suspended"}
        await self._change(kept, lambda realm: realm.model_copy(update=suspended))

    async def remove(self, kept: Kept) -> None:
        if await self._kept.get(kept.slug):
            await self._kept.change(
                kept.slug, lambda known: rules.removed(known, kept.slug, kept.id)
            )
        for reference in (kept.id, _key(kept.id), _invitation(kept.id)):
            self._vault.forget(reference)

    async def holds_data(self, kept: Kept) -> bool:
        known = await self._kept.get(kept.slug)
        return known is not None and known.owner == kept.id and rules.holds_data(known)

    async def furnish(self, kept: Kept) -> None:
        email = str(kept.request["owner_email"])
        await self._change(kept, lambda realm: rules.with_user(realm, OWNER, email))

    async def smoke(self, kept: Kept) -> None:
        await self.settle(PROBE)
        now, secret = utc_now(), self._vault.get(kept.id) or ""
        token, issuer = await self.login(kept.slug, SERVICE, secret, now), self.issuer(kept.slug)
        jwks = await self.jwks(kept.slug)
        if token is None or not tokens.accepted(token, jwks, issuer, now):
            raise Refusal("not_usable", f"The tenant cannot log in to {kept.slug}.")
        others = self._vault.get(PROBE.id) or ""
        if any([await self.login(kept.slug, SERVICE, wrong, now) for wrong in ("wrong", others)]):
            raise Refusal("not_isolated", f"A password that is another's opens {kept.slug}.")
        foreign = await self.login(PROBE.slug, SERVICE, others, now) or ""
        forged = tokens.issued(self._vault.get(_key(PROBE.id)) or "", issuer, SERVICE, now)
        if any(tokens.accepted(each, jwks, issuer, now) for each in (foreign, forged)):
            raise Refusal("not_isolated", f"A token of another realm is good for {kept.slug}.")

    async def export(self, kept: Kept, folder: Path) -> None:
        """Write who is in it, but no hash of a password."""
        known = rules.of_owner(await self._kept.get(kept.slug), kept.id)
        users = [{"name": name, "email": user.email} for name, user in known.users.items()]
        (folder / "realm.json").write_bytes(to_json({"slug": kept.slug, "users": users}, indent=2))

    async def look(self, kept: Kept) -> Found:
        known = await self._kept.get(kept.slug)
        if known is None or not known.owner:
            return Found(state="absent")
        if known.owner != kept.id:
            words = f"The realm {kept.slug} belongs to {known.owner}."
            return Found(state="foreign", problems=[words])
        if self._vault.get(_key(kept.id)) is None:
            return Found(state="broken", problems=["Its key is not in the vault."])
        return Found(state="suspended" if known.suspended else "present")

    async def owned(self) -> list[Owned]:
        return [
            Owned(kind="realm", name=realm.slug, owner=realm.owner)
            for realm in await self._kept.every()
            if realm.owner not in ("", PROBE.id)
        ]

    async def open(self, slug: str) -> Realm | None:
        """Return a realm that takes logins, or None."""
        known = await self._kept.get(slug)
        return known if known and known.owner and not known.suspended else None

    async def jwks(self, slug: str) -> dict[str, Any]:
        """Return the public keys of a realm that takes logins."""
        found = await self.open(slug)
        key = self._vault.get(_key(found.owner)) if found else None
        return {"keys": [tokens.public(key)] if key else []}

    async def login(self, slug: str, name: str, password: str, now: datetime) -> str | None:
        """Return a token for a user with this password, or None."""
        found = await self.open(slug)
        user = found.users.get(name) if found else None
        fits = await tokens.fits(password, user.hash if user else "")
        key = self._vault.get(_key(found.owner)) if found and fits else None
        return tokens.issued(key, self.issuer(slug), name, now) if key else None

    async def invite(self, kept: Kept) -> tuple[str, str]:
        """Return the owner's address, and a link with which a password can be set once."""
        realm = rules.of_owner(await self._kept.get(kept.slug), kept.id)
        token = self._vault.kept(_invitation(kept.id))
        return realm.users[OWNER].email, f"{self.issuer(kept.slug)}/welcome/{token}"

    async def invited(self, kept: Kept, now: datetime) -> None:
        """Note that the link was sent: from now on it can be used."""
        sent = {"invited_at": now}
        await self._change(
            kept, lambda realm: realm if realm.invited_at else realm.model_copy(update=sent)
        )

    async def was_invited(self, kept: Kept) -> bool:
        realm = rules.of_owner(await self._kept.get(kept.slug), kept.id)
        return realm.invited_at is not None

    async def invitation(self, slug: str, token: str) -> Realm | None:
        """Return the realm that this link is good for, or None."""
        found = await self.open(slug)
        known = self._vault.get(_invitation(found.owner)) if found else None
        good = known is not None and compare_digest(known.encode(), token.encode())
        return found if found and good and rules.can_accept(found, utc_now()) else None

    async def accept(self, realm: Realm, password: str) -> None:
        """Set the owner's password, and let the link be used up: that first, so it is used once."""
        self._vault.forget(_invitation(realm.owner))
        hashed = await tokens.hashed(password)
        await self._kept.change(
            realm.slug,
            lambda seen: rules.with_password(rules.of_owner(seen, realm.owner), OWNER, hashed),
        )

    async def _change(self, kept: Kept, rule: Any) -> None:
        await self._kept.change(kept.slug, lambda seen: rule(rules.of_owner(seen, kept.id)))


def _key(resource_id: str) -> str:
    return f"{resource_id}.key"


def _invitation(resource_id: str) -> str:
    return f"{resource_id}.invitation"
