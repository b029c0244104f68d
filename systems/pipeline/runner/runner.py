"""The runner: it starts the process of a job once, watches it to its end, and tells of that.

The store decides what counts, at an ETag; the processes follow it. A job belongs to the runner that
took it. Its keeper ends it when that runner dies, and the next runner tells that it is lost.
"""

import asyncio
import contextlib
import json
import logging
import shutil
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings

from base.clock import utc_now
from base.errors import Refusal, Unavailable
from base.wire import Wire
from kit.callback import Callback
from kit.once import Deed, Deeds
from kit.turns import Turns
from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner import jobs, processes
from systems.pipeline.runner.jobs import Job, Verdict
from systems.pipeline.runner.keeper import LOG_TOO_LONG, TIMED_OUT
from systems.pipeline.runner.models import JobState

_CODES = {TIMED_OUT: "timed_out", LOG_TOO_LONG: "log_too_long"}
_PAUSE_SECONDS = 1.0
_log = logging.getLogger("service.runner")

Order = Callable[[Any], dict[str, Any]]
"""Makes of a request what the job's process is told."""


class RunnerSettings(BaseSettings):
    """``JOBS_AT_ONCE``: how many jobs of a service run at once; others wait for their turn.
    ``JOB_SECONDS``: how long one may take then. ``LOG_BYTES``: how long its log may become.
    ``LOG_STREAMS``: how many may follow logs at once."""

    jobs_at_once: Annotated[int, Field(gt=0)] = 4
    job_seconds: Annotated[float, Field(gt=0)] = 900.0
    log_bytes: Annotated[int, Field(gt=0)] = 256 * 1024 * 1024
    log_streams: Annotated[int, Field(gt=0)] = 100


