"""The services that take part in a case, called by app-id through the orchestrator's sidecar.

Dapr's circuit breakers count every answer but a 2xx or 3xx, and so also refusals: a dozen declined
cards would close a healthy payment service. So the breaker of a service is not on its calls but on
its readiness, and after a fault a service is asked for that before it is called again. The sidecar
knows the two apart by the app-id's namespace; see components/resiliency.yaml.
"""

from typing import Any

from pydantic_settings import BaseSettings

from base.errors import Unavailable
from base.sidecar import Sidecar, brief
from sagas.core.calls import Answer, CircuitOpen, Refused
from sagas.records import meters


class ParticipantsSettings(BaseSettings):
    """``SERVICES_NAMESPACE``: the services' Dapr namespace; without Kubernetes, ``default``."""

    services_namespace: str = "default"


class Participants:
    """The services, and which of them failed when they were last called."""

    def __init__(self, sidecar: Sidecar, settings: ParticipantsSettings) -> None:
        self._sidecar = sidecar
        self._namespace = settings.services_namespace
        self._suspects: dict[str, str] = {}

    async def invoke(
        self, app_id: str, verb: str, path: str, body: dict[str, Any] | None = None
    ) -> Answer:
        """Call a service by its app-id: a 2xx is a value, a 4xx with a reason code a refusal.

        Raises CircuitOpen, and Unavailable for everything else that may pass by itself.
        """
        if app_id in self._suspects:
            await self._require_ready(app_id)
        try:
            return await self._invoke(app_id, verb, path, body)
        except Unavailable:
            self._found(app_id, self._suspects.get(app_id, "failing"))
            raise

    def breaker(self, app_id: str) -> str:
        """Return how its breaker was found: ``closed``, ``failing`` (calls have failed since it
        was last ready) or ``open``."""
        return self._suspects.get(app_id, "closed")

    async def _invoke(
        self, app_id: str, verb: str, path: str, body: dict[str, Any] | None
    ) -> Answer:
        url = f"/v1.0/invoke/{app_id}/method/{path}"
        status, answer = await self._sidecar.call(verb, url, body)
        if status < 300:
            return Answer(value=answer or {})
        if 400 <= status < 500 and isinstance(answer, dict) and "reason" in answer:
            refused = Refused(reason=answer["reason"], detail=str(answer.get("detail", "")))
            return Answer(refusal=refused)
        raise Unavailable(f"{app_id} answered {verb} {path} with {status}: {brief(answer)}")

    async def _require_ready(self, app_id: str) -> None:
        url = f"/v1.0/invoke/{app_id}.{self._namespace}/method/readyz"
        status, answer = await self._sidecar.call("GET", url, None)
        if status >= 300:
            why = brief(answer)
            if "circuit breaker is open" in why or "too many requests" in why:
                self._found(app_id, "open")
                raise CircuitOpen(f"The circuit breaker of {app_id} is open.")
            self._found(app_id, "failing")
            raise Unavailable(f"{app_id} is not ready: {status}: {why}")
        self._found(app_id, "closed")

    def _found(self, app_id: str, state: str) -> None:
        meters.note_breaker(app_id, state)
        if state == "closed":
            self._suspects.pop(app_id, None)
        else:
            self._suspects[app_id] = state
