"""Checking passwords: slowly, a few at once, and not often for one name or from one address."""

import asyncio
import secrets
from datetime import UTC, datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from base.errors import ProjectError
from services.identity.models import Known, Person

_BY_NAME, _BY_ADDRESS = parse("5/minute"), parse("30/minute")
_AT_ONCE = 2  # each takes 64 MiB


class TooOften(ProjectError):
    """Too many passwords were tried; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many tries; try again in {retry_after} s.")
        self.retry_after = retry_after


class Passwords:
    """The passwords of those whom the provider knows."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._hasher = PasswordHasher()
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def person(self, name: str, password: str, address: str) -> Person | None:
        """Return who this is; None if name and password do not belong together. It takes as long
        for a name that nobody has. Raises TooOften."""
        self._count(_BY_ADDRESS, "address", address)
        self._count(_BY_NAME, "name", name)
        person = self._known.person(name)
        async with self._at_once:
            fits = await asyncio.to_thread(
                self._fits, person.password if person else self._nobodys, password
            )
        return person if fits else None

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def _count(self, limit: RateLimitItem, *whose: str) -> None:
        if not self._limiter.hit(limit, *whose):
            until = self._limiter.get_window_stats(limit, *whose).reset_time
            raise TooOften(max(1, round(until - datetime.now(UTC).timestamp() + 0.5)))
