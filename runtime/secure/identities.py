"""Who is who for Sentry: a token for each process, signed by a key that nobody keeps.

Sentry signs a certificate for whoever brings a token for that name, and for nobody else. At each
start a new key signs the tokens; Sentry gets its public half, and the private one is forgotten, so
that no file can make another identity, and tokens of an earlier start are worth nothing. A sidecar
shows its token again at each renewal of its certificate, every 12 hours, also after the hundredth
day: so a token lasts as long as the authority does that Sentry made for itself, a year.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import yaml
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from runtime.errors import SetupError
from runtime.secure.vault import Vault, private, write

TRUST_DOMAIN = "localhost"
WORKLOADS = "public"
"""The trust domain in which Sentry puts what is no part of the control plane."""
CONTROL_PLANE = ("dapr-placement", "dapr-scheduler")
TOKEN_FILE = "DAPR_SENTRY_TOKEN_FILE"
"""The environment variable that tells a process where its token is."""
LASTS = timedelta(days=365)
_ALGORITHM = "ES256"
_SENTRY = f"spiffe://{TRUST_DOMAIN}/ns/default/dapr-sentry"


def issue(vault: Vault, app_ids: Iterable[str]) -> None:
    """Write a token for each app and for the control plane, and what Sentry needs to know them.

    Raises SetupError when the authority that Sentry made for itself has come to its end.
    """
    _require_authority(vault)
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": _ALGORITHM}, auto_kid=True)
    private(vault.folder / "identity")
    for name in app_ids:
        write(vault.identity_file(name), _token(key, WORKLOADS, name))
    for name in CONTROL_PLANE:
        write(vault.identity_file(name), _token(key, TRUST_DOMAIN, name))
    write(vault.keys, _public(key))
    write(vault.sentry, yaml.safe_dump(_configuration(vault), sort_keys=False))


def _token(key: ECKey, trust_domain: str, name: str) -> str:
    now = datetime.now(UTC)
    claims = {
        "sub": f"spiffe://{trust_domain}/ns/default/{name}",
        "aud": [_SENTRY],
        "iat": int(now.timestamp()),
        "exp": int((now + LASTS).timestamp()),
    }
    return jwt.encode({"alg": _ALGORITHM, "kid": key.kid}, claims, key)


def _public(key: ECKey) -> str:
    return json.dumps(KeySet([key]).as_dict(private=False))


def _configuration(vault: Vault) -> dict[str, object]:
    validator = {"name": "jwks", "options": {"source": str(vault.keys)}}
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Configuration",
        "metadata": {"name": "sentry"},
        "spec": {"mtls": {"enabled": True, "tokenValidators": [validator]}},
    }


def _require_authority(vault: Vault) -> None:
    if not vault.trust_anchors.is_file():
        return
    ends = x509.load_pem_x509_certificate(vault.trust_anchors.read_bytes()).not_valid_after_utc
    if ends < datetime.now(UTC):
        raise SetupError(
            f"The certificate authority in {vault.ca} ended on {ends:%Y-%m-%d}. Remove that folder "
            "to get a new one; cases that still run then need attention, for the old one signed "
            "their histories."
        )
