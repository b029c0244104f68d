"""Schemas and roles as they really are in PostgreSQL.

A tenant's schema and role bear the id of the resource as their comment, which their tenant cannot
change: the schema is the platform's. Nothing is touched that bears another one. What is made is
made in one transaction, under a lock that also a call of a service that died would hold.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.errors import InsufficientPrivilege

from base.errors import Refusal, Unavailable
from runtime import databases
from systems.tenants.database import migrations
from systems.tenants.database.postgres import TENANTS, NotLetIn, Postgres
from systems.tenants.estate.kept import Kept
from systems.tenants.estate.things import Found, Owned, belongs_to_another
from systems.tenants.slugs import schema_of
from systems.tenants.vault import Vault

CONNECTIONS = {"starter": 5, "business": 20}
PROBE = Kept(id="platform:schema", status="wanted", request={"slug": "platform-probe"})
"""A tenant that nobody is, as which others are tried."""
_END_MILLISECONDS = 5_000


@dataclass(frozen=True)
class _Role:
    mark: str | None
    can_login: bool


class Schemas:
    """The `Things` of the database service."""

    def __init__(self, postgres: Postgres, vault: Vault) -> None:
        self._postgres = postgres
        self._vault = vault

    async def prepare(self) -> None:
        """Make the tenant that nobody is."""
        await self.settle(PROBE)
        await self.furnish(PROBE)

    def facts(self, kept: Kept) -> dict[str, str]:
        name = schema_of(kept.slug)
        at = f"{self._postgres.host}:{self._postgres.port}"
        secret = str(self._vault.path(kept.id))
        return {"schema": name, "role": name, "database": "tenants", "host": at, "secret": secret}

    async def settle(self, kept: Kept) -> None:
        name = schema_of(kept.slug)
        async with self._alone(name) as connection:
            role, mark = await _role(connection, name), await _schema(connection, name)
            if mark is not None and mark != kept.id:
                raise belongs_to_another(f"The schema {name}", mark)
            if role and role.mark != kept.id:
                raise belongs_to_another(f"The role {name}", role.mark)
            if role is None:
                await self._make_role(connection, name, kept)
            if mark is None:
                await _run(connection, "CREATE SCHEMA {0}", name)
                await _mark(connection, "SCHEMA", name, kept.id)
            await _run(connection, "GRANT USAGE, CREATE ON SCHEMA {0} TO {0}", name)
            login = "LOGIN" if kept.target == "present" else "NOLOGIN"
            limit = _limit(kept)
            await _run(connection, f"ALTER ROLE {{0}} {login} CONNECTION LIMIT {limit}", name)
        if kept.target != "present":
            await self._end_connections(name)

    async def remove(self, kept: Kept) -> None:
        name = schema_of(kept.slug)
        async with self._postgres.connection() as connection:
            role = await _role(connection, name)
            ours = role is not None and role.mark == kept.id
            if ours:
                await _run(connection, "ALTER ROLE {0} NOLOGIN", name)
        if ours:
            await self._end_connections(name)
        async with self._alone(name) as connection:
            if await _schema(connection, name) == kept.id:
                await _run(connection, "DROP SCHEMA {0} CASCADE", name)
            role = await _role(connection, name)
            if role and role.mark == kept.id:
                await _run(connection, "DROP OWNED BY {0}", name)
                await _run(connection, "DROP ROLE {0}", name)
        self._vault.forget(kept.id)

    async def holds_data(self, kept: Kept) -> bool:
        """Say whether there is more in it than what migrations put there."""
        name = schema_of(kept.slug)
        async with self._postgres.connection() as connection:
            if await _schema(connection, name) != kept.id:
                return False
            return await migrations.anything_else(connection, name)

    async def furnish(self, kept: Kept) -> None:
        name = schema_of(kept.slug)
        async with self._alone(name) as connection:
            await _run(connection, "SET LOCAL ROLE {0}", name)
            await _run(connection, "SET LOCAL search_path TO {0}", name)
            await migrations.apply(connection)

    async def smoke(self, kept: Kept) -> None:
        name, other = schema_of(kept.slug), schema_of(PROBE.slug)
        try:
            async with self._as(name, kept.id) as connection:
                await connection.execute("INSERT INTO documents (title) VALUES ('smoke test')")
                await connection.rollback()
        except (NotLetIn, psycopg.ProgrammingError) as no:
            why = str(no).partition("\n")[0][:160]
            raise Refusal("not_usable", f"The tenant cannot use {name}: {why}") from no
        if await self._lets_in(name, "wrong"):
            raise Refusal("not_isolated", f"A wrong password opens {name}.")
        for who, its, whose in ((other, PROBE.id, name), (name, kept.id, other)):
            if await self._reads(who, its, whose):
                raise Refusal("not_isolated", f"{who} can read what is {whose}'s.")

    async def export(self, kept: Kept, folder: Path) -> None:
        to = ["--host", self._postgres.host, "--port", str(self._postgres.port)]
        to += ["--username", self._postgres.user, "--dbname", "tenants", "--no-password"]
        what = ["--schema", schema_of(kept.slug), "--file", str(folder / "schema.sql")]
        process = await asyncio.create_subprocess_exec(
            databases.programs() / "pg_dump",
            *to,
            *what,
            env={**os.environ, "PGPASSWORD": self._postgres.password},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            raise Unavailable(f"pg_dump: {said.decode(errors='replace')[:200]}")

    async def look(self, kept: Kept) -> Found:
        name = schema_of(kept.slug)
        async with self._postgres.connection() as connection:
            role, mark = await _role(connection, name), await _schema(connection, name)
        marks = {"schema": mark, "role": role.mark if role else None}
        there = {"schema": mark is not None, "role": role is not None}
        missing = [
            f"There is no {what} {name}." for what, is_there in there.items() if not is_there
        ]
        foreign = [
            f"The {what} {name} belongs to {marks[what] or 'nobody known'}."
            for what, is_there in there.items()
            if is_there and marks[what] != kept.id
        ]
        if foreign:
            return Found(state="foreign", problems=foreign)
        if len(missing) == len(there):
            return Found(state="absent")
        if missing:
            return Found(state="broken", problems=missing)
        return Found(state="present" if role and role.can_login else "suspended")

    async def owned(self) -> list[Owned]:
        schemas = """SELECT 'schema', nspname, coalesce(obj_description(oid, 'pg_namespace'), '')
            FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN
            ('public', 'information_schema') ORDER BY nspname"""
        roles = """SELECT 'role', rolname, coalesce(shobj_description(oid, 'pg_authid'), '')
            FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper
            AND rolname <> 'platform_tenants' ORDER BY rolname"""
        async with self._postgres.connection() as connection:
            rows = [
                row
                for query in (schemas, roles)
                for row in await (await connection.execute(query)).fetchall()
            ]
        return [
            Owned(kind=kind, name=name, owner=owner)
            for kind, name, owner in rows
            if owner != PROBE.id
        ]

    async def _make_role(self, connection: AsyncConnection, name: str, kept: Kept) -> None:
        """Make the role; PostgreSQL is given its password as a verifier, so that no log has it."""
        password = self._vault.kept(kept.id)
        verifier = connection.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        ).decode()
        query = sql.SQL("CREATE ROLE {} IN ROLE {} PASSWORD {}")
        parts = sql.Identifier(name), sql.Identifier(TENANTS), sql.Literal(verifier)
        await connection.execute(query.format(*parts))
        await _mark(connection, "ROLE", name, kept.id)
        await _run(connection, "ALTER ROLE {0} SET search_path TO {0}", name)

    async def _end_connections(self, name: str) -> None:
        async with self._postgres.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE usename = %s",
                [_END_MILLISECONDS, name],
            )

    async def _lets_in(self, name: str, password: str) -> bool:
        try:
            async with self._postgres.connection(name, password):
                return True
        except NotLetIn:
            return False

    async def _reads(self, who: str, resource_id: str, whose: str) -> bool:
        try:
            async with self._as(who, resource_id) as connection:
                await _run(connection, "SELECT count(*) FROM {0}.documents", whose)
        except InsufficientPrivilege:
            return False
        return True

    @asynccontextmanager
    async def _as(self, name: str, resource_id: str) -> AsyncIterator[AsyncConnection]:
        password = self._vault.get(resource_id) or ""
        async with self._postgres.connection(name, password or "none") as connection:
            yield connection

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[AsyncConnection]:
        """Give a transaction about a name, of which there is one at a time."""
        async with self._postgres.connection() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name]
            )
            yield connection


async def _role(connection: AsyncConnection, name: str) -> _Role | None:
    found = await connection.execute(
        "SELECT shobj_description(oid, 'pg_authid'), rolcanlogin FROM pg_roles WHERE rolname = %s",
        [name],
    )
    row = await found.fetchone()
    return _Role(*row) if row else None


async def _schema(connection: AsyncConnection, name: str) -> str | None:
    """Return the mark of a schema, an empty one if it has none; None if there is no such schema."""
    found = await connection.execute(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '')"
        " FROM pg_namespace WHERE nspname = %s",
        [name],
    )
    row: tuple[Any, ...] | None = await found.fetchone()
    return str(row[0]) if row else None


async def _run(connection: AsyncConnection, query: str, name: str) -> None:
    await connection.execute(sql.SQL(query).format(sql.Identifier(name)))


async def _mark(connection: AsyncConnection, kind: str, name: str, mark: str) -> None:
    query = sql.SQL(f"COMMENT ON {kind} {{}} IS {{}}")
    await connection.execute(query.format(sql.Identifier(name), sql.Literal(mark)))


def _limit(kept: Kept) -> int:
    """Return how many connections a tenant may have; nobody is all who are tried at once."""
    return -1 if kept.id == PROBE.id else CONNECTIONS[kept.request.get("plan", "starter")]
