"""The processes of jobs: each carries its job's mark in its environment.

The mark, and not a list of ids, is what tells them from others: it outlives a crash of the runner,
and a recycled id never has it.
"""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

MARK = "PIPELINE_JOB"
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TRAVEL_SYSTEM")
_PROJECT = Path(__file__).resolve().parents[3]


def environment(**more: str) -> dict[str, str]:
    """Return what a commit's own processes see of this one's environment: no secret of a service,
    and nothing that would make two builds differ."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"} | passed | more


async def keep(
    mark: str, module: str, words: Sequence[str], folder: Path, seconds: float, log_bytes: int
) -> Process:
    """Start a Python module as a job, its output in ``folder/log``. Closing the standard input of
    what is returned ends all of it, and so does the end of this process."""
    log = folder / "log"
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "systems.pipeline.runner.keeper"),
            *(str(seconds), str(log_bytes), str(log)),
            *(sys.executable, "-u", "-m", module, *words),
            cwd=folder,
            env=environment(**{MARK: mark, "PYTHONPATH": str(_PROJECT), "PYTHONSAFEPATH": "1"}),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def end(process: Process, within: float = 5.0) -> None:
    """Let a keeper end its job; what does not end by itself is left to `sweep`."""
    if process.stdin:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), within)


def sweep(mark: str) -> int:
    """Kill every process that carries a mark, until there is none; return how many there were."""
    killed = 0
    while marked := list(carrying(mark)):
        killed += len(marked)
        for each in marked:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(marked, timeout=1)
    return killed


def carrying(mark: str, name: str = MARK) -> Iterator[psutil.Process]:
    """Yield the living processes that carry a mark."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.environ().get(name) == mark:
                yield process


def me() -> str:
    """Return what tells this process from every other one, before and after it."""
    return _named(psutil.Process())


def lives(owner: str) -> bool:
    """Say whether a process, as `me` named it, is alive; of one on another machine, assume it."""
    host, pid, _ = owner.split("/")
    if host != socket.gethostname():
        return True
    try:
        return _named(psutil.Process(int(pid))) == owner
    except psutil.NoSuchProcess:
        return False


def _named(process: psutil.Process) -> str:
    return f"{socket.gethostname()}/{process.pid}/{process.create_time():.2f}"
