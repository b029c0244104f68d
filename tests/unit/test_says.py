"""The word of a signal, as it is written on the command line."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from cli.models import Kind, Signal
from cli.says import NotSaid, parsed, signal_of, usage, word_of


class Money(BaseModel):
    amount: int
    currency: str


class Said(BaseModel):
    yes: bool
    count: int = 0
    share: float = 0
    text: str = ""
    choice: Literal["wait", "ship"] = "wait"
    level: Literal[1, 2] = 1
    perhaps: int | None = None
    either: int | str = 0
    lines: list[str] = []
    price: Money | None = None
    any: Any = None


SAID = Signal(name="said", by="person", says=Said.model_json_schema())
BARE = Signal(name="bare", by="participant", says={"type": "object"})
KIND = Kind(noun="claim", nouns="claims", done="paid", owner="memberId", signals=[SAID, BARE])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes=true", True),
        ("yes=False", False),
        ("count=-7", -7),
        ("share=0.5", 0.5),
        ("share=2", 2),
        ("text=true", "true"),
        ("text=007", "007"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("choice=ship", "ship"),
        ("level=2", 2),
        ("perhaps=5", 5),
        ("perhaps=null", None),
        ("either=5", 5),
        ("either=five", "five"),
        ('lines=["a", "b"]', ["a", "b"]),
        ('price={"amount": 5, "currency": "EUR"}', {"amount": 5, "currency": "EUR"}),
        ("any=true", True),
        ("any=so so", "so so"),
    ],
)
def test_a_value_is_of_the_type_that_the_schema_names(text: str, value: object) -> None:
    word = word_of(SAID, [text])
    assert list(word.values()) == [value]
    assert type(word[text.partition("=")[0]]) is type(value)


@pytest.mark.parametrize(
    "text",
    ["yes=1", "yes=perhaps", "count=1.5", "count=true", "count=", "share=NaN", "share=1e999"],
)
def test_a_value_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(NotSaid, match=text):
        word_of(SAID, [text])


def test_several_values_make_one_word() -> None:
    assert word_of(SAID, ["yes=true", "text=x"]) == {"yes": True, "text": "x"}
    assert word_of(BARE, []) == {}


@pytest.mark.parametrize("said", [["yes"], ["no=true"], ["yes=true", "yes=false"]])
def test_what_is_no_word_of_the_signal_is_refused(said: list[str]) -> None:
    with pytest.raises(NotSaid, match=r"key=value|has no|twice"):
        word_of(SAID, said)


def test_an_unknown_signal_is_answered_with_those_that_there_are() -> None:
    assert signal_of(KIND, "bare") is BARE
    with pytest.raises(NotSaid, match=r"no signal sad of claims.*said yes=true\|false.*bare"):
        signal_of(KIND, "sad")


def test_how_a_signal_is_written_says_what_may_be_left_out() -> None:
    written = usage(SAID).split()
    assert written[:2] == ["said", "yes=true|false"]
    assert {"[count=INTEGER]", "[choice=wait|ship]", "[perhaps=INTEGER|NULL]"} < set(written)
    assert "[any=JSON]" in written


def test_numbers_that_json_has_not_are_no_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        parsed('{"amount": NaN}')
    assert parsed('{"amount": 1}') == {"amount": 1}
