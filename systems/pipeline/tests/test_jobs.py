"""Jobs: what their end amounts to, what their log shows; and processes, which never stay."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner import jobs, keeper, logs, processes
from systems.pipeline.runner.jobs import Job, Verdict
from systems.pipeline.tester.job import Counts, judged
from systems.pipeline.tests import stubborn
from tests.support.waiting import until

NOW = datetime(2025, 1, 1, tzinfo=UTC)
PASSED = Verdict(status="passed")
CODES = {124: "timed_out", 125: "log_too_long"}


@pytest.mark.parametrize(
    ("code", "told", "status", "reason"),
    [
        (0, PASSED, "passed", ""),
        (1, Verdict(status="failed", reason="tests_failed"), "failed", "tests_failed"),
        (0, None, "failed", "crashed"),
        (1, PASSED, "failed", "crashed"),
        (137, PASSED, "failed", "crashed"),
        (0, Verdict(status="failed", reason="x"), "failed", "crashed"),
        (124, PASSED, "timed_out", "timed_out"),
        (125, None, "failed", "log_too_long"),
    ],
)
def test_a_job_passed_only_if_it_says_so_and_ended_well(
    code: int, told: Verdict | None, status: str, reason: str
) -> None:
    found = jobs.verdict(code, told, CODES)
    assert (found.status, found.reason) == (status, reason)


def test_a_job_that_is_over_changes_no_more() -> None:
    job = jobs.ended(Job(owner="me", started_at=NOW), PASSED, NOW)
    assert job.over
    assert jobs.lost(job, NOW) == job
    assert jobs.lost(Job(owner="me", started_at=NOW), NOW).status == "lost"


@pytest.mark.parametrize(
    ("code", "counts", "reason"),
    [
        (0, Counts(tests=2), ""),
        (1, Counts(tests=2, failures=1), "tests_failed"),
        (2, Counts(), "tests_failed"),
        (5, Counts(), "no_tests"),
        (0, Counts(tests=2, skipped=2), "no_tests"),
        (0, Counts(), "no_tests"),
    ],
)
def test_tests_that_are_not_there_did_not_pass(code: int, counts: Counts, reason: str) -> None:
    found = judged(code, counts, "tests")
    assert (found.status, found.reason) == ("failed" if reason else "passed", reason)


def test_a_log_is_read_by_whole_lines_from_any_offset(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert logs.page(log, 0, over=False).size == 0
    log.write_bytes(b"one\ntwo\nthr")
    first = logs.page(log, 0, over=False)
    assert (first.text, first.next, first.size) == ("one\ntwo\n", 8, 11)
    assert logs.page(log, 8, over=False).text == ""
    assert logs.page(log, 8, over=True).text == "thr"
    assert logs.page(log, 0, over=False, most=5).text == "one\n"
    assert logs.page(log, -3, over=True).text == "thr"
    assert logs.page(log, 99, over=True).text == ""


def test_a_line_without_an_end_is_told_in_parts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 10)
    assert logs.page(log, 0, over=False, most=4).text == "xxxx"


def test_a_log_of_fifty_megabytes_is_followed_in_pages(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes((b"y" * 99 + b"\n") * 500_000)

    async def read() -> int:
        async def over() -> bool:
            return True

        return sum([len(page.text) async for page in logs.follow(log, 0, over)])

    assert asyncio.run(read()) == 50_000_000


class Kept:
    """A stubborn job under a keeper: it, two children in and out of its group, and an orphan that
    carries no mark."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"{folder}|test"

    async def start(
        self, seconds: float = 600, log_bytes: int = 10_000
    ) -> asyncio.subprocess.Process:
        kept = await processes.keep(
            self.mark, stubborn.__name__, [], self.folder, seconds, log_bytes
        )
        log = self.folder / "log"
        await asyncio.to_thread(until, log.read_text, lambda text: "ready" in text, "it to begin")
        self.all = [psutil.Process(kept.pid), *psutil.Process(kept.pid).children(recursive=True)]
        assert len(self.all) >= 5
        return kept

    def left(self) -> list[psutil.Process]:
        return [p for p in self.all if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_when_its_runner_is_gone_nothing_of_a_job_stays(kept: Kept) -> None:
    async def run() -> None:
        process = await kept.start()
        await processes.end(process)  # as when the runner is killed: its end of the pipe is closed
        assert process.returncode == keeper.ENDED

    asyncio.run(run())
    assert not kept.left()


def test_when_its_time_is_up_nothing_of_a_job_stays(kept: Kept) -> None:
    async def run() -> int:
        return await (await kept.start(seconds=6)).wait()

    assert asyncio.run(run()) == keeper.TIMED_OUT
    assert not kept.left()
    assert "time is up" in (kept.folder / "log").read_text()


def test_when_its_log_is_too_long_it_is_ended(kept: Kept) -> None:
    async def run() -> int:
        process = await kept.start()
        with (kept.folder / "log").open("a") as log:
            log.write("z" * 20_000)
        return await process.wait()

    assert asyncio.run(run()) == keeper.LOG_TOO_LONG
    assert not kept.left()


def test_when_its_keeper_is_killed_what_carries_the_mark_is_swept(kept: Kept) -> None:
    async def run() -> None:
        process = await kept.start()
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()

    asyncio.run(run())
    assert processes.sweep(kept.mark) >= 3
    assert not list(processes.carrying(kept.mark))
    for process in kept.left():  # what took its mark off, and had nobody left to adopt it
        process.kill()


def test_a_process_is_known_again_and_its_successor_is_another() -> None:
    me = processes.me()
    assert processes.lives(me)
    host, pid, _ = me.split("/")
    assert not processes.lives(f"{host}/{pid}/1.00")
    assert processes.lives(f"elsewhere/{pid}/1.00")


def test_a_commits_own_code_sees_no_secret_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAPR_API_TOKEN", "secret")
    monkeypatch.setenv("DAPR_HTTP_PORT", "1")
    seen = processes.environment(MORE="1")
    assert "secret" not in seen.values()
    assert "DAPR_HTTP_PORT" not in seen
    assert (seen["MORE"], seen["TZ"]) == ("1", os.environ.get("TZ", "UTC"))
    assert sys.executable


def test_an_open_job_is_found_again(tmp_path: Path) -> None:
    home = PipelineFolder(tmp_path)
    assert list(home.open_jobs("test")) == []
    home.opened("test", "r-1:tests")
    home.opened("test", "r-2:tests")
    home.closed("test", "r-1:tests")
    assert list(home.open_jobs("test")) == ["r-2:tests"]
