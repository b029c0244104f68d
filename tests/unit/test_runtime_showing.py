"""What is said to a sample while it waits, and what is shown of it beside its timeline."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import ValidationError
from rich.console import Console

from runtime import showing, systems
from runtime.errors import SetupError
from runtime.sample import Case, Kind
from runtime.showing import Look, Saying, Showing, Speaker
from tests.support.served import served

PROJECT = Path(__file__).resolve().parents[2]
ENTRY = {
    "legs": [{"account": "A", "side": "debit", "amount": {"amount": 12570, "currency": "EUR"}}]
}
KIND = Kind(noun="errand", nouns="errands", done="finished")
SAYING = Saying(signal="approval", word={"by": "bob", "approved": True})


class Answering:
    """What answers in place of a sidecar and the services behind it. ``statuses`` are those of the
    answers to words, in turn; ``told`` is what was said."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.statuses: list[int] = []
        self.told: list[Any] = []
        self.app.get("/v1.0/invoke/bank/method/holds/{hold_id}")(self.hold)
        self.app.post("/errands/t1/signals/{name}")(self.hear)
        self.app.get("/shop")(self.shop)

    async def hold(self, hold_id: str) -> dict[str, Any]:
        return {"id": hold_id, "reason": None, "posting": ENTRY}

    async def hear(self, name: str, word: dict[str, Any]) -> JSONResponse:
        self.told.append((name, word))
        return JSONResponse({"detail": "It is your own."}, self.statuses.pop(0))

    async def shop(self) -> PlainTextResponse:
        return PlainTextResponse("It is open.")


@pytest.fixture(scope="module")
def answering() -> Answering:
    return Answering()


@pytest.fixture(scope="module")
def sidecar(answering: Answering) -> Any:
    with served(answering.app) as url:
        yield url


def shown(sidecar: str, wanted: Showing, **content: Any) -> str:
    said = io.StringIO()
    showing.show(wanted, sidecar, Case("t1", KIND, content), Console(file=said, width=100), {})
    return said.getvalue()


def look(**at: str) -> Showing:
    return Showing(looks=[Look(title="The debit", app="bank", **at)])


def test_the_rows_of_an_answer_are_a_table(sidecar: str) -> None:
    told = shown(sidecar, look(path="holds/{id}:hold", rows="posting.legs"))
    assert [line.split() for line in told.splitlines() if line] == [
        ["The", "debit"],
        ["account", "side", "amount"],
        ["A", "debit", "125.70", "EUR"],
    ]


def test_one_answer_is_a_row_without_what_it_does_not_tell(sidecar: str) -> None:
    told = shown(sidecar, look(path="holds/{id}:hold"))
    assert "t1:hold" in told
    assert "reason" not in told


def test_what_is_not_answered_is_said(sidecar: str) -> None:
    with pytest.raises(SetupError, match="bank/method/holds does not answer as it should"):
        shown(sidecar, look(path="holds"))


def test_what_the_sample_made_is_opened(sidecar: str) -> None:
    opens, results = Showing(opens="results.shop.url"), {"shop": {"url": f"{sidecar}/shop"}}
    assert shown(sidecar, opens, results=results).split("/shop ") == [
        f"\n{sidecar}",
        "answers It is open.\n",
    ]


def test_what_it_has_not_made_is_not_opened(sidecar: str) -> None:
    assert shown(sidecar, Showing(opens="results.shop.url"), results={}) == ""


def said(sidecar: str, answering: Answering, *statuses: int, times: int = 1, **wait: Any) -> None:
    """Let somebody look at the case so many times who has something to say."""
    answering.told.clear()
    answering.statuses = list(statuses)
    speaker = Speaker(Showing(says=[SAYING]))
    case = {"waits": [{"signal": "approval", "attempt": "x", "over": False} | wait]}
    with httpx.Client() as client:
        for _ in range(times):
            speaker(client, f"{sidecar}/errands/t1", case)


def test_a_word_is_said_once_about_what_is_asked(
    sidecar: str, answering: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    said(sidecar, answering, 202, times=3)
    assert answering.told == [("approval", {"by": "bob", "approved": True, "attempt": "x"})]
    assert capsys.readouterr().out.strip() == "said: approval, by bob, approved True"


def test_a_word_that_is_refused_says_why(
    sidecar: str, answering: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    said(sidecar, answering, 403, times=3)
    assert len(answering.told) == 1
    assert capsys.readouterr().out.endswith(", but it was not taken: It is your own.\n")


def test_a_word_that_could_not_be_taken_is_said_again(sidecar: str, answering: Answering) -> None:
    said(sidecar, answering, 503, 202, times=3)
    assert len(answering.told) == 2


@pytest.mark.parametrize("wait", [{"over": True}, {"signal": "arrived"}])
def test_nothing_is_said_that_is_not_waited_for(
    sidecar: str, answering: Answering, wait: dict[str, Any]
) -> None:
    said(sidecar, answering, **wait)
    assert answering.told == []


def test_without_a_file_nothing_is_said_or_shown(tmp_path: Path) -> None:
    assert showing.read(tmp_path / "showing.json") == Showing()
    assert shown("http://127.0.0.1:9", Showing()) == ""


def test_a_file_with_a_name_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "showing.json").write_text('{"look": []}')
    with pytest.raises(ValidationError):
        showing.read(tmp_path / "showing.json")


def test_what_the_systems_want_said_and_shown_can_be_read() -> None:
    having = [known for known in systems.every(PROJECT) if known.showing.is_file()]
    assert having
    assert all(showing.read(known.showing) != Showing() for known in having)
