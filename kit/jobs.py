"""Dapr jobs of a service: a call back to it at a given time, kept by the Dapr scheduler."""

from datetime import datetime
from typing import Any

from base.errors import Unavailable
from base.sidecar import Sidecar, brief

_TRIED_AGAIN_AFTER = "3s"


class Jobs:
    """Schedules one-shot jobs; the sidecar later posts each to ``/job/{name}`` of the service."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar

    async def schedule(self, name: str, due: datetime, data: dict[str, Any]) -> None:
        """Schedule ``name`` once at ``due`` (UTC), replacing one of the same name.

        It is posted until the service has done it: by itself, the scheduler gives a job up after
        three tries. Raises Unavailable.
        """
        job = {
            "dueTime": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "data": data,
            "overwrite": True,
            "failurePolicy": {"constant": {"interval": _TRIED_AGAIN_AFTER}},
        }
        status, answer = await self._sidecar.call("POST", f"/v1.0/jobs/{name}", job)
        if status >= 300:
            raise Unavailable(f"The job {name} was answered {status}: {brief(answer)}")
