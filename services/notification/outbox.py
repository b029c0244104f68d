"""Sending each notification once."""

import asyncio
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from pydantic import BaseModel

from base.clock import utc_now
from base.errors import Refusal
from base.wire import as_asked
from kit.documents import Documents
from services.notification.binding import MailBinding
from services.notification.mail import Mail, compose
from services.notification.models import Notice, NotificationRequest
from services.notification.notices import Notices


class Sent(BaseModel, extra="allow"):
    """A notification that was handed to the mail server, as it is stored."""

    id: str
    request: dict[str, Any]
    to: str
    subject: str
    text: str
    sent_at: datetime


class Outbox:
    """Sends each notification once: what is recorded as sent is not sent again.

    Between the mail server's yes and the record lies the one gap in which a crash, or with replicas
    a yes that comes too late for the caller, can make a mail go out twice; SMTP has no way to close
    it.
    """

    def __init__(self, store: Documents[Sent], mail: MailBinding, notices: Notices) -> None:
        self._store = store
        self._mail = mail
        self._notices = notices
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def send(self, notification_id: str, wanted: NotificationRequest) -> Sent:
        """Send, or return what was sent. Refuses ``idempotency_conflict``, and a notice for
        which there is no template or not what the template needs; then nothing is sent."""
        lock = self._locks.setdefault(notification_id, asyncio.Lock())
        async with lock:
            request = as_asked(wanted)
            known = await self._store.get(notification_id)
            if known is None:
                return await self._send(notification_id, wanted, request)
        if known.request != request:
            raise Refusal("idempotency_conflict", f"{notification_id} was sent with other content.")
        return known

    async def get(self, notification_id: str) -> Sent:
        """Return what was sent. Refuses ``unknown_notification``."""
        found = await self._store.get(notification_id)
        if found is None:
            raise Refusal("unknown_notification", f"There is no notification {notification_id}.")
        return found

    async def _send(
        self, notification_id: str, wanted: NotificationRequest, request: dict[str, object]
    ) -> Sent:
        mail = self._composed(notification_id, wanted)
        await self._mail.send(mail)
        sent = Sent(
            id=notification_id,
            request=request,
            to=mail.to,
            subject=mail.subject,
            text=mail.text,
            sent_at=utc_now(),
        )
        await self._store.add(notification_id, sent)
        return sent

    def _composed(self, notification_id: str, wanted: NotificationRequest) -> Mail:
        if isinstance(wanted, Notice):
            return self._notices.compose(wanted)
        return compose(notification_id, wanted)
