"""Replicas whose clocks differ: libfaketime, preloaded into the apps of one."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.variant import AHEAD, REPLICAS

_LIBRARY = "*/faketime/libfaketimeMT.so.1"
_LEFT_BEHIND = "*faketime_s*_*"  # a process that is ended by a signal leaves them


@contextmanager
def ahead(app_ids: Iterable[str]) -> Iterator[dict[str, Mapping[str, str]]]:
    """Give the environment that sets the second replica of each app AHEAD seconds ahead of the
    first, by its name; nothing if AHEAD is 0. Where that cannot be had, skip, and say why."""
    if not AHEAD:
        yield {}
        return
    if REPLICAS < 2:
        pytest.skip("AHEAD is about a second replica; set REPLICAS=2.")
    library = next(Path("/usr/lib").glob(_LIBRARY), None)
    if library is None:
        pytest.skip("No clock can be set ahead here; install faketime (Debian, Ubuntu).")
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{AHEAD:+g}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # by which timeouts are measured
    }
    yield {f"{app_id}-2": env for app_id in app_ids}
    for path in Path("/dev/shm").glob(_LEFT_BEHIND):
        if _has_ended(int(path.name.rpartition("_")[2])):
            path.unlink()


def _has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
