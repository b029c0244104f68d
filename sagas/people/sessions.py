"""Signed cookies: who is logged in, and which login is under way.

A session holds who it is, not just an id: a cookie that was planted before a login is of no use
after it, for the login hands out another. One that is ended is remembered by this process until it
would have ended by itself.
"""

import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ValidationError

from base.private import UnsafeFile, require_private, write_private
from sagas.people.identity import Identity, Name, Role, known_roles

_ALGORITHM = "HS256"
LOGIN_SECONDS = 600.0


class Login(BaseModel):
    """A login that is under way at the identity provider."""

    state: str
    nonce: str
    verifier: str
    next: str


class _Session(BaseModel):
    sub: Name
    roles: list[Role]
    sid: str
    key: str = ""
    exp: int


class Sessions:
    """Makes and reads the cookies; each is good for its own purpose only."""

    def __init__(self, secret: bytes, seconds: float) -> None:
        self._key = OctKey.import_key(secret)
        self._seconds = seconds
        self._ended: dict[str, float] = {}

    def begin(self, identity: Identity) -> tuple[str, int]:
        """Return the cookie of a new session of this one, and for how many seconds it is good."""
        seconds = self._seconds
        if identity.until:
            left = (identity.until - datetime.now(UTC)).total_seconds()
            seconds = min(seconds, left)
        facts = {
            "sub": identity.name,
            "roles": sorted(identity.roles),
            "sid": secrets.token_urlsafe(16),
            "key": identity.key,
        }
        return self._signed("session", facts, seconds), int(seconds)

    def identity(self, cookie: str) -> Identity | None:
        """Return who is logged in by a cookie; None if nobody is, or no longer."""
        try:
            session = _Session.model_validate(self._read("session", cookie))
        except ValidationError:
            return None
        if session.sid in self._ended:
            return None
        return Identity(
            session.sub,
            known_roles(session.roles),
            "session",
            key=session.key,
            session=session.sid,
            until=datetime.fromtimestamp(session.exp, UTC),
        )

    def end(self, identity: Identity) -> None:
        """End a session before its time."""
        now = time.time()
        self._ended = {sid: until for sid, until in self._ended.items() if until > now}
        if identity.session and identity.until:
            self._ended[identity.session] = identity.until.timestamp()

    def is_ended(self, session: str) -> bool:
        return session in self._ended

    def remember(self, login: Login) -> str:
        """Return the cookie of a login that is under way."""
        return self._signed("login", login.model_dump(), LOGIN_SECONDS)

    def login(self, cookie: str) -> Login | None:
        """Return the login that is under way by a cookie; None if there is none."""
        try:
            return Login.model_validate(self._read("login", cookie))
        except ValidationError:
            return None

    def _signed(self, purpose: str, facts: dict[str, Any], seconds: float) -> str:
        claims = {**facts, "aud": purpose, "exp": int(time.time() + seconds)}
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def _read(self, purpose: str, cookie: str) -> dict[str, Any]:
        """Return what a cookie of this purpose says; nothing if it is none, or too old."""
        audience, due = {"essential": True, "value": purpose}, {"essential": True}
        registry = jwt.JWTClaimsRegistry(aud=audience, exp=due)  # type: ignore[arg-type]
        try:
            claims = jwt.decode(cookie, self._key, algorithms=[_ALGORITHM]).claims
            registry.validate(claims)
        except (JoseError, ValueError):
            return {}
        return claims


def secret_in(path: Path) -> bytes:
    """Return the secret that a file keeps, made if there is none: of several processes that make
    it, the first does. Raises UnsafeFile."""
    try:
        if not path.exists():
            fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            write_private(fresh, secrets.token_hex(32))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        require_private(path, path.stat())
        secret = bytes.fromhex(path.read_text())
    except (OSError, ValueError) as fault:
        raise UnsafeFile(f"The secret in {path} cannot be read: {fault}") from fault
    if len(secret) < 32:
        raise UnsafeFile(f"The secret in {path} is too short; remove it, and one is made.")
    return secret