class Runner:
    """Runs the jobs of one service, each as a process of the module ``module``, which is given the
    job's folder: its order is there in ``order.json``, and its verdict has to be left there."""

    def __init__(
        self,
        name: str,
        module: str,
        deeds: Deeds[Job],
        callback: Callback,
        home: PipelineFolder,
        settings: RunnerSettings,
        order: Order,
    ) -> None:
        self._name = name
        self._module = module
        self._deeds = deeds
        self._callback = callback
        self._home = home
        self._settings = settings
        self._order = order
        self._me = processes.me()
        self._turns = Turns()
        self._room = asyncio.Semaphore(settings.jobs_at_once)
        self._kept: dict[str, Process | None] = {}  # None: it waits for its turn
        self._running: set[asyncio.Task[None]] = set()

    async def take(self, job_id: str, wanted: Wire) -> Deed[Job]:
        """Start a job, unless it was started. Refuses ``idempotency_conflict`` and ``undone``."""
        async with self._turns.of([job_id]):
            asked = Job(owner=self._me, started_at=utc_now())
            self._home.opened(self._name, job_id)
            deed = await self._deeds.do(job_id, wanted, lambda: asked)
            job = deed.result
            if job and not job.over and job.owner == self._me and job_id not in self._kept:
                self._kept[job_id] = None
                task = asyncio.create_task(self._run(job_id, wanted))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return await self.look(job_id)

    async def look(self, job_id: str) -> Deed[Job]:
        """Return a job; one whose runner is gone is lost. Refuses ``unknown_job``."""
        deed = await self._deeds.get(job_id)
        if deed.status == "done" and deed.result and self._is_lost(deed.result):
            return await self._lose(job_id)
        return deed

    async def is_over(self, job_id: str) -> bool:
        """Say whether nothing more comes of a job. Refuses ``unknown_job``."""
        return job_id not in self._kept and is_over(await self.look(job_id))

    async def kill(self, job_id: str) -> Deed[Job]:
        """Undo a job: nothing of it runs any more, and never will. It is told when that is so."""
        deed = await self._deeds.undo(job_id, lambda job: job)
        async with self._turns.of([job_id]):
            await self._clear(job_id)
        return deed

    async def recover(self) -> None:
        """Find the jobs that a runner before this one left, end what is alive of them, and tell
        that they are lost."""
        for job_id in self._home.open_jobs(self._name):
            await _insist(lambda job_id=job_id: self._found(job_id))  # type: ignore[misc]

    async def close(self) -> None:
        """End every job of this runner; the next one tells that they are lost."""
        kept = [process for process in self._kept.values() if process]
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await asyncio.gather(*map(processes.end, kept))

    async def _run(self, job_id: str, wanted: Wire) -> None:
        """See a job through, once there is room for it."""
        try:
            async with self._room:
                await _insist(lambda: self._start(job_id, wanted))
                if kept := self._kept[job_id]:
                    await self._watch(job_id, kept)
        except Exception as fault:  # nobody else would tell that it is over
            _log.exception("%s could not be run", self._name, extra={"resource": job_id})
            broke = Verdict(status="failed", reason="crashed", detail=repr(fault)[:200])
            await _insist(lambda: self._end(job_id, broke))
        finally:
            del self._kept[job_id]

    async def _start(self, job_id: str, wanted: Wire) -> None:
        async with self._turns.of([job_id]):
            if (await self._deeds.get(job_id)).status == "undone":
                return
            folder = self._home.job(self._name, job_id)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "order.json").write_text(json.dumps(self._order(wanted)))
            self._kept[job_id] = await processes.keep(
                self._mark(job_id),
                self._module,
                [str(self._home.root), job_id],
                folder,
                self._settings.job_seconds,
                self._settings.log_bytes,
            )

    async def _watch(self, job_id: str, kept: Process) -> None:
        if (await self._deeds.get(job_id)).status == "undone":  # by another replica, meanwhile
            await processes.end(kept)
        code = await kept.wait()
        await asyncio.to_thread(processes.sweep, self._mark(job_id))
        folder = self._home.job(self._name, job_id)
        await asyncio.to_thread(shutil.rmtree, folder / "work", True)
        found = jobs.verdict(code, _told(folder), _CODES)
        _log.info("%s %s", self._name, found.status, extra={"resource": job_id})
        await _insist(lambda: self._end(job_id, found))

    async def _end(self, job_id: str, found: Verdict) -> None:
        with contextlib.suppress(Refusal):  # it was undone, so nobody waits for it
            await self._deeds.amend(job_id, lambda job: jobs.ended(job, found, utc_now()))
            self._tell(job_id, found)
        self._home.closed(self._name, job_id)

    async def _found(self, job_id: str) -> None:
        try:
            deed = await self.look(job_id)
        except Refusal:  # it was never stored
            await self._clear(job_id)
            return
        if deed.status == "undone":
            await self._clear(job_id)
        if deed.status == "undone" or (deed.result and deed.result.over):
            self._home.closed(self._name, job_id)

    async def _lose(self, job_id: str) -> Deed[Job]:
        await self._clear(job_id)
        with contextlib.suppress(Refusal):
            _, deed = await self._deeds.amend(job_id, lambda job: jobs.lost(job, utc_now()))
            if deed.result:
                self._tell(job_id, Verdict.model_validate(deed.result.model_dump()))
        self._home.closed(self._name, job_id)
        return await self._deeds.get(job_id)

    async def _clear(self, job_id: str) -> None:
        """End what is alive of a job."""
        if kept := self._kept.get(job_id):
            await processes.end(kept)
        await asyncio.to_thread(processes.sweep, self._mark(job_id))

    def _is_lost(self, job: Job) -> bool:
        return not job.over and job.owner != self._me and not processes.lives(job.owner)

    def _tell(self, job_id: str, found: Verdict) -> None:
        """Tell the run, by the signal of the job's name."""
        case_id, _, job = job_id.partition(":")
        self._callback.tell(case_id, job, JobState(id=job_id, **found.model_dump()))

    def _mark(self, job_id: str) -> str:
        return f"{self._home.root}|{self._name}|{job_id}"


def is_over(deed: Deed[Job]) -> bool:
    """Say whether a job is over as it is stored."""
    return deed.status == "undone" or deed.result is None or deed.result.over


async def _insist(act: Callable[[], Awaitable[None]]) -> None:
    """Do what has to be done, as often as it takes."""
    while True:
        try:
            return await act()
        except Unavailable:
            await asyncio.sleep(_PAUSE_SECONDS)


def _told(folder: Path) -> Verdict | None:
    try:
        return Verdict.model_validate_json((folder / "verdict.json").read_bytes())
    except (OSError, ValidationError):
        return None
