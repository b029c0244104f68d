"""A server program that a service owns, as PostgreSQL is the database service's.

It outlives a crash of the service, and the next one adopts it: it is known by a mark in its
environment, as the processes of a system are. Replicas share it; the last to go ends it.
"""

import asyncio
import fcntl
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from base.errors import Unavailable

_MARK = "TENANTS_SERVER"
_INHERITED = ("PATH", "HOME", "LANG", "TRAVEL_SYSTEM")  # not what names the sidecar's ports
_START_SECONDS, _END_SECONDS, _PAUSE_SECONDS = 60.0, 20.0, 0.1
_WATCH_SECONDS = 1.0
_LOCK_PAUSE_SECONDS = 0.02

_log = logging.getLogger("tenants")


@dataclass
class Server:
    """``command`` starts it; its log and locks are in ``folder``; ``is_ready`` says whether it
    takes requests. ``ends_with``: the signal that it ends on without waiting for clients."""

    name: str
    command: Sequence[str]
    folder: Path
    is_ready: Callable[[], Awaitable[bool]]
    env: Mapping[str, str] = field(default_factory=dict)
    ends_with: signal.Signals = signal.SIGTERM
    _process: psutil.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start or adopt it, start it again whenever it dies, and end it if nobody else uses it.

        Raises Unavailable when it does not start.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "users.lock").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            await self._up()
            watch = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch
                if _taken(users):
                    await self._down()

    async def _up(self) -> None:
        async with locked(self.folder / "start.lock"):
            self._process = self._found() or self._spawned()
            deadline = asyncio.get_running_loop().time() + _START_SECONDS
            while not await self.is_ready():
                if not self._alive() or asyncio.get_running_loop().time() > deadline:
                    raise Unavailable(f"{self.name} does not start; its log is {self._log_file}.")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if not self._alive():
                _log.warning("%s died; it is started again", self.name)
                with suppress(Unavailable):
                    await self._up()

    async def _down(self) -> None:
        if self._process is None or not self._alive():
            return
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(self.ends_with)
            gone, _ = await asyncio.to_thread(psutil.wait_procs, [self._process], _END_SECONDS)
            if not gone:
                self._process.kill()

    def _alive(self) -> bool:
        try:
            return (
                self._process is not None
                and self._process.is_running()
                and self._process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return False

    def _found(self) -> psutil.Process | None:
        """Return the one that an earlier process of the service started: not a child of its own."""
        marked = {process.pid: process for process in _marked(str(self.folder))}
        tops = (process for process in marked.values() if process.ppid() not in marked)
        with suppress(psutil.NoSuchProcess):
            return next(tops, None)
        return None

    def _spawned(self) -> psutil.Process:
        env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with self._log_file.open("ab") as output:
            process = subprocess.Popen(
                list(self.command),
                env={**env, **self.env, _MARK: str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return psutil.Process(process.pid)

    @property
    def _log_file(self) -> Path:
        return self.folder / f"{self.name}.log"


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Hold a lock that no other process of this machine holds; it ends with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        while not _taken(file):  # noqa: ASYNC110 other processes hold it too
            await asyncio.sleep(_LOCK_PAUSE_SECONDS)
        yield


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _marked(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and (
                process.environ().get(_MARK) == folder
            ):
                yield process
