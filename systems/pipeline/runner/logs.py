"""Reading a job's log while it grows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from base.errors import Refusal
from systems.pipeline.runner.models import LogPage

MOST_BYTES = 64 * 1024
_LOOK_SECONDS = 0.1


class Followers:
    """``places`` for those who follow logs."""

    def __init__(self, places: int) -> None:
        self._free = places

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for as long as the context lasts. Refuses ``too_many_followers``."""
        if not self._free:
            raise Refusal("too_many_followers", "Too many follow a log just now; read it in pages.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


def page(log: Path, offset: int, over: bool, most: int = MOST_BYTES) -> LogPage:
    """Return what follows an offset, whole lines where there are any; a negative one is counted
    from the end."""
    size = log.stat().st_size if log.is_file() else 0
    start = min(size, offset) if offset >= 0 else max(0, size + offset)
    chunk = _read(log, start, most) if size else b""
    if not (over and start + len(chunk) == size):
        chunk = chunk[: chunk.rfind(b"\n") + 1] or (chunk if len(chunk) == most else b"")
    text = chunk.decode(errors="replace")
    return LogPage(text=text, offset=start, next=start + len(chunk), size=size, over=over)


async def follow(
    log: Path, offset: int, is_over: Callable[[], Awaitable[bool]]
) -> AsyncIterator[LogPage]:
    """Yield what is written from an offset on, until the job is over and all is told."""
    while True:
        over = await is_over()  # before the look: what was written by then is seen
        told = await asyncio.to_thread(page, log, offset, over)
        if told.text:
            yield told
        offset = told.next
        if over and offset >= told.size:
            return
        if not told.text:
            await asyncio.sleep(_LOOK_SECONDS)


def _read(log: Path, start: int, most: int) -> bytes:
    with log.open("rb") as opened:
        opened.seek(start)
        return opened.read(most)
