"""Building once, whole or not at all, with a Go that only pretends."""

import threading
from pathlib import Path

import pytest

from runtime import build
from runtime.errors import SetupError

# Writes the programs it is asked for, as `go build -o folder/ package …` does; counts its calls.
GO = """#!/bin/sh
echo x >> "$GO_CALLS"
while [ "$1" != -o ]; do shift; done
folder=$2; shift 2
for package in "$@"; do echo program > "$folder${package##*/}"; done
exit ${GO_EXIT:-0}
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GO_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_all_programs_are_built_once(calls: Path) -> None:
    home = build.built()
    programs = {program.name for program in (home / ".dapr" / "bin").iterdir()}
    assert programs == {"dapr", "daprd", "placement", "scheduler", "sentry"}
    assert build.built() == home
    assert len(calls.read_text().split()) == len(build.MODULES)


def test_a_failed_build_says_where_its_log_is_and_leaves_nothing_that_looks_whole(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_EXIT", "1")
    with pytest.raises(SetupError, match=r"Building cli failed; the whole log is .*\.log"):
        build.built()
    kept = {path.name for path in build.cache_folder().iterdir() if path.is_dir()}
    assert kept == set()
    monkeypatch.delenv("GO_EXIT")
    build.built()
    assert len(calls.read_text().split()) == 1 + len(build.MODULES)


def test_what_a_killed_build_left_is_cleared_away(calls: Path) -> None:
    stale = build.cache_folder() / "cli.part-killed"
    stale.mkdir(parents=True)
    (stale / "cli").write_text("half")
    build.built()
    assert calls.exists()
    assert not stale.exists()


def test_two_set_ups_at_once_build_once(calls: Path) -> None:
    threads = [threading.Thread(target=build.built) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(calls.read_text().split()) == len(build.MODULES)


def test_progress_says_what_is_left() -> None:
    module = build.MODULES[1]
    lines = ["go: downloading x v1"] * 3 + ["package"] * (module.compiled // 2)
    assert build.progress(module, lines).startswith("2 of 3 parts, 50 %, ")
    assert "99 %" in build.progress(module, ["package"] * 2 * module.compiled)


def test_what_a_system_needs_besides_dapr_is_built_once_and_for_it_alone(calls: Path) -> None:
    build.of_system("orders")
    assert not calls.exists()
    build.of_system("tenants")
    build.of_system("tenants")
    assert len(calls.read_text().split()) == 1
    assert (build.programs(build.S3) / "versitygw").is_file()
    assert build.progress(build.S3, []).startswith("1 of 1 parts, 0 %, ")


def test_every_pin_of_the_gateway_has_its_digest() -> None:
    assert build.S3.version
    assert (build.S3.folder / "go.sum").read_text().count("h1:") > 100
