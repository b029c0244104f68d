"""How many cases one process has in hand at once; one more would make all of them late.

A case has a place until it ends here. It gives it up after a while all the same: the case
may end in another replica, or wait for a person.
"""

import math
import random
import time
from collections import deque
from collections.abc import Callable

from base.errors import ProjectError

_ENDS_LOOKED_AT = 50
_LONGEST_SECONDS = 30


class Busy(ProjectError):
    """All places are taken; ask again after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many at once; ask again in {retry_after} s.")
        self.retry_after = retry_after


class Admission:
    """``places`` for cases, each for ``seconds`` at the most."""

    def __init__(
        self, places: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = places
        self._seconds = seconds
        self._clock = clock
        self._since: dict[str, float] = {}
        self._ends: deque[float] = deque(maxlen=_ENDS_LOOKED_AT)

    def enter(self, case_id: str) -> bool:
        """Take a place for a case; return whether it had none before. Raises Busy."""
        self._give_up_old()
        if case_id in self._since:
            return False
        if len(self._since) >= self._places:
            raise Busy(self._turnover())
        self._since[case_id] = self._clock()
        return True

    def leave(self, case_id: str) -> None:
        """Give back the place of a case, if it has one."""
        if self._since.pop(case_id, None) is not None:
            self._ends.append(self._clock())

    def leave_all_but(self, case_ids: set[str], older_than: float) -> None:
        """Give back the places of all other cases that have had them for so many seconds: a younger
        one may be of a case that is not on record yet."""
        young = self._clock() - older_than
        for case_id in self._since.keys() - case_ids:
            if self._since[case_id] < young:
                self.leave(case_id)

    def _give_up_old(self) -> None:
        while self._since:
            oldest = next(iter(self._since))
            if self._clock() - self._since[oldest] < self._seconds:
                return
            del self._since[oldest]

    def _turnover(self) -> int:
        """Return about how long it takes until all places are new, a half more or less so that not
        all come back together. In seconds, by the pace of the latest ends."""
        took = self._ends[-1] - self._ends[0] if len(self._ends) > 1 else 0.0
        seconds = self._places * took / max(1, len(self._ends) - 1)
        return min(_LONGEST_SECONDS, max(1, math.ceil(seconds * random.uniform(0.5, 1.5))))
