"""The tokens that the provider makes out, and what it tells of itself."""

import secrets
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from services.identity.grants import Grant
from services.identity.models import Client, Tokens

ALGORITHM = "ES256"
TOKEN_SECONDS = 600


def tokens(issuer: str, key: ECKey, client: Client, grant: Grant) -> Tokens:
    """Return the tokens of a login: one that says to the client who logged in, and one to call
    with."""
    now = int(time.time())
    about = {
        "iss": issuer,
        "sub": grant.person.name,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "roles": grant.person.roles,
    }
    known = {"aud": client.id, "nonce": grant.question.nonce, "auth_time": now}
    call = {"aud": client.audience, "client_id": client.id, "jti": secrets.token_urlsafe(16)}
    return Tokens(
        id_token=_signed("JWT", about | known, key),
        access_token=_signed("at+jwt", about | call, key),
        expires_in=TOKEN_SECONDS,
    )


def keys(key: ECKey) -> dict[str, Any]:
    """Return the keys by which others know its tokens."""
    return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}


def doors(issuer: str) -> dict[str, Any]:
    """Return where its doors are and what it can do."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "scopes_supported": ["openid", "profile"],
        "claims_supported": ["sub", "roles"],
        "authorization_response_iss_parameter_supported": True,
    }


def _signed(kind: str, claims: dict[str, Any], key: ECKey) -> str:
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": kind}, claims, key)
