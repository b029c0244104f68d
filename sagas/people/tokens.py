"""Tokens of an identity provider: signed by it, for us, and not too old."""

from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import TypeAdapter, ValidationError

from base.errors import ProjectError
from sagas.people.identity import Name

_LEEWAY_SECONDS = 30
_NAME: TypeAdapter[str] = TypeAdapter(Name)


class NotGood(ProjectError):
    """A token that proves nothing. The message says why, without what is secret."""


class OtherKey(NotGood):
    """It says that it is signed with a key that is not known: perhaps there is a new one."""


def claims_of(
    token: str, keys: KeySet, algorithms: list[str], issuer: str, audience: str, nonce: str = ""
) -> dict[str, Any]:
    """Return what a token says. Raises NotGood.

    The algorithms are ours to choose, never the token's. One for another audience, of another
    issuer or another login (``nonce``), without an end or past it, proves nothing.
    """
    wanted: dict[str, Any] = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": audience},
        "exp": {"essential": True},
        "sub": {"essential": True},
    }
    if nonce:
        wanted["nonce"] = {"essential": True, "value": nonce}
    registry = jwt.JWTClaimsRegistry(leeway=_LEEWAY_SECONDS, **wanted)
    try:
        claims = jwt.decode(token, keys, algorithms=algorithms).claims
        registry.validate(claims)
    except InvalidKeyIdError as unknown:
        raise OtherKey("The token is signed with a key that is not known.") from unknown
    except (JoseError, ValueError, TypeError) as bad:
        raise NotGood(f"The token proves nothing: {type(bad).__name__}.") from bad
    return claims


def name_in(claims: dict[str, Any], claim: str) -> str:
    """Return who a token is about. Raises NotGood."""
    try:
        return _NAME.validate_python(value_in(claims, claim), strict=True)
    except ValidationError as bad:
        raise NotGood(f"The token says no name in {claim}.") from bad


def value_in(claims: dict[str, Any], path: str) -> object:
    """Return a claim; a dot leads into one: ``realm_access.roles``. A claim whose own name has the
    dots comes first."""
    if path in claims:
        return claims[path]
    value: object = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
