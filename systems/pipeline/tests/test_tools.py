"""The jobs' own work with the real tools: the same commit is the same bytes; a commit cannot stand
in for a scanner, nor tell it what to leave out."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from systems.pipeline.builder import sample
from systems.pipeline.builder.checkout import check_out
from systems.pipeline.builder.job import build
from systems.pipeline.folders import PipelineFolder
from systems.pipeline.runner.jobs import Verdict
from systems.pipeline.runner.work import Work, level
from systems.pipeline.scanner import app as scanner
from systems.pipeline.scanner.job import scan
from systems.pipeline.scanner.models import ScanRequest

COMMIT = "c" * 40
AT = 1_735_689_600

UNSAFE = {"hello/shell.py": "import subprocess\nsubprocess.call(input(), shell=True)\n"}


def work(folder: Path, order: dict[str, Any], changes: Mapping[str, str], branch: str) -> Work:
    """Return a job at work on a branch of the sample, with some more files."""
    home = PipelineFolder(folder)
    sample.make(home.sample)
    found = check_out(str(home.sample), branch, home.workspace("r-1"))
    made = Work(home, folder, order)
    made.tree.parent.mkdir()
    home.source("r-1", found.commit).rename(made.tree)
    for name, text in changes.items():
        (made.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (made.tree / name).write_text(text)
    return made


def scanned(folder: Path, changes: Mapping[str, str], branch: str = "main") -> Verdict:
    return scan(work(folder, scanner.ordered(ScanRequest(commit=COMMIT)), changes, branch))


def test_the_same_commit_is_the_same_bytes_whenever_and_wherever_it_is_built(
    tmp_path: Path,
) -> None:
    digests = set()
    for name, mode, age in (("one", 0o644, 0), ("other", 0o600, 86_400)):
        (tmp_path / name).mkdir()
        job = work(tmp_path / name, {"commit": COMMIT, "committed_at": AT}, {}, "main")
        for path in job.tree.rglob("*.py"):
            path.chmod(mode)
            os.utime(path, (AT + age, AT + age))
        level(job.tree)
        found = build(job)
        assert found.status == "passed", found
        digests.add(found.result["digest"])
        assert list(job.home.artifact(found.result["digest"]).glob("hello-1.0.0*.whl"))
    assert len(digests) == 1


@pytest.mark.parametrize(
    "changes",
    [
        UNSAFE,
        UNSAFE | {".bandit": "[bandit]\nskips = B602\nexclude = ./hello\n"},
        UNSAFE | {"bandit.py": "raise SystemExit(0)\n", "detect_secrets.py": "print('{}')\n"},
        UNSAFE | {"json.py": "raise SystemExit(0)\n"},
        {"tests/shell.py": UNSAFE["hello/shell.py"]},
    ],
    ids=["plain", "its own options", "its own scanners", "its own json", "among the tests"],
)
def test_a_commit_cannot_keep_a_scanner_from_what_it_finds(
    tmp_path: Path, changes: Mapping[str, str]
) -> None:
    found = scanned(tmp_path, changes)
    assert (found.status, found.reason) == ("failed", "gate")
    assert "B602" in found.detail


def test_a_file_that_is_no_python_stops_it_and_so_does_a_broken_project(tmp_path: Path) -> None:
    found = scanned(tmp_path, {"hello/broken.py": "def ("})
    assert (found.status, found.reason) == ("failed", "gate")
    (tmp_path / "other").mkdir()
    broken = scanned(tmp_path / "other", {"pyproject.toml": "["})
    assert (broken.status, broken.reason) == ("failed", "scan_broken")


def test_a_dependency_that_is_not_pinned_is_unknown(tmp_path: Path) -> None:
    project = '[project]\nname = "hello"\nversion = "1"\ndependencies = ["left-pad>=1"]\n'
    found = scanned(tmp_path, {"pyproject.toml": project})
    assert found.reason == "gate"
    assert "left-pad (not pinned)" in found.detail
