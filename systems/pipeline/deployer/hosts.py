"""The processes of an environment: the release that is live, its successor beside it, the front.

The link ``current`` says which release is live. It is replaced in one step, so it is the old one or
the new one, and never none. Processes outlive this service; each carries a mark by which the next
one knows it again.
"""

import asyncio
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
from pydantic import BaseModel, ValidationError

from base.errors import Refusal, Unavailable
from systems.pipeline.deployer import front, releases
from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner import processes

MARK = "PIPELINE_APP"
_FRONT = "front"
_PROJECT = Path(__file__).resolve().parents[3]
_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 3.0
_ANSWER = aiohttp.ClientTimeout(total=2.0)


class Listening(BaseModel):
    """Where a release, or the front, listens, and as which process; the front reads it too."""

    port: int
    pid: int


@dataclass
class Host:
    """One environment on this machine. It answers on ``port``; its releases listen on one of the
    two ``slots`` in turn."""

    name: str
    home: PipelineFolder
    port: int
    slots: tuple[int, int]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.home.environment(self.name)

    def live(self) -> str | None:
        """Return the release that is live."""
        try:
            return (self.folder / "current").readlink().name
        except OSError:
            return None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until nobody else changes this environment, in this process or another one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_LOOK_SECONDS)
            yield

    async def switch(self, release: str | None, within: float) -> None:
        """Put a release live, or stop all: start it beside the old one, wait until it is healthy,
        switch the link, stop the old one. What is live already stays as it is.

        Refuses ``unhealthy``, and as `releases`: then all is as it was.
        """
        if release is None:
            (self.folder / "current").unlink(missing_ok=True)
        elif release != self.live() or not await self.is_healthy(release):
            await self._put_live(release, within)
        await asyncio.to_thread(self._stop_all_but, release)

    async def converge(self, within: float) -> None:
        """See to it that what is live runs, and nothing else, and that there is a front."""
        live = self.live()
        await asyncio.to_thread(self._stop_all_but, live)
        if live and not self._runs(live):
            with contextlib.suppress(Refusal):
                await self._put_live(live, within)
        await self._front()

    async def is_healthy(self, release: str) -> bool:
        """Say whether a release runs here and says that it is well."""
        record = self._record(release)
        if record is None or not self._is_alive(release, record):
            return False
        try:
            async with (
                aiohttp.ClientSession(timeout=_ANSWER) as session,
                session.get(f"http://127.0.0.1:{record.port}/healthz") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def has_front(self) -> bool:
        """Say whether connections are passed on."""
        return self._runs(_FRONT)

    async def _put_live(self, release: str, within: float) -> None:
        live = self.live()
        await asyncio.to_thread(self._stop_all_but, live)
        if release != live:
            await self._start(release, self._free_slot(live))
        elif not self._runs(release):
            await self._start(release, self._port_of(release) or self.slots[0])
        try:
            await self._wait_until_healthy(release, within)
        except Refusal:
            if release != live:
                await asyncio.to_thread(self._stop_all_but, live)
            raise
        self._link(release)
        await self._front()

    async def _start(self, release: str, port: int) -> None:
        folder = await asyncio.to_thread(releases.unpack, self.home, release)
        command = releases.command(folder)
        env = {"PORT": str(port), "ENVIRONMENT": self.name, "RELEASE": release}
        self._spawn(release, port, command, folder, {"PYTHONPATH": str(folder), **env})

    async def _wait_until_healthy(self, release: str, within: float) -> None:
        deadline = time.monotonic() + within
        while not await self.is_healthy(release):
            if not self._runs(release):
                raise Refusal("unhealthy", f"It ended at once. {self._last_words(release)}".strip())
            if time.monotonic() > deadline:
                raise Refusal("unhealthy", f"It was not healthy within {within:.0f} s.")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _front(self) -> None:
        """See to it that there is a front."""
        if self.has_front():
            return
        command = [sys.executable, "-m", front.__name__, str(self.folder), str(self.port)]
        imports = {"PYTHONPATH": str(_PROJECT), "PYTHONSAFEPATH": "1"}
        self._spawn(_FRONT, self.port, command, self.folder, imports)
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise Unavailable(f"The front of {self.name} does not listen on {self.port}.")

    def _link(self, release: str) -> None:
        """Let the link name a release: it is replaced in one step."""
        aside = self.folder / "current.new"
        aside.unlink(missing_ok=True)
        aside.symlink_to(os.path.relpath(self.home.release(release), self.folder))
        aside.replace(self.folder / "current")

    def _spawn(
        self, what: str, port: int, command: Sequence[str], cwd: Path, env: dict[str, str]
    ) -> None:
        """Start a process that outlives this one, and note where it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        marked = processes.environment(**{MARK: self._mark(what)}, **env)
        with (self.folder / f"{what}.log").open("ab") as log:
            started = subprocess.Popen(
                command,
                cwd=cwd,
                env=marked,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(started)
        note = self._note(what)
        note.parent.mkdir(parents=True, exist_ok=True)
        aside = note.with_suffix(".tmp")
        aside.write_text(Listening(port=port, pid=started.pid).model_dump_json())
        aside.replace(note)

    def _stop_all_but(self, release: str | None) -> None:
        """End every release that runs here but one, in good order if it can be."""
        self.started = [each for each in self.started if each.poll() is None]
        stays = (None, _FRONT, release)
        others = [p for p in psutil.process_iter() if self._what(p) not in stays]
        for process in others:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, alive = psutil.wait_procs(others, timeout=_GRACE_SECONDS)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=_GRACE_SECONDS)

    def _runs(self, what: str) -> bool:
        record = self._record(what)
        return record is not None and self._is_alive(what, record)

    def _is_alive(self, what: str, record: Listening) -> bool:
        self.started = [each for each in self.started if each.poll() is None]
        if any(each.pid == record.pid for each in self.started):
            return True  # in its first moments it does not show its mark yet
        try:
            return self._what(psutil.Process(record.pid)) == what
        except psutil.NoSuchProcess:
            return False

    def _what(self, process: psutil.Process) -> str | None:
        """Return which release of this environment a process is of, or ``front``."""
        try:
            mark = str(process.environ().get(MARK, ""))
            alive = process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return None
        prefix = self._mark("")
        return mark.removeprefix(prefix) if alive and mark.startswith(prefix) else None

    def _free_slot(self, live: str | None) -> int:
        taken = self._port_of(live) if live else None
        return next(slot for slot in self.slots if slot != taken)

    def _port_of(self, release: str) -> int | None:
        record = self._record(release)
        return record.port if record else None

    def _record(self, what: str) -> Listening | None:
        try:
            return Listening.model_validate_json(self._note(what).read_bytes())
        except (OSError, ValidationError):
            return None

    def _note(self, what: str) -> Path:
        return self.folder / "instances" / f"{what}.json"

    def _last_words(self, release: str) -> str:
        lines = (self.folder / f"{release}.log").read_text(errors="replace").splitlines()
        return lines[-1][:200] if lines else ""

    def _mark(self, what: str) -> str:
        return f"{self.home.root}|{self.name}|{what}"
