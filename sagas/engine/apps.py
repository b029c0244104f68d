"""The state of a system's apps, their sidecars and circuit breakers, as the console shows it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from base.errors import Unavailable
from base.sidecar import Sidecar, brief
from sagas.engine.participants import Participants

_FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class AppState:
    """One app: ``state`` is up, app down, sidecar down or unknown."""

    app_id: str
    state: str
    breaker: str


class Apps:
    """Looks at the apps, at the most once a second for however many viewers."""

    def __init__(
        self, sidecar: Sidecar, services: Participants, own: str, others: Sequence[str]
    ) -> None:
        self._own_id = own
        self._others = others
        self._sidecar = sidecar
        self._services = services
        self._seen: list[AppState] = []
        self._seen_at = 0.0
        self._looking = asyncio.Lock()

    async def states(self) -> list[AppState]:
        """Return the state of every app, the orchestrator's own first."""
        async with self._looking:
            if time.monotonic() - self._seen_at > _FRESH_SECONDS:
                others = await asyncio.gather(*map(self._service, self._others))
                self._seen = [await self._own(), *others]
                self._seen_at = time.monotonic()
        return self._seen

    async def _own(self) -> AppState:
        try:
            workers = await self._sidecar.connected_workers()
        except Unavailable:
            return AppState(self._own_id, "sidecar down", "")
        return AppState(self._own_id, "up" if workers else "no workflow worker", "")

    async def _service(self, app_id: str) -> AppState:
        breaker = self._services.breaker(app_id)
        try:
            status, answer = await self._sidecar.call(
                "GET", f"/v1.0/invoke/{app_id}/method/healthz", None
            )
        except Unavailable:
            return AppState(app_id, "unknown", breaker)
        if status < 300:
            return AppState(app_id, "up", breaker)
        down = "app down" if "app channel" in brief(answer) else "sidecar down"
        return AppState(app_id, down, breaker)
