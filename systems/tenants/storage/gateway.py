"""The S3 that tenants share: the one whose URL is given, else a versitygw that the service owns.

It is asked in two ways: as any S3 is, and by versitygw's admin API, which knows of users and of the
owners of buckets. See https://github.com/versity/versitygw/wiki/Multi-Tenant.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3
from pydantic_settings import BaseSettings

from base.errors import Unavailable
from runtime import build
from systems.tenants.server import Server
from systems.tenants.vault import Vault

REGION = "us-east-1"
_ADMIN = "platform:admin"  # no tenant's id has a colon
_SETTLED = ("XAdminUserExists", "BucketAlreadyOwnedByYou", "BucketAlreadyExists")


class StorageSettings(BaseSettings):
    """``TENANTS_S3_URL``: a versitygw to use, as the user with ``TENANTS_S3_ACCESS_KEY`` and
    ``TENANTS_S3_SECRET_KEY``; else one is started that listens on ``S3_SERVER_PORT`` of loopback
    and keeps its data in ``S3_FOLDER``."""

    tenants_s3_url: str = ""
    tenants_s3_access_key: str = ""
    tenants_s3_secret_key: str = ""
    s3_server_port: int = 7753
    s3_folder: Path = Path("systems/tenants/data/s3")


class Bucket(NamedTuple):
    name: str
    owner: str


@dataclass(frozen=True)
class Gateway:
    """An S3 gateway, and its administrator's access. Methods raise Unavailable; they block."""

    url: str
    access: str
    secret: str

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(connect=2, read=15)
        return urllib3.PoolManager(maxsize=20, timeout=timeout, retries=False)

    @cached_property
    def admin(self) -> Minio:
        """The S3 client of the administrator, to whom nothing is refused."""
        return self.client(self.access, self.secret)

    def client(self, access: str, secret: str) -> Minio:
        """Return an S3 client of somebody."""
        url = urlsplit(self.url)
        return Minio(
            url.netloc,
            access,
            secret,
            secure=url.scheme == "https",
            region=REGION,
            http_client=self._http,
        )

    def make_user(self, access: str, secret: str) -> None:
        """Make a user, unless it exists, and let the secret be the one that counts."""
        account = f"<Access>{escape(access)}</Access><Secret>{escape(secret)}</Secret>"
        self._ask("/create-user", f"<Account>{account}<Role>user</Role></Account>")
        self.change_secret(access, secret)

    def change_secret(self, access: str, secret: str) -> None:
        """Let another secret of a user be the one that counts, from now on."""
        props = f"<MutableProps><Secret>{escape(secret)}</Secret></MutableProps>"
        self._ask(f"/update-user?access={quote(access, safe='')}", props)

    def remove_user(self, access: str) -> None:
        self._ask(f"/delete-user?access={quote(access, safe='')}")

    def users(self) -> list[str]:
        """Return the access keys of all users."""
        return [_text(each, "Access") for each in self._listed("/list-users", "Accounts")]

    def make_bucket(self, name: str, owner: str) -> None:
        """Make a bucket that is the owner's from the first instant, unless it exists."""
        self._ask(f"/{name}/create", headers={"x-vgw-owner": owner})

    def buckets(self) -> list[Bucket]:
        """Return all buckets."""
        found = self._listed("/list-buckets", "Buckets")
        return [Bucket(_text(each, "Name"), _text(each, "Owner")) for each in found]

    def owner(self, bucket: str) -> str | None:
        """Return the access key that a bucket is of, or None: there is no such bucket."""
        return next((each.owner for each in self.buckets() if each.name == bucket), None)

    def answers(self) -> bool:
        try:
            return self._http.request("GET", f"{self.url}/health").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _listed(self, path: str, tag: str) -> list[ElementTree.Element]:
        return ElementTree.fromstring(self._ask(path)).findall(tag)

    def _ask(self, path: str, body: str = "", headers: dict[str, str] | None = None) -> bytes:
        """Ask the admin API. That something exists already is no fault."""
        url, content, now = urlsplit(self.url + path), body.encode(), datetime.now(UTC)
        digest = hashlib.sha256(content).hexdigest()
        signed = sign_v4_s3(
            method="PATCH",
            url=url,
            region=REGION,
            headers={
                "Host": url.netloc,
                "x-amz-content-sha256": digest,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
                **(headers or {}),
            },
            credentials=Credentials(self.access, self.secret),
            content_sha256=digest,
            date=now,
        )
        try:
            answer = self._http.request("PATCH", url.geturl(), body=content, headers=_plain(signed))
        except urllib3.exceptions.HTTPError as fault:
            raise Unavailable(f"S3: {type(fault).__name__}") from fault
        if answer.status >= 300 and _code(answer.data) not in _SETTLED:
            raise Unavailable(f"S3: {path.partition('?')[0]} {answer.status} {_code(answer.data)}")
        return answer.data


@asynccontextmanager
async def gateway(settings: StorageSettings, vault: Vault) -> AsyncIterator[Gateway]:
    """Give the S3 gateway of the tenants. Raises Unavailable, SetupError."""
    if settings.tenants_s3_url:
        url = settings.tenants_s3_url.rstrip("/")
        yield Gateway(url, settings.tenants_s3_access_key, settings.tenants_s3_secret_key)
        return
    secret = vault.kept("admin")
    address, folder = f"127.0.0.1:{settings.s3_server_port}", settings.s3_folder.resolve()
    ours = Gateway(f"http://{address}", _ADMIN, secret)
    program = await asyncio.to_thread(build.programs, build.S3) / "versitygw"

    async def answers() -> bool:
        return await asyncio.to_thread(ours.answers)

    env = {"ROOT_ACCESS_KEY": _ADMIN, "ROOT_SECRET_KEY": secret}
    command = [str(program), *_options(folder, address)]
    async with Server("versitygw", command, folder, answers, env).running():
        yield ours


def _options(folder: Path, address: str) -> list[str]:
    """Return versitygw's options; its folders are there then. What is known of objects lies beside
    them and not in extended attributes, which not every file system has; users are not cached, so
    that a key which is revoked is no use at once."""
    places = {name: folder / name for name in ("objects", "metadata", "users")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    general = ["--port", address, "--iam-dir", str(places["users"]), "--iam-cache-disable"]
    general += ["--health", "/health", "--quiet"]
    return [*general, "posix", "--sidecar", str(places["metadata"]), str(places["objects"])]


def _text(element: ElementTree.Element, tag: str) -> str:
    return element.findtext(tag) or ""


def _plain(headers: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items()}


def _code(answer: bytes) -> str:
    try:
        return ElementTree.fromstring(answer).findtext("Code") or ""
    except ElementTree.ParseError:
        return ""
