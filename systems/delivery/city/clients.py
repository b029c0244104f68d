"""How the city's people reach the services: by HTTP, each call by itself."""

from typing import Any

from base.errors import Unavailable
from base.sidecar import Sidecar

RESTAURANTS, DRIVERS = "restaurant-service", "driver-service"

ASKS = [
    (RESTAURANTS, "GET restaurants"),
    (RESTAURANTS, "GET restaurants/{id}/tickets"),
    (RESTAURANTS, "POST tickets/{id}/accept"),
    (RESTAURANTS, "POST tickets/{id}/deny"),
    (RESTAURANTS, "POST tickets/{id}/ready"),
    (DRIVERS, "PUT drivers/{id}/position"),
    (DRIVERS, "GET pins/{id}"),
    (DRIVERS, "POST offers/{id}/accept"),
    (DRIVERS, "POST offers/{id}/decline"),
    (DRIVERS, "POST offers/{id}/arrive"),
    (DRIVERS, "POST offers/{id}/deliver"),
]
"""What the city asks of services: in a secure system they answer nothing else."""


class Clients:
    """Calls services through a sidecar. What does not come through is tried again by and by, as
    people do."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def ask(self, service: str, verb: str, path: str, body: Any = None) -> Any:
        """Return what a service answers, or None when that was a no, or none."""
        try:
            url = f"/v1.0/invoke/{service}/method/{path}"
            status, answer = await self._sidecar.call(verb, url, body)
        except Unavailable:
            return None
        return answer if status < 300 else None
