"""The processes of one system: every one carries the system's folder in its environment.

That mark, and not a list of ids, is what tells them from others: it outlives a crash of whoever
started them, and a recycled id never has it.
"""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

MARK = "TRAVEL_SYSTEM"
_GRACE_SECONDS = 10.0


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def spawn(
    command: Sequence[str | Path], home: Path, log: Path, env: Mapping[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a marked process in a session of its own, its output in ``log``. What it writes is its
    owner's only."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab", opener=_for_its_owner) as output:
        return subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=os.environ | dict(env) | {MARK: str(home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
        )


def of_system(home: Path) -> list[psutil.Process]:
    """Return the living processes that carry the mark of ``home``, but not the caller."""
    return [p for p in psutil.process_iter() if p.pid != os.getpid() and _marked(p, home)]


def end(processes: Iterable[psutil.Process], grace_seconds: float = _GRACE_SECONDS) -> None:
    """Ask the processes to end, wait, and kill those that did not."""
    processes = list(processes)
    for process in processes:
        _quietly(process.terminate)
    _, alive = psutil.wait_procs(processes, timeout=grace_seconds)
    for process in alive:
        _quietly(process.kill)
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)


def is_sidecar(process: psutil.Process, port: int) -> bool:
    """Return whether it is the sidecar with that HTTP port."""
    return program(process) == "daprd" and argument(process, "--dapr-http-port") == str(port)


def is_app(process: psutil.Process, sidecar_port: int) -> bool:
    """Return whether it is the app beside the sidecar with that HTTP port."""
    # `dapr run` tells the port to sidecar and app alike.
    told = variable(process, "DAPR_HTTP_PORT") == str(sidecar_port)
    return program(process) != "daprd" and told


def is_supervisor(process: psutil.Process) -> bool:
    try:
        return "supervisor.supervisord" in process.cmdline()
    except psutil.Error:
        return False


def argument(process: psutil.Process, option: str) -> str | None:
    """Return what follows ``option`` on the process's command line, or None."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None
    return words[words.index(option) + 1] if option in words[:-1] else None


def program(process: psutil.Process) -> str:
    """Return the name of the process's program, or an empty text when it is gone."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return ""
    return Path(words[0]).name if words else ""


def variable(process: psutil.Process, name: str) -> str | None:
    """Return an environment variable of the process, or None."""
    try:
        return process.environ().get(name)
    except (psutil.Error, OSError):
        return None


def _marked(process: psutil.Process, home: Path) -> bool:
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return alive and variable(process, MARK) == str(home)


def _quietly(act: object) -> None:
    try:
        act()  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return
