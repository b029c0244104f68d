"""The share of the machine that Dapr's programs take."""

import os
import subprocess
from pathlib import Path

import pytest

from runtime import beside, control_plane, cores, loopback
from runtime.dapr import Dapr


@pytest.mark.parametrize(("machine", "share"), [(1, "1"), (2, "1"), (7, "1"), (8, "2"), (32, "8")])
def test_each_takes_a_quarter_of_the_cores(
    monkeypatch: pytest.MonkeyPatch, machine: int, share: str
) -> None:
    monkeypatch.delenv("GOMAXPROCS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: machine)
    assert cores.environment() == {"GOMAXPROCS": share}


def test_what_the_user_says_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMAXPROCS", "5")
    assert cores.environment() == {"GOMAXPROCS": "5"}


def test_sidecars_and_the_control_plane_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sidecar's app is not: it may be a Go program of its own."""
    monkeypatch.setenv("GOMAXPROCS", "3")
    daprd = tmp_path / ".dapr" / "bin" / "daprd"
    daprd.parent.mkdir(parents=True)
    daprd.write_text("#!/bin/sh\nenv\n")
    daprd.chmod(0o755)
    dapr = Dapr(Path("dapr"), tmp_path, "made up")
    script = loopback.runtime_path(dapr, tmp_path / "runtime") / ".dapr" / "bin" / "daprd"
    monkeypatch.delenv("GOMAXPROCS")
    told = subprocess.run([script], capture_output=True, text=True, check=True).stdout
    assert "GOMAXPROCS=3\n" in told
    monkeypatch.setenv("GOMAXPROCS", "3")
    plane = control_plane.services(dapr, tmp_path, beside.of(50005, 50006))
    assert [service.env["GOMAXPROCS"] for service in plane] == ["3", "3"]
