"""DatabaseService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI

from base.sidecar import Sidecar
from base.wire import Wire
from systems.tenants.database.postgres import PostgresSettings, postgres
from systems.tenants.database.schemas import Schemas
from systems.tenants.estate.service import create_estate_service
from systems.tenants.estate.things import Things
from systems.tenants.slugs import Slug
from systems.tenants.vault import VaultSettings


class SchemaRequest(Wire):
    """A schema and a role, named after the slug; the plan says how many connections it may have."""

    slug: Slug
    plan: Literal["starter", "business"] = "starter"


@asynccontextmanager
async def _things(_: FastAPI, __: Sidecar) -> AsyncIterator[Things]:
    vault = VaultSettings().of("database")
    async with postgres(PostgresSettings(), vault) as found:
        schemas = Schemas(found, vault)
        await schemas.prepare()
        yield schemas


app = create_estate_service(
    "DatabaseService", "database-store", "schema", SchemaRequest, _things, furnish="migrate"
)
