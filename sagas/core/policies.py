"""Named retry policies: how often a step is tried before its fault counts.

Only faults are retried (a service down, a 5xx, no answer); refusals come back as values. The times
are what lies between tries; what bounds each try, and who else retries, is in docs/resiliency.md.
A case keeps the policies that it was started with, whatever is set later.
"""

from datetime import timedelta
from zlib import crc32

from pydantic import BaseModel

_JITTER = 0.2


class Retry(BaseModel, extra="allow"):
    """Pauses that double from ``first_seconds`` up to ``most_seconds``; no ``tries``: for ever.

    A step that ``waits_for_breaker`` is tried again also when a circuit breaker kept it back.
    """

    tries: int | None = None
    first_seconds: float
    most_seconds: float
    waits_for_breaker: bool = True

    def allows(self, tried: int) -> bool:
        """Return whether there is another try after so many."""
        return self.tries is None or tried < self.tries

    def pause(self, tried: int, who: str) -> timedelta:
        """Return how long to wait after so many tries: a fifth shorter or longer by ``who`` waits,
        so that cases which failed together do not come back together, and replays agree."""
        longest = min(self.most_seconds, self.first_seconds * 2.0 ** min(tried - 1, 32))
        spread = crc32(f"{who} {tried}".encode()) / 2**31 - 1
        return timedelta(seconds=longest * (1 + _JITTER * spread))


class Policies(BaseModel, extra="allow"):
    """The policies of one case."""

    # A customer waits: 4 tries within about 1.75 s, none against an open circuit breaker.
    step: Retry = Retry(tries=4, first_seconds=0.25, most_seconds=1, waits_for_breaker=False)
    # Nobody waits, and giving up needs a person: 20 tries within about 7 minutes.
    undo: Retry = Retry(tries=20, first_seconds=0.5, most_seconds=30)
    # Past the point of no return, but a mail that never goes needs a person: 60 tries in a day.
    mail: Retry = Retry(tries=60, first_seconds=0.5, most_seconds=1800)
    # Before anything is undone: until it is known whether it may be.
    look: Retry = Retry(first_seconds=0.5, most_seconds=300)
    # What has to be on record: until it is. A try an hour leaves a history that bears a week.
    record: Retry = Retry(first_seconds=0.5, most_seconds=3600)
