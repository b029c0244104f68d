"""Word of a case's end, from the activity that records it to the requests that wait for it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sagas.records.record import Record

Ending = asyncio.Future[Record]


class Endings:
    """Wakes the waiters of this process; the end may also come in another replica.

    ``on_end`` is called with the id of each case that ends here.
    """

    def __init__(self) -> None:
        self.on_end: Callable[[str], None] = lambda _: None
        self._waiting: dict[str, set[Ending]] = {}

    @contextmanager
    def waiting_for(self, case_id: str) -> Iterator[Ending]:
        """Give a future of the case's record when the case ends here."""
        ending: Ending = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(case_id, set()).add(ending)
        try:
            yield ending
        finally:
            waiting = self._waiting[case_id]
            waiting.discard(ending)
            if not waiting:
                del self._waiting[case_id]

    def announce(self, record: Record) -> None:
        """Say that the case ended."""
        self.on_end(record.case_id)
        for ending in self._waiting.get(record.case_id, ()):
            if not ending.done():
                ending.set_result(record)
