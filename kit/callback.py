"""A participant tells the orchestrator that what takes time is done, through its own sidecar.

A word that the orchestrator cannot take now is told again, for some minutes. What is not delivered
then, or is lost with this process, is in the log and counted; nothing hangs on it, for the
orchestrator also looks at the resource itself now and then.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import quote

from prometheus_client import Counter

from base.errors import Unavailable
from base.sidecar import Sidecar, brief
from base.wire import Wire
from kit.meters import note
from kit.turns import Turns

CALLBACKS = Counter("callbacks_total", "Words to the orchestrator by what became of them", ["done"])

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 15.0
_PATIENCE_SECONDS = 600.0
_MAY_PASS = frozenset({408, 425, 429})
_log = logging.getLogger("service.callback")


class Callback:
    """Tells signals to the cases of one orchestrator, ``/{nouns}/{case id}/signals/{name}``.

    Used as an async context manager: leaving it gives up what is not delivered yet.
    """

    def __init__(
        self,
        sidecar: Sidecar,
        app_id: str,
        nouns: str,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sidecar = sidecar
        self._path = f"/v1.0/invoke/{app_id}/method/{nouns}"
        self._pause = pause
        self._turns = Turns()
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, resource_id: str, signal: str, word: Wire) -> None:
        """Tell the case of the resource, without delaying the caller.

        The case's id is what comes before the colon of ``resource_id``; what comes after it is sent
        along as the ``attempt`` that the signal answers. Signals of one resource are told in order.
        """
        case_id, _, attempt = resource_id.partition(":")
        url = f"{self._path}/{quote(case_id, safe='')}/signals/{signal}"
        body = {"attempt": attempt, **word.model_dump(mode="json", by_alias=True)}
        task = asyncio.create_task(self._in_turn(resource_id, url, body))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def told(self) -> None:
        """Wait until all that was to be told is delivered or given up."""
        while self._telling:
            await asyncio.gather(*self._telling, return_exceptions=True)

    async def __aenter__(self) -> "Callback":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._telling:
            task.cancel()
        await self.told()

    async def _in_turn(self, resource_id: str, url: str, body: dict[str, Any]) -> None:
        try:
            async with self._turns.of([resource_id]):
                became = await self._delivered(url, body)
        except asyncio.CancelledError:
            became = "given up"
            _log.warning("POST %s is not delivered: the service ends", url)
        note(CALLBACKS, became, resource_id)

    async def _delivered(self, url: str, body: dict[str, Any]) -> str:
        """Return "delivered", "refused" or "given up"."""
        why = ""
        for pause in _pauses():
            try:
                status, answer = await self._sidecar.call("POST", url, body)
            except Unavailable as fault:
                why = str(fault)
            else:
                why = f"{status}: {brief(answer)}"
                if status < 300:
                    return "delivered"
                if status < 500 and status not in _MAY_PASS:
                    _log.warning("POST %s is refused with %s", url, why)
                    return "refused"
            await self._pause(pause)
        _log.error("POST %s is not delivered, the last answer was %s", url, why)
        return "given up"


def _pauses() -> Iterator[float]:
    """Yield growing pauses, a quarter longer or shorter by chance, until patience is at its end."""
    pause, waited = _FIRST_PAUSE_SECONDS, 0.0
    while waited < _PATIENCE_SECONDS:
        yield pause * random.uniform(0.75, 1.25)
        waited += pause
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
