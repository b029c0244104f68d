"""A tenant's life, on the real system: set up, in use, suspended, brought back, removed."""

import email
import io
import json
import re
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from email import policy
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from minio.error import S3Error
from psycopg.errors import InsufficientPrivilege

from systems.tenants.showing import commands
from systems.tenants.slugs import schema_of
from systems.tenants.tests.platform import IDENTITY, ORCHESTRATOR, REMOVALS, Platform
from tests.support.waiting import until

PROJECT = Path(__file__).resolve().parents[3]
OBJECTS = 10_000


def refused_by_s3(act: Any) -> str:
    with pytest.raises(S3Error) as no:
        act()
    return str(no.value.code)


def test_a_tenant_uses_all_that_it_got_and_nothing_of_another(platform: Platform) -> None:
    mine, other = platform.set_up(), platform.set_up()
    with platform.as_tenant(mine) as connection:
        connection.execute("INSERT INTO documents (title) VALUES ('mine')")
        assert connection.execute("SELECT count(*) FROM settings").fetchone() == (2,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute(f"SELECT * FROM {schema_of(other)}.documents")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine ()")
        with pytest.raises(InsufficientPrivilege):
            connection.execute(f"COMMENT ON SCHEMA {schema_of(mine)} IS 'another:schema'")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        platform.postgres(schema_of(mine), "wrong")
    own = platform.s3(mine)
    own.put_object(mine, "a/file", io.BytesIO(b"mine"), 4)
    assert own.get_object(mine, "a/file").data == b"mine"
    assert refused_by_s3(lambda: list(own.list_objects(other))) == "AccessDenied"
    assert refused_by_s3(lambda: own.put_object(other, "x", io.BytesIO(b"x"), 1)) == "AccessDenied"
    assert refused_by_s3(lambda: own.make_bucket("one-more")) == "AccessDenied"
    wrong = platform.gateway.client(mine, "wrong")
    assert refused_by_s3(lambda: list(wrong.list_objects(mine))) == "SignatureDoesNotMatch"


def test_the_commands_that_are_shown_work_and_after_the_removal_do_not(
    platform: Platform,
) -> None:
    tenant_id = platform.set_up()
    system = platform.system
    shown_token = system.vault.api_token_file(ORCHESTRATOR) if system.vault else None
    told = commands(platform.tenant(tenant_id), system.sidecar_url(ORCHESTRATOR), shown_token)
    *shown, remove, waive = (each.command for each in told)
    psql, s3, token, verify = map(shell, shown)
    assert "retention_days" in psql.stdout, psql
    assert "<Key>README.md</Key>" in s3.stdout, s3
    assert "access_token" in token.stdout, token
    assert '"matches":true' in verify.stdout, verify
    removal_id = json.loads(shell(remove).stdout)["removalId"]
    platform.removals.append(removal_id)
    assert shell(waive).returncode == 0
    assert platform.removed(removal_id)["status"] == "removed"
    psql, s3, token, verify = map(shell, shown)
    assert psql.returncode != 0
    assert "InvalidAccessKeyId" in s3.stdout
    assert "access_token" not in token.stdout
    assert '"status":"removed","matches":true' in verify.stdout


def test_a_realm_has_an_issuer_and_a_key_of_its_own(platform: Platform) -> None:
    mine, other = platform.set_up(), platform.set_up()
    identity = platform.clients[IDENTITY]
    found = identity.get(f"/id/{mine}/.well-known/openid-configuration").json()
    assert found["issuer"].endswith(f"/id/{mine}")
    keys = httpx.get(found["jwks_uri"]).json()["keys"]
    others = identity.get(f"/id/{other}/jwks").json()["keys"]
    assert len(keys) == 1
    assert keys[0]["kid"] != others[0]["kid"]
    assert "d" not in keys[0], "a private key is told"
    secret = platform.secret("identity", f"{mine}:realm")
    assert platform.login(mine, secret).status_code == 200
    assert platform.login(mine, "wrong").json() == {"error": "invalid_grant"}
    assert platform.login(other, secret).json() == {"error": "invalid_grant"}
    assert identity.get("/id/nobody/.well-known/openid-configuration").status_code == 404


def test_the_link_in_the_welcome_mail_sets_a_password_once(platform: Platform) -> None:
    tenant_id = platform.set_up()
    link = link_in(mail_to(platform, tenant_id))
    path = link.partition("/id/")[2]
    identity = platform.clients[IDENTITY]
    assert identity.get(f"/id/{path}").status_code == 200
    assert identity.post(f"/id/{path}", data={"password": "short"}).status_code == 422
    password = "a password of its owner"
    assert identity.post(f"/id/{path}", data={"password": password}).status_code == 200
    assert platform.login(tenant_id, password, "owner").status_code == 200
    assert identity.get(f"/id/{path}").status_code == 404
    again = identity.post(f"/id/{path}", data={"password": "another long password"})
    assert again.status_code == 404
    assert platform.login(tenant_id, password, "owner").status_code == 200


BAD_SLUGS = [
    'a"; DROP SCHEMA public; --',
    "o'brien",
    "müller",
    "\uff41\uff43\uff4d\uff45",
    "pg_toast",
    "pg-catalog",
    "postgres",
    "public",
    "platform-probe",
    "xn-acme",
    "ab",
    "a" * 64,
    "Acme",
    "acme--corp",
    "-acme",
    "acme-",
    "acme.corp",
    "../acme",
    "",
]


def test_a_slug_that_breaks_a_rule_is_refused_and_nothing_is_made(platform: Platform) -> None:
    before, client = platform.real(), platform.clients[ORCHESTRATOR]
    for slug in BAD_SLUGS:
        tenant_id = platform.tenant_id("bad")
        answer = client.put(f"/tenants/{tenant_id}", json=platform.request(tenant_id, slug=slug))
        assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request"), slug
        assert client.get(f"/tenants/{tenant_id}").status_code == 404
    assert platform.real() == before


def test_twenty_equal_requests_at_once_make_one_tenant(platform: Platform) -> None:
    tenant_id = platform.tenant_id("same")
    body = platform.request(tenant_id, slug="s" + "x" * 62)  # as long as a slug can be
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: platform.put(tenant_id, body), range(20)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert platform.ended(tenant_id)["status"] == "active"
    assert platform.put(tenant_id, body, wait=True).status_code == 200
    other = platform.put(tenant_id, body | {"plan": "business"})
    assert (other.status_code, other.json()["reason"]) == (409, "idempotency_conflict")


def test_twenty_tenants_at_once_are_all_set_up(platform: Platform) -> None:
    ids = [platform.tenant_id("many") for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(platform.put, ids))
    assert {answer.status_code for answer in answers} == {202}
    assert {platform.ended(each, within=120)["status"] for each in ids} == {"active"}


def test_two_tenants_cannot_have_one_slug(platform: Platform) -> None:
    ids = [platform.tenant_id("twin") for _ in range(2)]
    for tenant_id in ids:
        platform.put(tenant_id, platform.request(tenant_id, slug=ids[0]))
    ends = {tenant_id: platform.ended(tenant_id) for tenant_id in ids}
    assert sorted(end["status"] for end in ends.values()) == ["active", "rejected"]
    lost = next(end for end in ends.values() if end["status"] == "rejected")
    assert lost["halt"]["reason"] == "slug_taken"


def test_a_suspended_tenant_gets_in_nowhere_and_is_brought_back(platform: Platform) -> None:
    tenant_id = platform.set_up()
    connection, own = platform.as_tenant(tenant_id), platform.s3(tenant_id)
    secret = platform.secret("identity", f"{tenant_id}:realm")
    removal_id = platform.remove(tenant_id)
    platform.in_grace(removal_id)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        platform.as_tenant(tenant_id)
    assert refused_by_s3(lambda: list(own.list_objects(tenant_id))) == "SignatureDoesNotMatch"
    assert platform.login(tenant_id, secret).status_code == 400
    assert platform.clients[IDENTITY].get(f"/id/{tenant_id}/jwks").json() == {"keys": []}
    assert platform.verify(tenant_id)["matches"]
    second = platform.remove(tenant_id)
    assert platform.removed(second)["halt"]["reason"] == "removal_in_progress"
    assert platform.ask(REMOVALS, f"/removals/{removal_id}/cancel").status_code == 202
    assert platform.removed(removal_id)["status"] == "cancelled"
    with platform.as_tenant(tenant_id) as again:
        again.execute("SELECT 1")
    assert list(own.list_objects(tenant_id)) == []
    assert platform.login(tenant_id, secret).status_code == 200


def test_a_full_bucket_and_an_open_connection_do_not_stop_a_removal(platform: Platform) -> None:
    """The objects are put where the gateway keeps them, which is quicker than to send each."""
    tenant_id = platform.set_up()
    own = platform.s3(tenant_id)
    folder = platform.system.home / "data" / "s3" / "objects" / tenant_id / "f"
    folder.mkdir()
    for number in range(OBJECTS):
        (folder / f"{number:05d}").write_bytes(b"x")
    assert sum(1 for _ in own.list_objects(tenant_id, "f/")) == OBJECTS
    own._create_multipart_upload(tenant_id, "never-ended", {})
    connection = platform.as_tenant(tenant_id)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO documents (title) VALUES ('in hand')")
    removal_id = platform.remove(tenant_id)
    platform.waive(removal_id)
    removed = platform.removed(removal_id, within=240)
    assert removed["status"] == "removed", removed
    with tarfile.open(exported(platform, "storage", removal_id, "bucket.tar")) as archive:
        assert sum(member.isfile() for member in archive) == OBJECTS
    dumped = exported(platform, "database", removal_id, "schema.sql").read_text()
    assert "CREATE TABLE" in dumped
    assert "in hand" not in dumped
    words = mail_to(platform, tenant_id, "is-removed")
    assert "Final invoice F-" in words
    assert "EUR" in words


def test_a_slug_that_was_in_use_rests_and_is_free_again(platform: Platform) -> None:
    """An id is never free again; a slug that never was in use is at once."""
    first, second, third = (platform.tenant_id("again") for _ in range(3))
    platform.set_up(first)
    removal_id = platform.remove(first)
    platform.waive(removal_id)
    assert platform.removed(removal_id)["status"] == "removed"
    platform.put(second, platform.request(second, slug=first))
    assert platform.ended(second)["halt"]["reason"] == "slug_resting"

    def taken() -> str:
        tenant_id = platform.tenant_id("again")
        platform.put(tenant_id, platform.request(tenant_id, slug=first))
        return str(platform.ended(tenant_id)["status"])

    until(taken, lambda status: status == "active", f"{first} to be free")
    platform.put(third)
    assert platform.ended(third)["status"] == "active"


def test_a_removal_of_what_is_not_in_use_is_refused(platform: Platform) -> None:
    never = platform.remove("never-was")
    assert platform.removed(never)["halt"]["reason"] == "unknown_tenant"
    gone = platform.clients[ORCHESTRATOR].delete("/tenants/never-was")
    assert (gone.status_code, gone.json()["reason"]) == (404, "unknown_tenant")


def test_delete_undoes_a_tenant_that_is_being_set_up_and_removes_one_in_use(
    platform: Platform,
) -> None:
    tenant_id = platform.tenant_id("del")
    proxy = platform.proxies["storage-service"]
    with proxy.fault("held", lambda seen: seen.path.endswith(f"/{tenant_id}:bucket")) as held:
        platform.put(tenant_id)
        held.wait()
        asked = platform.clients[ORCHESTRATOR].delete(f"/tenants/{tenant_id}")
        assert (asked.status_code, asked.headers["location"]) == (202, f"/tenants/{tenant_id}")
    assert platform.ended(tenant_id)["status"] == "cancelled"
    used = platform.set_up()
    asked = platform.clients[ORCHESTRATOR].delete(f"/tenants/{used}")
    removal_id = asked.json()["removalId"]
    platform.removals.append(removal_id)
    again = platform.clients[ORCHESTRATOR].delete(f"/tenants/{used}", params={"requestedBy": "x"})
    assert again.json()["removalId"] == removal_id
    platform.waive(removal_id)
    assert platform.removed(removal_id)["status"] == "removed"


def exported(platform: Platform, service: str, removal_id: str, name: str) -> Path:
    """Return the one file of this name that a service wrote of what was removed."""
    folder = platform.system.home / "data" / "estate" / service / "exports" / removal_id
    [found] = folder.glob(f"*/{name}")
    return found


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def mail_to(platform: Platform, tenant_id: str, about: str = "is-ready") -> str:
    """Return the words of the one mail to a tenant's owner."""
    folder = platform.system.home / "data" / "mails"
    [path] = until(
        lambda: list(folder.glob(f"*{tenant_id}*{about}*.eml")),
        lambda found: len(found) == 1,
        f"a mail to {tenant_id}",
    )
    return read(path)


def read(path: Path) -> str:
    mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    return str(mail.get_content())


def link_in(words: str) -> str:
    found = re.search(r'href="([^"]+/welcome/[^"]+)"', words)
    assert found, words
    return found[1]
