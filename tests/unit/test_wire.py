"""What may be said at any door: dates as dates, and texts that read as they are."""

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import StringConstraints, ValidationError

from base.wire import IsoDate, Moment, OneLine, Wire

DATE, NAME, TIME = "2024-12-15", "Zoë Müller-李 🙂", "2024-12-15T10:00:00Z"


class Said(Wire):
    day: IsoDate = date(2024, 12, 15)
    at: Moment | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=40), OneLine] = NAME


def test_what_is_sensible_is_taken() -> None:
    assert Said.model_validate({"day": DATE, "at": TIME, "name": NAME}).name == NAME
    assert Said.model_validate({"at": "2024-12-15T10:00:00.5+09:00"}).at


@pytest.mark.parametrize(
    "day",
    ["1734220800", 1734220800, f"{DATE}T00:00:00", f"{DATE} 00:00", f" {DATE}", "٢٠٢٤-12-15", ""],
)
def test_a_date_is_no_number_and_no_time_of_day(day: Any) -> None:
    with pytest.raises(ValidationError):
        Said.model_validate({"day": day})


@pytest.mark.parametrize("at", ["1734220800", 1734220800, 0.5, "2024-12-15T10:00:00", DATE])
def test_a_time_is_no_number_and_says_its_offset(at: Any) -> None:
    with pytest.raises(ValidationError):
        Said.model_validate({"at": at})


@pytest.mark.parametrize(
    "unseen",
    [
        *"\x00\x07\t\n\r\x1f\x7f\x80\x9f\u061c\u200e\u200f\u2028\u2029",
        *(chr(code) for code in range(0x202A, 0x202F)),
        *(chr(code) for code in range(0x2066, 0x206A)),
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_a_name_has_nothing_in_it_that_is_not_seen(unseen: str) -> None:
    for name in (unseen, f"bob{unseen}", f"{unseen}bob", f"b{unseen}ob"):
        with pytest.raises(ValidationError):
            Said.model_validate({"name": name})


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as wrong:
        Said.model_validate({"name": "alice@example.com\n"})
    assert "alice" not in str(wrong.value)
