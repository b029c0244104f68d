"""Buckets and users as they really are in S3.

A tenant's access key is its id, which is no secret; and the owner of its bucket, from the first
instant, is that user. What has another owner is never touched. While a tenant is suspended the
secret that counts is one that nobody knows.
"""

import asyncio
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from base.errors import Refusal, Unavailable
from systems.tenants.estate.kept import Kept
from systems.tenants.estate.things import Found, Owned, belongs_to_another
from systems.tenants.storage.gateway import REGION, Gateway
from systems.tenants.vault import Vault, password

PROBE = Kept(id="platform:bucket", status="wanted", request={"slug": "platform-probe"})
"""A tenant that nobody is, as which others are tried."""
_PROBE_ACCESS = "platform:probe"
_SMOKE = ".smoke-test"
_DENIED = ("AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId")

T = TypeVar("T")


class Buckets:
    """The `Things` of the storage service."""

    def __init__(self, gateway: Gateway, vault: Vault) -> None:
        self._gateway = gateway
        self._vault = vault

    async def prepare(self) -> None:
        """Make the tenant that nobody is."""
        await self.settle(PROBE)

    def facts(self, kept: Kept) -> dict[str, str]:
        return {
            "bucket": kept.slug,
            "endpoint": self._gateway.url,
            "region": REGION,
            "accessKey": _access(kept),
            "secret": str(self._vault.path(kept.id)),
        }

    async def settle(self, kept: Kept) -> None:
        await _in_thread(lambda: self._settle(kept))

    async def remove(self, kept: Kept) -> None:
        await _in_thread(lambda: self._remove(kept))

    async def holds_data(self, kept: Kept) -> bool:
        return await _in_thread(lambda: self._holds_data(kept))

    async def furnish(self, kept: Kept) -> None:
        """There is nothing to complete."""

    async def smoke(self, kept: Kept) -> None:
        await _in_thread(lambda: self._smoke(kept))

    async def export(self, kept: Kept, folder: Path) -> None:
        await _in_thread(lambda: self._export(kept, folder / "bucket.tar"))

    async def look(self, kept: Kept) -> Found:
        return await _in_thread(lambda: self._look(kept))

    async def owned(self) -> list[Owned]:
        return await _in_thread(self._owned)

    def _settle(self, kept: Kept) -> None:
        access = _access(kept)
        owner = self._gateway.owner(kept.slug)
        if owner not in (None, access):
            raise belongs_to_another(f"The bucket {kept.slug}", owner)
        secret = self._vault.kept(kept.id)
        self._gateway.make_user(access, secret if kept.target == "present" else password())
        if owner is None:
            self._gateway.make_bucket(kept.slug, access)
            owner = self._gateway.owner(kept.slug)
            if owner != access:
                raise belongs_to_another(f"The bucket {kept.slug}", owner)

    def _remove(self, kept: Kept) -> None:
        """Empty and remove the bucket, once nobody can put anything into it any more."""
        access = _access(kept)
        if access in self._gateway.users():
            self._gateway.change_secret(access, password())
        if self._gateway.owner(kept.slug) == access:
            admin = self._gateway.admin
            for upload in _uploads(admin, kept.slug):
                admin._abort_multipart_upload(kept.slug, *upload)
            names = (o.object_name for o in admin.list_objects(kept.slug, recursive=True))
            doomed = (DeleteObject(name) for name in names if name)
            if failed := list(admin.remove_objects(kept.slug, doomed)):
                raise Unavailable(f"S3: {len(failed)} objects of {kept.slug} are still there")
            admin.remove_bucket(kept.slug)
        self._gateway.remove_user(access)
        self._vault.forget(kept.id)

    def _holds_data(self, kept: Kept) -> bool:
        if self._gateway.owner(kept.slug) != _access(kept):
            return False
        found = self._gateway.admin.list_objects(kept.slug, recursive=True)
        return any(each.object_name != _SMOKE for each in found)

    def _smoke(self, kept: Kept) -> None:
        own = self._gateway.client(_access(kept), self._vault.get(kept.id) or "none")
        try:
            own.put_object(kept.slug, _SMOKE, io.BytesIO(b"smoke"), 5)
            own.remove_object(kept.slug, _SMOKE)
        except S3Error as no:
            raise Refusal("not_usable", f"The tenant cannot use {kept.slug}: {no.code}") from no
        wrong = self._gateway.client(_access(kept), "wrong")
        other = self._gateway.client(_PROBE_ACCESS, self._vault.get(PROBE.id) or "none")
        for who, whose, name in (
            ("a wrong secret", wrong, kept.slug),
            ("another tenant", other, kept.slug),
            (kept.slug, own, PROBE.slug),
        ):
            if _lets_in(whose, name):
                raise Refusal("not_isolated", f"{who} gets into {name}.")

    def _export(self, kept: Kept, path: Path) -> None:
        admin = self._gateway.admin
        with tarfile.open(path, "w") as archive:
            for each in admin.list_objects(kept.slug, recursive=True):
                if each.object_name and not each.is_dir:
                    content = admin.get_object(kept.slug, each.object_name)
                    try:
                        entry = tarfile.TarInfo(each.object_name)
                        entry.size = each.size or 0
                        archive.addfile(entry, content)
                    finally:
                        content.close()
                        content.release_conn()

    def _look(self, kept: Kept) -> Found:
        access, owner = _access(kept), self._gateway.owner(kept.slug)
        has_user = access in self._gateway.users()
        if owner not in (None, access):
            whose = owner or "nobody known"
            return Found(state="foreign", problems=[f"The bucket {kept.slug} belongs to {whose}."])
        if owner is None and not has_user:
            return Found(state="absent")
        if owner is None or not has_user:
            what = f"bucket {kept.slug}" if owner is None else f"user {access}"
            return Found(state="broken", problems=[f"There is no {what}."])
        own = self._gateway.client(access, self._vault.get(kept.id) or "none")
        return Found(state="present" if _lets_in(own, kept.slug) else "suspended")

    def _owned(self) -> list[Owned]:
        probe = (_PROBE_ACCESS,)
        buckets = [
            Owned(kind="bucket", name=each.name, owner=f"{each.owner}:bucket")
            for each in self._gateway.buckets()
            if each.owner not in probe
        ]
        users = [
            Owned(kind="user", name=each, owner=f"{each}:bucket")
            for each in self._gateway.users()
            if each not in probe
        ]
        return buckets + users


def _access(kept: Kept) -> str:
    return _PROBE_ACCESS if kept.id == PROBE.id else kept.id.partition(":")[0]


def _lets_in(client: Minio, bucket: str) -> bool:
    try:
        next(iter(client.list_objects(bucket)), None)
    except S3Error as no:
        if no.code in _DENIED:
            return False
        raise
    return True


def _uploads(admin: Minio, bucket: str) -> list[tuple[str, str]]:
    """Return the uploads that were begun and never ended: object and upload id."""
    found = admin._list_multipart_uploads(bucket).uploads
    return [(each.object_name, each.upload_id or "") for each in found]


async def _in_thread(act: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(act)
    except (S3Error, urllib3.exceptions.HTTPError) as fault:
        what = fault.code if isinstance(fault, S3Error) else type(fault).__name__
        raise Unavailable(f"S3: {what}") from fault
