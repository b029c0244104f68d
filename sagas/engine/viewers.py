"""Those who watch cases live: so many at once, and one look at a case for all who watch it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from base.errors import ProjectError
from sagas.engine.cases import Cases
from sagas.records.record import Record

_LOOK_SECONDS = 0.3
_TOLD_A_SECOND = 50  # viewers; when there are more, they are told less often
_COME_BACK_SECONDS = 5


class TooManyViewers(ProjectError):
    """All places are taken; ask again after so many seconds."""

    retry_after = _COME_BACK_SECONDS


class Viewers:
    """``places`` for those who watch."""

    def __init__(self, cases: Cases, places: int) -> None:
        self._cases = cases
        self._places = places
        self._watching: Counter[str] = Counter()
        self._looks: dict[str, asyncio.Task[Record | None]] = {}

    @contextmanager
    def watching(self, case_id: str) -> Iterator[None]:
        """Take a place for as long as the context lasts. Raises TooManyViewers."""
        if self._watching.total() >= self._places:
            raise TooManyViewers("Too many are watching.")
        self._watching[case_id] += 1
        try:
            yield
        finally:
            self._watching[case_id] -= 1
            if not self._watching[case_id]:
                del self._watching[case_id]
                self._looks.pop(case_id, None)

    async def next_look(self, case_id: str) -> Record | None:
        """Return the case as it is some moments later. Raises Unavailable."""
        look = self._looks.get(case_id)
        if look is None or look.done():
            look = self._looks[case_id] = asyncio.create_task(self._look(case_id))
        return await asyncio.shield(look)

    async def _look(self, case_id: str) -> Record | None:
        await asyncio.sleep(max(_LOOK_SECONDS, self._watching.total() / _TOLD_A_SECOND))
        return await self._cases.get(case_id)
