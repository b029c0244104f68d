"""Sending through the Dapr SMTP output binding.

The binding keeps a request's address and subject where all requests share them: of two mails at
once, one could go out with the other's. So they go one at a time, and none waits longer for its
turn than its caller waits for an answer, who would send it again by another replica.

The binding sends one part, as text/html, and takes no other; the plain text is kept with the
notification. See https://docs.dapr.io/reference/components-reference/supported-bindings/smtp/.
"""

import asyncio
from typing import Any

from fastapi_problem.error import Problem

from base.errors import Unavailable
from base.sidecar import Sidecar, brief
from services.notification.mail import Mail

_QUEUED_SECONDS = 4.0  # of the time that a caller waits, so that some is left for sending


class MailBinding:
    """The output binding named ``mail`` of the service's sidecar."""

    def __init__(self, sidecar: Sidecar) -> None:
        self._sidecar = sidecar
        self._one_at_a_time = asyncio.Lock()

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the mail server. Raises a 503 problem when it does not take it."""
        request = {
            "operation": "create",
            "data": mail.html,
            "metadata": {"emailTo": mail.to, "subject": mail.subject},
        }
        try:
            async with asyncio.timeout(_QUEUED_SECONDS):
                await self._one_at_a_time.acquire()
        except TimeoutError as fault:
            raise _unsent("Too many mails are waiting.") from fault
        try:
            await self._post(request)
        finally:
            self._one_at_a_time.release()

    async def _post(self, request: dict[str, Any]) -> None:
        try:
            status, answer = await self._sidecar.call("POST", "/v1.0/bindings/mail", request)
        except Unavailable as fault:
            raise _unsent(str(fault)) from fault
        if status >= 300:
            raise _unsent(f"{status}: {brief(answer)}")


def _unsent(why: str) -> Problem:
    return Problem(title="Mail not sent", type_="mail_not_sent", detail=why, status=503)
