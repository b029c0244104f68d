"""Dapr jobs of a service: a call back to it at a given time, kept by the Dapr scheduler."""

from datetime import datetime
from typing import Any

import aiohttp


class Jobs:
    """Schedules one-shot jobs; the sidecar later posts each to ``/job/{name}`` of the service."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def schedule(self, name: str, due: datetime, data: dict[str, Any]) -> None:
        """Schedule ``name`` once at ``due`` (UTC), replacing one of the same name.

        Raises aiohttp.ClientError or TimeoutError when the sidecar or the scheduler fails.
        """
        job = {"dueTime": due.strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data, "overwrite": True}
        async with self._session.post(f"/v1.0/jobs/{name}", json=job) as answer:
            answer.raise_for_status()
