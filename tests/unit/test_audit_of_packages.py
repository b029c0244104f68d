"""The audit of pinned packages says clean only of what was looked up."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runtime import audit
from runtime.audit import CLEAN, UNKNOWN, VULNERABLE, pinned, read

PINS = ["one==1.0", "Two_b==2.0"]
ONE: dict[str, Any] = {"name": "one", "version": "1.0", "vulns": []}
TWO: dict[str, Any] = {"name": "two-b", "version": "2.0", "vulns": []}


def verdict(*rows: dict[str, Any]) -> int:
    return read(json.dumps({"dependencies": rows, "fixes": []}), PINS).verdict


def test_it_is_clean_when_all_were_looked_up_and_nothing_is_known() -> None:
    assert verdict(ONE, TWO) == CLEAN


def test_a_vulnerable_one_is_named() -> None:
    found = read(json.dumps({"dependencies": [ONE, TWO | {"vulns": [{"id": "CVE-1"}]}]}), PINS)
    assert (found.verdict, found.vulnerable) == (VULNERABLE, ["two-b==2.0: CVE-1"])


@pytest.mark.parametrize("report", ["", "{", "[]", "{}", '{"dependencies": []}', "null"])
def test_no_answer_is_not_clean(report: str) -> None:
    assert read(report, PINS).verdict == UNKNOWN


def test_one_that_was_skipped_or_forgotten_is_not_clean() -> None:
    skipped = {"name": "two-b", "skip_reason": "not found"}
    assert verdict(ONE) == verdict(ONE, skipped) == UNKNOWN


def test_without_a_network_it_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pins = tmp_path / "constraints.txt"
    pins.write_text("# pins\niniconfig==2.3.1\n")
    for name in (name for name in os.environ if name.lower().endswith("_proxy")):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where nobody is
    monkeypatch.setattr(audit, "audit", lambda find=audit.audit: find(pins))
    assert audit.main() == UNKNOWN
    told = capsys.readouterr().out
    assert "unknown" in told
    assert "clean" not in told


def test_every_package_of_the_project_is_pinned() -> None:
    text = audit.PINS.read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert pinned(text) == lines
    assert len(lines) > 100
