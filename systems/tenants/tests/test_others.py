"""What belongs to another is neither adopted nor dropped; what is secret is nowhere; what dies is
started again; what drifts is found."""

import io
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest

from runtime import processes
from runtime.system import System
from systems.tenants.slugs import schema_of
from systems.tenants.tests.calls import MAKING
from systems.tenants.tests.platform import DATABASE, ORCHESTRATOR, STORAGE, Platform
from systems.tenants.tests.test_life import link_in, mail_to
from tests.support.waiting import until


def test_a_schema_and_a_role_of_another_are_neither_adopted_nor_dropped(
    platform: Platform,
) -> None:
    tenant_id = platform.tenant_id("theirs")
    name = schema_of(tenant_id)
    with platform.postgres() as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        connection.execute(f"CREATE TABLE {name}.precious AS SELECT 1 AS one")
        platform.put(tenant_id)
        ended = platform.ended(tenant_id)
        assert (ended["status"], ended["halt"]["reason"]) == ("rejected", "belongs_to_another")
        assert connection.execute(f"SELECT one FROM {name}.precious").fetchone() == (1,)
        assert {"kind": "schema", "name": name, "owner": ""} in platform.orphans()
        connection.execute(f"DROP SCHEMA {name} CASCADE")
        other = platform.tenant_id("theirs")
        connection.execute(f"CREATE ROLE {schema_of(other)}")
        platform.put(other)
        assert platform.ended(other)["halt"]["reason"] == "belongs_to_another"
        connection.execute(f"DROP ROLE {schema_of(other)}")


def test_a_bucket_of_another_is_neither_adopted_nor_dropped(platform: Platform) -> None:
    tenant_id, gateway = platform.tenant_id("theirs"), platform.gateway
    gateway.make_user("stranger", "secret-of-a-stranger")
    gateway.make_bucket(tenant_id, "stranger")
    gateway.admin.put_object(tenant_id, "precious", io.BytesIO(b"x"), 1)
    platform.put(tenant_id)
    ended = platform.ended(tenant_id)
    assert (ended["status"], ended["halt"]["reason"]) == ("rejected", "belongs_to_another")
    assert gateway.owner(tenant_id) == "stranger"
    assert gateway.admin.stat_object(tenant_id, "precious").size == 1
    gateway.admin.remove_object(tenant_id, "precious")
    gateway.admin.remove_bucket(tenant_id)
    gateway.remove_user("stranger")


def test_an_undo_does_not_drop_what_the_tenant_has_put_there(platform: Platform) -> None:
    tenant_id = platform.set_up()
    platform.s3(tenant_id).put_object(tenant_id, "mine", io.BytesIO(b"x"), 1)
    with platform.as_tenant(tenant_id) as connection:
        connection.execute("INSERT INTO documents (title) VALUES ('mine')")
    for app, noun in ((STORAGE, "bucket"), (DATABASE, "schema")):
        no = platform.ask(app, f"/{noun}s/{tenant_id}:{noun}/undo")
        assert (no.status_code, no.json()["reason"]) == (409, "holds_data")


def test_a_call_that_comes_after_its_undo_makes_nothing(platform: Platform) -> None:
    tenant_id = platform.tenant_id("late")
    bodies = {
        "make schema": {"slug": tenant_id},
        "make bucket": {"slug": tenant_id},
        "make realm": {"slug": tenant_id, "ownerEmail": "a@b.example"},
        "open account": {"slug": tenant_id, "email": "a@b.example"},
    }
    before = platform.real()
    for call in MAKING[1:5]:
        path, client = call.path.format(tenant_id), platform.clients[call.service]
        assert client.post(f"{path}/undo").status_code == 200
        late = client.put(path, json=bodies[call.step])
        assert (late.status_code, late.json()["reason"]) == (409, "undone")
    assert platform.real() == before


