"""Word of a trip's end, from the activity that records it to the requests that wait for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Endings:
    """Wakes the waiters of this process; the end may also come in another replica."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def waiting_for(self, trip_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set when the trip ends here."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiting.setdefault(trip_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[trip_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[trip_id]

    def announce(self, trip_id: str) -> None:
        """Say that the trip ended; callable from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, trip_id)

    def _wake(self, trip_id: str) -> None:
        for event in self._waiting.get(trip_id, ()):
            event.set()
