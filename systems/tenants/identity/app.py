"""IdentityService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import EmailStr
from pydantic_settings import BaseSettings

from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire
from services.notification.binding import MailBinding
from services.notification.notices import Notices, NoticeSettings
from systems.tenants.estate.catalogue import Catalogue
from systems.tenants.estate.service import KeeperOf, ResourceState, create_estate_service, state
from systems.tenants.estate.things import Things
from systems.tenants.identity import issuer
from systems.tenants.identity.realm import Realm
from systems.tenants.identity.realms import Realms
from systems.tenants.identity.welcome import Welcome
from systems.tenants.slugs import Slug
from systems.tenants.vault import VaultSettings

_STORE = "identity-store"


class IdentitySettings(BaseSettings):
    """``IDENTITY_URL``: where users reach this service, if not on ``IDENTITY_PORT`` of loopback."""

    identity_url: str = ""
    identity_port: int = 7704

    @property
    def url(self) -> str:
        return self.identity_url.rstrip("/") or f"http://127.0.0.1:{self.identity_port}"


class RealmRequest(Wire):
    """A realm, named after the slug, and who owns it."""

    slug: Slug
    owner_email: EmailStr


class WelcomeRequest(Wire):
    """What the mail tells besides: where the tenant's schema and bucket are. No secret is in it."""

    facts: dict[str, str]


@asynccontextmanager
async def _things(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[Things]:
    kept = Catalogue(StateStore(sidecar, _STORE), "issuer", Realm)
    realms = Realms(kept, VaultSettings().of("identity"), IdentitySettings().url)
    app.state.realms = realms
    app.state.welcome = Welcome(realms, MailBinding(sidecar), Notices(NoticeSettings().folder))
    yield realms


app = create_estate_service(
    "IdentityService", _STORE, "realm", RealmRequest, _things, furnish="owner"
)
app.include_router(issuer.router)
app.state.asks_who = issuer.asks_who


@app.put(
    "/realms/{resource_id}/welcome",
    tags=["realms"],
    summary="Send the owner a link that sets a password once; repeated, no second mail",
    responses=problems(404),
)
async def welcome(
    resource_id: ResourceId, wanted: WelcomeRequest, keeper: KeeperOf
) -> ResourceState:
    sending: Welcome = app.state.welcome
    kept = await keeper.using(resource_id, lambda kept: sending.send(kept, wanted.facts))
    return state(keeper, kept)
