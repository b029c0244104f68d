"""Who asks: a person or a service, by what they proved it, and what they are here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import StringConstraints

Role = Literal["customer", "operator", "approver", "auditor", "service"]
Proof = Literal["key", "token", "session", "sidecar", "nothing"]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,128}$")]

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class Identity:
    """One who asks. ``name`` is what owns a case, or the app-id of a service.

    ``key`` and ``session`` are the ids of what can be revoked before its time; ``until`` is when it
    ends by itself.
    """

    name: str
    roles: frozenset[Role]
    proof: Proof
    key: str = ""
    session: str = ""
    until: datetime | None = None


NOBODY = Identity("", frozenset(), "nothing")
"""One who did not say who they are."""

_WHO: ContextVar[Identity | None] = ContextVar("who", default=None)


def who() -> Identity | None:
    """Return who asks what is being answered now; None where nobody is asked who they are."""
    return _WHO.get()


def by() -> str | None:
    """Return the name that is put on record beside what is done now, if there is one."""
    asks = who()
    return asks.name if asks and asks.name else None


@contextmanager
def asked_by(identity: Identity) -> Iterator[None]:
    """Have it that this one asks what is answered within."""
    token = _WHO.set(identity)
    try:
        yield
    finally:
        _WHO.reset(token)


def known_roles(said: object) -> frozenset[Role]:
    """Return those of the roles that somebody is said to have which there are here."""
    names = said.split() if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(role for role in ROLES if role in names)
