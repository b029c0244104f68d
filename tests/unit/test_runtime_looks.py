"""What is shown of a sample beside its timeline: answers of services, as tables."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from rich.console import Console

from runtime import looks, systems
from runtime.errors import SetupError
from tests.support.served import served

PROJECT = Path(__file__).resolve().parents[2]
ENTRY = {
    "legs": [{"account": "A", "side": "debit", "amount": {"amount": 12570, "currency": "EUR"}}]
}


@pytest.fixture(scope="module")
def sidecar() -> Any:
    """What answers in place of a sidecar and the service behind it."""
    app = FastAPI()

    @app.get("/v1.0/invoke/bank/method/holds/{hold_id}")
    async def hold(hold_id: str) -> dict[str, Any]:
        return {"id": hold_id, "reason": None, "posting": ENTRY}

    with served(app) as url:
        yield url


def shown(tmp_path: Path, sidecar: str, **look: str) -> str:
    file, said = tmp_path / "looks.json", io.StringIO()
    file.write_text(json.dumps([{"title": "The debit", "app": "bank"} | look]))
    looks.show(file, sidecar, "t1", Console(file=said, width=100), {})
    return said.getvalue()


def test_the_rows_of_an_answer_are_a_table(tmp_path: Path, sidecar: str) -> None:
    told = shown(tmp_path, sidecar, path="holds/{id}:hold", rows="posting.legs")
    assert [line.split() for line in told.splitlines() if line] == [
        ["The", "debit"],
        ["account", "side", "amount"],
        ["A", "debit", "125.70", "EUR"],
    ]


def test_one_answer_is_a_row_without_what_it_does_not_tell(tmp_path: Path, sidecar: str) -> None:
    told = shown(tmp_path, sidecar, path="holds/{id}:hold")
    assert "t1:hold" in told
    assert "reason" not in told


def test_what_is_not_answered_is_said(tmp_path: Path, sidecar: str) -> None:
    with pytest.raises(SetupError, match="bank does not show holds"):
        shown(tmp_path, sidecar, path="holds")


def test_a_system_without_looks_shows_nothing(tmp_path: Path) -> None:
    said = io.StringIO()
    looks.show(tmp_path / "looks.json", "http://127.0.0.1:9", "t1", Console(file=said), {})
    assert said.getvalue() == ""


def test_every_system_that_has_looks_can_show_them() -> None:
    for known in systems.every(PROJECT):
        if known.looks.is_file():
            assert looks.read(known.looks)
