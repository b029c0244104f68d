"""The state of the five apps, their sidecars and circuit breakers, as the console shows it."""

import asyncio
import time
from dataclasses import dataclass

from base.errors import Unavailable
from base.sidecar import Sidecar, brief
from orchestrator.participants import Participants
from orchestrator.requests import FLIGHT, HOTEL, NOTIFICATION, PAYMENT

_FRESH_SECONDS = 1.0
_SERVICES = (FLIGHT, HOTEL, PAYMENT, NOTIFICATION)


@dataclass(frozen=True)
class AppState:
    """One app: ``state`` is up, app down, sidecar down or unknown."""

    app_id: str
    state: str
    breaker: str


class Apps:
    """Looks at the apps, at the most once a second for however many viewers."""

    def __init__(self, sidecar: Sidecar, services: Participants) -> None:
        self._sidecar = sidecar
        self._services = services
        self._seen: list[AppState] = []
        self._seen_at = 0.0
        self._looking = asyncio.Lock()

    async def states(self) -> list[AppState]:
        """Return the state of every app, the orchestrator's own first."""
        async with self._looking:
            if time.monotonic() - self._seen_at > _FRESH_SECONDS:
                others = await asyncio.gather(*map(self._service, _SERVICES))
                self._seen = [await self._own(), *others]
                self._seen_at = time.monotonic()
        return self._seen

    async def _own(self) -> AppState:
        try:
            workers = await self._sidecar.connected_workers()
        except Unavailable:
            return AppState("trip-orchestrator", "sidecar down", "")
        return AppState("trip-orchestrator", "up" if workers else "no workflow worker", "")

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
