"""What is logged of a fault, and what no trace has."""

import logging

import pytest

from telemetry.logs import set_up_logs
from telemetry.tracing import TracingSettings


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_the_variables_of_a_fault_held_is_not_logged(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FORMAT", form)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up_logs()
        _fail("".join(["hun", "ter2"]))
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    said = capsys.readouterr().err
    assert "RuntimeError" in said
    assert "hunter2" not in said


def _fail(password: str) -> None:
    try:
        raise RuntimeError(f"a fault after {len(password)} characters")
    except RuntimeError:
        logging.getLogger("services").exception("It failed.")


def test_paths_that_are_secrets_are_in_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = TracingSettings().excluded
    monkeypatch.setenv("UNTRACED_PATHS", "/id/")
    assert TracingSettings().excluded == f"{usual},/id/"
