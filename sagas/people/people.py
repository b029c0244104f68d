"""Who somebody is, by what they bring: a key, a token, a session, or a sidecar's word."""

from collections.abc import Collection
from datetime import UTC, datetime

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from base.errors import ProjectError
from base.private import UnsafeFile
from base.token import is_token
from sagas.people.identity import Identity, known_roles
from sagas.people.keys import Keys
from sagas.people.provider import Provider
from sagas.people.sessions import Sessions, secret_in
from sagas.people.settings import PeopleSettings
from sagas.people.tokens import NotGood, name_in, value_in


class Unknown(ProjectError):
    """What somebody brings proves nothing. The message says why."""


class TooOften(ProjectError):
    """Somebody asks too often; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"You ask too often; ask again in {retry_after} s.")
        self.retry_after = retry_after


class People:
    """The people whom one orchestrator knows. ``services`` are its participants.

    Raises UnsafeFile at once when a file with secrets cannot be used.
    """

    def __init__(self, settings: PeopleSettings, app_id: str, services: Collection[str]) -> None:
        self.settings = settings
        self.sessions = Sessions(secret_in(settings.session_key), settings.session_seconds)
        self.keys = Keys(settings.people) if settings.people else None
        self.provider = Provider(settings, app_id) if settings.oidc_issuer else None
        self._services = frozenset(services)
        self._sidecar = settings.app_api_token.get_secret_value()
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limit, self._services_limit = (
            parse(settings.rate_limit),
            parse(settings.rate_limit_of_services),
        )
        if self.keys:
            self.keys.all()

    async def by_credential(self, text: str) -> Identity:
        """Return whose key or token it is. Raises Unknown, and Unavailable."""
        if self.keys and (known := self.keys.identity(text)):
            return known
        if self.provider and text.count(".") == 2:
            try:
                return self.said(await self.provider.claims(text))
            except NotGood as why:
                raise Unknown(str(why)) from why
        raise Unknown("The key is not known, or no longer good.")

    def by_session(self, cookie: str) -> Identity | None:
        """Return who is logged in; None if nobody is, or the key that it was done with is gone."""
        identity = self.sessions.identity(cookie)
        return identity if identity and self.still(identity) else None

    def by_sidecar(self, token: str, caller: list[str]) -> Identity | None:
        """Return which service calls through the sidecar; None if no sidecar says so, or if it is
        not clear which. One that is no participant has no role."""
        if not self._sidecar or not is_token(token, self._sidecar):
            return None
        if len(caller) != 1 or not caller[0]:
            return None
        is_ours = caller[0] in self._services
        return Identity(caller[0], frozenset({"service"} if is_ours else ()), "sidecar")

    def said(self, claims: dict[str, object]) -> Identity:
        """Return who the identity provider's claims are about. Raises NotGood."""
        exp, settings = claims["exp"], self.settings
        return Identity(
            name_in(claims, settings.oidc_name),
            known_roles(value_in(claims, settings.oidc_roles)) - {"service"},
            "token",
            until=datetime.fromtimestamp(float(exp), UTC),  # type: ignore[arg-type]
        )

    def still(self, identity: Identity) -> bool:
        """Say whether somebody is still who they proved to be."""
        if identity.until and datetime.now(UTC) >= identity.until:
            return False
        if identity.session and self.sessions.is_ended(identity.session):
            return False
        if not identity.key:
            return True
        try:
            return bool(self.keys and self.keys.good(identity.key))
        except UnsafeFile:
            return False

    def count(self, identity: Identity) -> None:
        """Count a call of somebody. Raises TooOften."""
        limit = self._services_limit if "service" in identity.roles else self._limit
        self._hit(limit, "identity", identity.name)

    def count_nobody(self, address: str) -> None:
        """Count a call of one who did not say who they are. Raises TooOften."""
        self._hit(self._limit, "address", address)

    def _hit(self, limit: RateLimitItem, *whose: str) -> None:
        if not self._limiter.hit(limit, *whose):
            until = self._limiter.get_window_stats(limit, *whose).reset_time
            left = until - datetime.now(UTC).timestamp()
            raise TooOften(max(1, round(left + 0.5)))
