"""The migrations of a tenant's schema: files in the order of their names, each applied once."""

from importlib.resources import files

from psycopg import AsyncConnection, sql

_APPLIED = """CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"""
_SEEDED = {"schema_migrations", "settings"}


def names() -> list[str]:
    """Return the names of all migrations, in order."""
    return sorted(path.name for path in files(__name__).iterdir() if path.name.endswith(".sql"))


async def apply(connection: AsyncConnection) -> None:
    """Apply what is not applied yet, in the transaction of the connection."""
    await connection.execute(_APPLIED)
    rows = await (await connection.execute("SELECT name FROM schema_migrations")).fetchall()
    done = {row[0] for row in rows}
    for name in names():
        if name not in done:
            text = (files(__name__) / name).read_text()
            await connection.execute(text.encode())
            await connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [name])


async def anything_else(connection: AsyncConnection, schema: str) -> bool:
    """Say whether a schema has rows in a table that migrations leave empty, or that is its own."""
    found = await connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema]
    )
    for (table,) in await found.fetchall():
        if table not in _SEEDED:
            query = sql.SQL("SELECT EXISTS (SELECT FROM {})")
            rows = await connection.execute(query.format(sql.Identifier(schema, table)))
            if (row := await rows.fetchone()) and row[0]:
                return True
    return False
