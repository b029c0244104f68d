"""Codes: each stands for one login, is good for a minute, and once."""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from services.identity.models import Person, Question, Redeemed

_SECONDS = 60.0
_MOST = 10_000


@dataclass(frozen=True)
class Grant:
    """Somebody logged in, for who asked this."""

    person: Person
    question: Question
    until: float


class Grants:
    """The codes that were given out and not taken back yet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: dict[str, Grant] = {}

    def give(self, person: Person, question: Question) -> str:
        """Return a code for a login."""
        now = self._clock()
        self._open = {code: g for code, g in self._open.items() if g.until > now}
        if len(self._open) >= _MOST:
            self._open.pop(next(iter(self._open)))
        code = secrets.token_urlsafe(32)
        self._open[code] = Grant(person, question, now + _SECONDS)
        return code

    def take(self, brought: Redeemed) -> Grant | None:
        """Return what a code stands for; None if it is none, is too old, was given to another
        client, or who brings it did not ask for it. However it ends, the code is used up."""
        grant = self._open.pop(brought.code, None)
        if grant is None or grant.until <= self._clock():
            return None
        asked = grant.question
        fits = (brought.client_id, brought.redirect_uri) == (asked.client_id, asked.redirect_uri)
        proved = compare_digest(challenge_of(brought.code_verifier), asked.code_challenge)
        return grant if fits and proved else None


def challenge_of(verifier: str) -> str:
    """Return what PKCE shows of a verifier beforehand."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
