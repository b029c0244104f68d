"""A process between a runner and a job's command: whatever happens to either, nothing stays.

``python -m systems.pipeline.runner.keeper SECONDS LOG_BYTES LOG COMMAND…``. Its standard input is a
pipe of the runner's: once that is closed, also because the runner was killed, the job is ended. The
command has a process group of its own. What leaves that group comes to the keeper when its parent
ends, and is ended like the rest.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

TIMED_OUT, LOG_TOO_LONG, ENDED = 124, 125, 137
"""Exit codes, besides the command's own: as of timeout(1), and as after a SIGKILL."""
_LOOK_SECONDS = 0.1
_PR_SET_CHILD_SUBREAPER = 36


def main(words: list[str]) -> int:
    """Run a command until it ends, or has to."""
    seconds, log_bytes, log, *command = words
    _adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        return _watched(child, time.monotonic() + float(seconds), Path(log), int(log_bytes))
    finally:
        end_all_below(psutil.Process())


def _watched(child: subprocess.Popen[bytes], deadline: float, log: Path, log_bytes: int) -> int:
    while (code := child.poll()) is None:
        told, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
        if told and not os.read(sys.stdin.fileno(), 1):
            return ENDED
        if time.monotonic() > deadline:
            print("\nThe time is up: the job is ended.", flush=True)
            return TIMED_OUT
        if log.stat().st_size > log_bytes:
            print("\nThe log is too long: the job is ended.", flush=True)
            return LOG_TOO_LONG
    return code if code >= 0 else 128 - code


def end_all_below(process: psutil.Process) -> None:
    """Kill all that a process started, and what that started, until there is nothing."""
    while below := [p for p in process.children(recursive=True) if _is_alive(p)]:
        for each in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(below, timeout=1)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _adopt_orphans() -> None:
    """Become the parent of what descendants leave behind, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
