"""StorageService over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from base.sidecar import Sidecar
from base.wire import Wire
from systems.tenants.estate.service import create_estate_service
from systems.tenants.estate.things import Things
from systems.tenants.slugs import Slug
from systems.tenants.storage.buckets import Buckets
from systems.tenants.storage.gateway import StorageSettings, gateway
from systems.tenants.vault import VaultSettings


class BucketRequest(Wire):
    """A bucket, named after the slug, and the only user that gets into it."""

    slug: Slug


@asynccontextmanager
async def _things(_: FastAPI, __: Sidecar) -> AsyncIterator[Things]:
    vault = VaultSettings().of("storage")
    async with gateway(StorageSettings(), vault) as found:
        buckets = Buckets(found, vault)
        await buckets.prepare()
        yield buckets


app = create_estate_service("StorageService", "storage-store", "bucket", BucketRequest, _things)
