"""uvicorn's HTTP connections, within bounds that it has no settings for.

Every app is started with ``--http base.connections:Connection``. A client that says nothing, or
half of something, is waited for only so long; a request's head is bounded in size; and when there
are too many connections, one that asks nothing makes room for a new one.
"""

import asyncio
import resource
from math import inf
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
MAX_HEAD_BYTES = 64 * 1024
_MOST = 1_000


def most_connections() -> int:
    """Return how many there may be: half of the files that the process may open, or a thousand."""
    return min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class Connection(HttpToolsProtocol):
    """A connection that is closed when a request does not come whole in time."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._since = self.loop.time()
        self._due = self._since + HEAD_SECONDS
        self._asked = False
        self._in_head = self._in_body = False
        self._head_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is in hand that is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def worth(self) -> tuple[bool, float]:
        """Of idle ones, the one of the least worth makes room: the oldest, and first of those that
        never asked anything, for sidecars keep theirs to use them again."""
        return self._asked, self._since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._look)
        if len(self.connections) > most_connections():
            idle = [each for each in cast("set[Connection]", self.connections) if each.is_idle]
            min(idle, key=lambda each: each.worth).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431)
        elif not self._in_body and self.is_idle and self._due == inf:
            self._wait(HEAD_SECONDS)  # it sent what begins no request

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._wait(HEAD_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # what comes after the body is nothing to keep
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body, self._asked, self._due = False, True, inf
        super().on_message_complete()

    def _wait(self, seconds: float) -> None:
        self._due = self.loop.time() + seconds

    def _look(self) -> None:
        """Close it if what is due has not come; else look again. One timer lasts for many requests,
        so that none has to pay for its own."""
        left = self._due - self.loop.time()
        if left <= 0 and not self.flow.read_paused:  # else it is we who do not read
            self._refuse(408)
        else:
            self._timer = self.loop.call_later(min(max(left, 1.0), HEAD_SECONDS), self._look)

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        if self.is_idle and not self._in_body:
            end = b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + end)
        self.transport.close()
