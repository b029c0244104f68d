"""A host with real processes: the link is the old release or the new one, and never none."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from base.errors import Refusal
from systems.pipeline.builder.sample import BRANCHES, MAIN
from systems.pipeline.deployer.hosts import MARK, Host
from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner import processes
from tests.support.free_ports import free_ports

OLD, NEW, SICK = "a" * 64, "b" * 64, "c" * 64
_WITHIN = 20.0


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Production, with three releases to be put live; in the end nothing of it runs."""
    home = PipelineFolder(tmp_path)
    for digest, branch in ((OLD, "main"), (NEW, "next"), (SICK, "sick-in-production")):
        release = home.release(digest)
        (release / "hello").mkdir(parents=True)
        files = {**MAIN, **BRANCHES[branch]}
        for name in ("hello/__init__.py", "hello/server.py", "hello/greeting.py"):
            (release / name).write_text(files[name])
        points = release / "hello-1.dist-info" / "entry_points.txt"
        points.parent.mkdir()
        points.write_text("[console_scripts]\nserve = hello.server:main\n")
    front, blue, green = free_ports(3)
    made = Host("production", home, front, (blue, green))
    yield made
    for what in (OLD, NEW, SICK, "front"):
        processes_of(made, what)


def processes_of(host: Host, what: str) -> int:
    """Kill what runs of a release, and return how many processes that were."""
    found = list(processes.carrying(f"{host.home.root}|{host.name}|{what}", MARK))
    for process in found:
        process.kill()
    return len(found)


def live(host: Host) -> str:
    answer = httpx.get(f"{host.url}/version", timeout=5)
    return str(answer.json()["release"]) if answer.is_success else str(answer.status_code)


def test_in_a_switch_the_link_is_old_or_new_and_never_none(host: Host) -> None:
    asyncio.run(host.switch(OLD, _WITHIN))
    assert live(host) == OLD
    seen, faults, over = set[str](), list[OSError](), threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                seen.add((host.folder / "current").readlink().name)
            except OSError as fault:
                faults.append(fault)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for release in (NEW, OLD, NEW):
            asyncio.run(host.switch(release, _WITHIN))
    finally:
        over.set()
        looking.join()
    assert not faults
    assert seen == {OLD, NEW}
    assert live(host) == NEW
    assert processes_of(host, OLD) == 0


def test_what_never_is_healthy_leaves_the_old_one_live(host: Host) -> None:
    asyncio.run(host.switch(OLD, _WITHIN))
    with pytest.raises(Refusal) as no:
        asyncio.run(host.switch(SICK, 2))
    assert no.value.reason == "unhealthy"
    assert live(host) == OLD
    assert processes_of(host, SICK) == 0


def test_undone_to_nothing_it_is_stopped_and_unlinked(host: Host) -> None:
    asyncio.run(host.switch(OLD, _WITHIN))
    for _ in range(2):
        asyncio.run(host.switch(None, _WITHIN))
    assert host.live() is None
    assert processes_of(host, OLD) == 0
    assert live(host) == "503"


def test_what_a_crash_left_is_put_in_order_by_the_next_service(host: Host) -> None:
    asyncio.run(host.switch(OLD, _WITHIN))
    asyncio.run(host._start(NEW, host._free_slot(OLD)))  # and then it is killed
    assert processes_of(host, OLD) == 1
    next_one = Host(host.name, host.home, host.port, host.slots)
    asyncio.run(next_one.converge(_WITHIN))
    assert live(next_one) == OLD
    assert processes_of(host, NEW) == 0
