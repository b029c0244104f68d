"""What can be set of the people at the door, by environment variables."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class PeopleSettings(BaseSettings):
    """Nobody is asked who they are unless ``PEOPLE`` or ``OIDC_ISSUER`` is set.

    ``PEOPLE``: the file that keeps the hashes of API keys (``python -m sagas.people``).
    ``OIDC_ISSUER``: the URL of an identity provider, as its tokens name it.
    ``OIDC_CLIENT_ID``, ``OIDC_CLIENT_SECRET``: as what the console is known there; without a secret
    it is a public client. ``OIDC_AUDIENCE``: for whom tokens of API calls are made out; the app-id
    unless set. ``OIDC_ALGORITHMS``: how tokens may be signed. ``OIDC_NAME``, ``OIDC_ROLES``: the
    claims that say who somebody is and what; a dot leads into a claim.
    ``PUBLIC_URL``: where browsers find the console; what they ask for unless set.
    ``SESSION_KEY``: a file with the secret that signs sessions, made if there is none. Replicas
    share it. ``SESSION_SECONDS``: how long a login lasts.
    ``RATE_LIMIT``: how often one may ask, ``RATE_LIMIT_OF_SERVICES``: how often one service may.
    ``APP_API_TOKEN``: what the sidecar proves itself with; without it no call is a service's.
    """

    people: Path | None = None
    oidc_issuer: str = ""
    oidc_client_id: str = "console"
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_audience: str = ""
    oidc_algorithms: list[str] = ["RS256", "ES256"]
    oidc_name: str = "sub"
    oidc_roles: str = "roles"
    public_url: str = ""
    session_key: Path = Path("data/session.key")
    session_seconds: float = 8 * 3600
    rate_limit: str = "1200/minute"
    rate_limit_of_services: str = "12000/minute"
    app_api_token: SecretStr = SecretStr("")

    @field_validator("oidc_issuer")
    @classmethod
    def _cannot_be_overheard(cls, issuer: str) -> str:
        there = urlsplit(issuer)
        if issuer and there.scheme != "https" and there.hostname not in _LOOPBACK:
            raise ValueError("an issuer is asked over https, unless it is on this machine")
        return issuer

    @property
    def are_on(self) -> bool:
        return bool(self.people or self.oidc_issuer)
