"""The PostgreSQL that tenants share: the one whose URL is given, else one that the service owns."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from urllib.parse import urlsplit

import psycopg
from psycopg import AsyncConnection, sql
from pydantic_settings import BaseSettings

from base.errors import ProjectError, Unavailable
from runtime import databases
from systems.tenants.server import Server, locked
from systems.tenants.vault import Vault

_ADMIN, _DATABASE, _SECRET = "postgres", "tenants", "postgres"
_AT_ONCE = 20
TENANTS = "platform_tenants"
"""The role that all tenants' roles are in: what it may, they may, and that is to connect."""


class PostgresSettings(BaseSettings):
    """``TENANTS_POSTGRES_URL``: a server to use, as its superuser; else one is started that listens
    on ``POSTGRES_SERVER_PORT`` of loopback and keeps its data in ``POSTGRES_FOLDER``."""

    tenants_postgres_url: str = ""
    postgres_server_port: int = 7752
    postgres_folder: Path = Path("systems/tenants/data/postgres")


# What it says of who may not connect; a connection that fails has no code.
_NOT_LET_IN = ("password authentication failed", "is not permitted to log in")


class NotLetIn(ProjectError):
    """PostgreSQL refuses a role or its password."""


@dataclass(frozen=True)
class Postgres:
    """Connections to the database of all tenants. Methods raise Unavailable."""

    host: str
    port: int
    user: str
    password: str
    slots: asyncio.Semaphore

    @asynccontextmanager
    async def connection(
        self, user: str = "", password: str = "", database: str = _DATABASE
    ) -> AsyncIterator[AsyncConnection]:
        """Give a connection as the superuser, or as somebody else. Raises NotLetIn."""
        async with self.slots:
            try:
                connected = await AsyncConnection.connect(
                    host=self.host,
                    port=self.port,
                    user=user or self.user,
                    password=password or self.password,
                    dbname=database,
                    connect_timeout=10,
                )
                async with connected as connection:
                    yield connection
            except (psycopg.OperationalError, psycopg.InternalError) as fault:
                said = str(fault)
                if any(words in said for words in _NOT_LET_IN):
                    raise NotLetIn(said) from fault
                raise Unavailable(f"PostgreSQL: {said[:160]}") from fault

    async def answers(self) -> bool:
        """Say whether it takes connections."""
        try:
            async with self.connection(database="postgres"):
                return True
        except Unavailable:
            return False

    async def prepare(self) -> None:
        """Make the database of all tenants, in which nobody may do anything by default."""
        async with self.connection(database="postgres") as connection:
            await connection.set_autocommit(True)
            found = await connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [_DATABASE]
            )
            if await found.fetchone() is None:
                await connection.execute(sql.SQL("CREATE DATABASE {}").format(_name(_DATABASE)))
            for database in (_DATABASE, "postgres", "template1"):
                revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
                await connection.execute(revoke.format(_name(database)))
            await self._make_group(connection)
        async with self.connection() as connection:
            await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")

    async def _make_group(self, connection: AsyncConnection) -> None:
        """Make the role of all tenants. Was each granted the right to connect by itself, two at
        once would meet at the row of the database."""
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [TENANTS])
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(_name(TENANTS)))
        grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        await connection.execute(grant.format(_name(_DATABASE), _name(TENANTS)))


@asynccontextmanager
async def postgres(settings: PostgresSettings, vault: Vault) -> AsyncIterator[Postgres]:
    """Give the PostgreSQL of the tenants, prepared. Raises Unavailable."""
    slots = asyncio.Semaphore(_AT_ONCE)
    if settings.tenants_postgres_url:
        url = urlsplit(settings.tenants_postgres_url)
        user, password = url.username or "", url.password or ""
        found = Postgres(url.hostname or "localhost", url.port or 5432, user, password, slots)
        await found.prepare()
        yield found
        return
    folder, port = settings.postgres_folder.resolve(), settings.postgres_server_port
    ours = Postgres("127.0.0.1", port, _ADMIN, vault.kept(_SECRET), slots)
    async with locked(folder / "init.lock"):
        command = await asyncio.to_thread(
            databases.postgres, folder / "server", port, _ADMIN, vault.path(_SECRET)
        )
    server = Server("postgres", command, folder, ours.answers, ends_with=SIGINT)
    async with server.running():
        async with locked(folder / "init.lock"):
            await ours.prepare()
        yield ours


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)
