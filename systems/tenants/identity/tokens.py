"""Tokens of a realm, signed with its own key, and passwords."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

_ALGORITHM = "ES256"
LASTS = timedelta(minutes=5)
# argon2id with the least that OWASP recommends: 19 MiB, two passes; some 20 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def new_key() -> str:
    """Return a new private key, as JSON; the id of the key is its thumbprint."""
    key = ECKey.generate_key("P-256")
    key.ensure_kid()
    return json.dumps(key.as_dict(private=True))


def _imported(key: str) -> ECKey:
    return ECKey.import_key(json.loads(key))


def kid(key: str) -> str:
    return str(_imported(key).kid)


def public(key: str) -> dict[str, Any]:
    """Return the public half of a private key, for a JWKS."""
    return dict(_imported(key).as_dict(private=False)) | {"use": "sig", "alg": _ALGORITHM}


def issued(key: str, issuer: str, subject: str, now: datetime) -> str:
    """Return a token for a subject."""
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": issuer,
        "iat": int(now.timestamp()),
        "exp": int((now + LASTS).timestamp()),
    }
    private = _imported(key)
    header = {"alg": _ALGORITHM, "kid": private.kid}
    return jwt.encode(header, claims, private, algorithms=[_ALGORITHM])


def accepted(token: str, jwks: dict[str, Any], issuer: str, now: datetime) -> bool:
    """Say whether a token is good for an issuer with these public keys, as anyone would check."""
    try:
        keys = KeySet.import_key_set(jwks)  # type: ignore[arg-type]
        decoded = jwt.decode(token, keys, algorithms=[_ALGORITHM])
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            iss={"essential": True, "value": issuer},
            exp={"essential": True},
        )
        rules.validate(decoded.claims)
    except (JoseError, ValueError):
        return False
    return True


async def hashed(password: str) -> str:
    """Return what is stored of a password. It takes some CPU, on purpose."""
    return await asyncio.to_thread(_hasher.hash, password)


async def fits(password: str, hashed: str) -> bool:
    """Say whether a password is the one; of a user who has none, after as long."""
    return await asyncio.to_thread(_fits, password, hashed)


def _fits(password: str, hashed: str) -> bool:
    try:
        return _hasher.verify(hashed or _NOBODY, password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


_NOBODY = _hasher.hash("nobody has this password")