def test_what_drifts_is_found_and_mended(platform: Platform) -> None:
    tenant_id = platform.set_up()
    with platform.postgres() as connection:
        connection.execute(f"ALTER ROLE {schema_of(tenant_id)} NOLOGIN")
    platform.gateway.change_secret(tenant_id, "another")
    found = platform.verify(tenant_id)
    assert not found["matches"]
    differ = {each["resource"] for each in found["resources"] if not each["matches"]}
    assert differ == {"schema", "bucket"}
    mended = platform.ask(ORCHESTRATOR, f"/tenants/{tenant_id}/reconcile")
    assert mended.json()["matches"], mended.json()


def test_no_secret_is_in_any_store_record_history_or_log(platform: Platform) -> None:
    """The mail to the owner is left out: it is where the link has to be."""
    tenant_id = platform.set_up()
    refused = platform.tenant_id("secret")
    no = MAKING[-1]
    with platform.proxies[no.service].fault("error", no.matching(refused)):
        platform.put(refused)
        kept = until(
            lambda: list(platform.vault.glob(f"*/{refused}:*")), lambda found: len(found) >= 4, ""
        )
        secrets = {path.name: path.read_text() for path in kept}
        platform.ended(refused)
    secrets |= {path.name: path.read_text() for path in platform.vault.glob("*/*")}
    assert {mode(path) for path in platform.vault.glob("*/*")} == {0o600}
    link_token = link_in(mail_to(platform, tenant_id)).rpartition("/")[2]
    assert secrets[f"{tenant_id}:realm.invitation"] == link_token
    needles = {name: secret.encode() for name, secret in secrets.items() if ".key" not in name}
    decoy = platform.system.home / "data" / "decoy"
    decoy.write_bytes(b"it is found: " + needles[f"{tenant_id}:realm"])
    assert containing(needles.values(), all_files(platform.system.home)) == [str(decoy)]
    decoy.unlink()
    for what in ("", "/audit"):
        told = platform.clients[ORCHESTRATOR].get(f"/tenants/{tenant_id}{what}").content
        assert not [name for name, secret in needles.items() if secret in told]


def all_files(home: Path) -> Iterator[Path]:
    """Return every file that the system keeps, but the vault, the mailboxes, and the file in which
    the S3 gateway itself keeps its users, as which only its user can read it."""
    for path in [*home.rglob("*")]:
        inside = path.relative_to(home).parts
        if path.is_file() and inside[:2] not in (("data", "vault"), ("data", "mails")):
            if inside[:3] == ("data", "s3", "users"):
                assert mode(path) == 0o600
            else:
                yield path


def containing(needles: Iterable[bytes], files: Iterable[Path]) -> list[str]:
    """Return those of the files in which one of the needles is."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"\n".join(needles))
        file.flush()
        names = b"\0".join(str(path).encode() for path in files)
        command = ["xargs", "-0", "grep", "-lasF", "-f", file.name]
        ran = subprocess.run(command, input=names, capture_output=True, check=False)
    assert not ran.stderr, ran.stderr
    return ran.stdout.decode().split("\n")[:-1]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(("service", "program"), [(DATABASE, "postgres"), (STORAGE, "versitygw")])
def test_a_service_that_is_killed_leaves_no_stray_server_and_a_server_is_started_again(
    platform: Platform, system: System, service: str, program: str
) -> None:
    [before] = servers(system, program)
    system.kill("app", service)
    assert servers(system, program) == [before], "the server outlives its service"
    system.restart()
    assert servers(system, program) == [before], "the next service adopts it"
    tenant_id = platform.set_up()
    before.kill()
    until(
        lambda: servers(system, program),
        lambda found: len(found) == 1 and found != [before],
        f"{program} to be started again",
        within=60,
    )
    path = f"/tenants/{tenant_id}/verify"
    until(
        lambda: platform.clients[ORCHESTRATOR].get(path).json().get("matches"),
        lambda matches: matches is True,
        f"{tenant_id} to be there again",
        within=60,
    )


def servers(system: System, program: str) -> list[psutil.Process]:
    """Return the server processes of the system, without their own children."""
    found = [p for p in processes.of_system(system.home) if processes.program(p) == program]
    return [p for p in found if p.ppid() not in {each.pid for each in found}]
