"""What is logged of a fault."""

import logging

import pytest

from telemetry.logs import set_up_logs


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
