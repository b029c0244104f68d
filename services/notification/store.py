"""Which notifications were sent, in a Dapr state store."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from base.errors import Changed
from base.state import StateStore, Write


class Sent(BaseModel, extra="allow"):
    """A notification that was handed to the mail server."""

    id: str
    request: dict[str, Any]
    to: str
    subject: str
    text: str
    sent_at: datetime


class SentStore:
    """One record a notification."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    async def get(self, notification_id: str) -> Sent | None:
        """Return what was sent under the id. Raises Unavailable."""
        key = _key(notification_id)
        entry = (await self._state.read([key]))[key]
        return None if entry.value is None else Sent.model_validate(entry.value)

    async def add(self, sent: Sent) -> None:
        """Keep the record, unless a request at the same moment already did."""
        try:
            await self._state.write([Write(_key(sent.id), sent.model_dump(mode="json"), None)])
        except Changed:
            return


def _key(notification_id: str) -> str:
    return f"notification:{notification_id}"
