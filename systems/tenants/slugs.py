"""What a tenant may be called: its slug names a schema, a role, a bucket and a realm alike.

So it keeps the rules of PostgreSQL (63 bytes, nothing that begins with ``pg_``) and of S3 (63
characters, lower case, no ``xn--``), and is no word that the platform needs itself.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_SHORTEST, _LONGEST = 3, 63
_BEGINNINGS = ("pg-", "xn-", "sthree-", "amzn-", "platform-")
_ENDINGS = ("-s3alias", "-ol-s3", "-mrap", "-x-s3", "-table-s3")
# Databases, schemas and roles that PostgreSQL has or may have, and names of hosts and paths.
RESERVED = frozenset(
    {
        "postgres",
        "public",
        "template0",
        "template1",
        "information-schema",
        "none",
        "current-user",
        "session-user",
        "user",
        "root",
        "admin",
        "administrator",
        "superuser",
        "system",
        "all",
        "default",
        "tenants",
        "tenant",
        "platform",
        "api",
        "www",
        "app",
        "auth",
        "login",
        "token",
        "realms",
        "realm",
        "console",
        "static",
        "health",
        "healthz",
        "readyz",
        "metrics",
        "docs",
        "mail",
        "smtp",
        "localhost",
        "internal",
        "support",
        "security",
        "billing",
        "status",
    }
)


def checked(slug: str) -> str:
    """Return the slug. Raises ValueError, saying which rule it breaks."""
    if not _SHORTEST <= len(slug) <= _LONGEST:
        raise ValueError(f"a slug has {_SHORTEST} to {_LONGEST} characters")
    if not re.fullmatch(_PATTERN, slug):
        raise ValueError("a slug is a-z, 0-9 and single hyphens, and begins with a letter")
    if slug in RESERVED or slug.startswith(_BEGINNINGS) or slug.endswith(_ENDINGS):
        raise ValueError(f"{slug} is reserved")
    return slug


def schema_of(slug: str) -> str:
    """Return the name of its schema and role: no two slugs have the same."""
    return slug.replace("-", "_")


Slug = Annotated[
    str,
    StringConstraints(max_length=256),
    AfterValidator(checked),
    Field(
        description="Names the tenant's schema, role, bucket and realm.",
        examples=["acme-corp"],
        json_schema_extra={
            "pattern": _PATTERN,
            "minLength": _SHORTEST,
            "maxLength": _LONGEST,
        },
    ),
]
