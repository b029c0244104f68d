"""What logs tell nobody, the values of variables and mail addresses, and what no trace has."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from telemetry.logs import set_up_logs
from telemetry.tracing import TracingSettings


def test_paths_that_are_secrets_are_in_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = TracingSettings().excluded
    monkeypatch.setenv("UNTRACED_PATHS", "/id/")
    assert TracingSettings().excluded == f"{usual},/id/"


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, in one format; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setenv("LOG_FORMAT", request.param)
    set_up_logs()
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    said = io.StringIO()
    handler.setStream(said)
    yield said
    root.handlers[:] = before
    root.setLevel(level)


def fail() -> None:
    card = "-".join(["4242", "4242"])
    raise ValueError(f"no mail to <alice@example.com>, nor to 'bob.b+x@mail.example' {len(card)}")


def test_a_traceback_tells_where_and_why_but_no_variable(log: io.StringIO) -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("app").exception("It failed.")
    told = log.getvalue()
    assert "in fail" in told
    assert "no mail to" in told
    assert "4242-4242" not in told
    assert "@example" not in told
    assert "bob" not in told


def test_no_line_has_a_mail_address(log: io.StringIO) -> None:
    logging.getLogger("app").info("%s wrote", "alice@example.com", extra={"to": "bob@mail.example"})
    [line] = log.getvalue().splitlines()
    assert "wrote" in line
    assert "alice" not in line
    assert "bob" not in line
    if line.startswith("{"):
        assert json.loads(line)["to"] == "…@…"
