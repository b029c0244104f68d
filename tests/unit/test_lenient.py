"""Reading a stored request: its types are there, at any depth, and no other demands."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    EmailStr,
    Field,
    StringConstraints,
    ValidationError,
    WrapSerializer,
    field_validator,
    model_validator,
)

from base.lenient import lenient
from base.wire import IsoDate, Money, Timestamp, Wire
from sagas.records.record import digest
from tests.kinds.examples import EXAMPLES, Example

NOW = datetime(2024, 12, 1, 8, 30, tzinfo=UTC)

Short = Annotated[str, StringConstraints(max_length=2)]


def _refuse(value: object) -> object:
    raise ValueError(f"the door lets nothing in, also not {value}")


class Shut(Wire):
    """Whatever is asked for, it is refused; the codes are words of the world outside."""

    code: Short


class Door(BaseModel):
    """Fields of which each has a demand, and none has to be given."""

    at_most: Short = ""
    at_least: Annotated[int, Field(ge=5)] = 7
    strict: Annotated[int, Field(strict=True)] = 7
    before: Annotated[str, BeforeValidator(_refuse)] = ""
    after: Annotated[str, AfterValidator(_refuse)] = ""
    mail: EmailStr = "a@example.com"
    mails: list[EmailStr] = []
    model: Shut | None = None
    listed: Annotated[list[Shut], Field(max_length=1)] = []
    named: dict[Short, Shut] = {}
    pair: tuple[Short, int] = ("", 0)
    many: tuple[Short, ...] = ()
    different: set[Short] = set()
    same: frozenset[Short] = frozenset()
    row: Sequence[Short] = ()
    either: int | Short = 0
    deep: dict[str, list[tuple[Annotated[Shut, AfterValidator(_refuse)], ...] | None]] = {}


SHUT = {"code": "long"}


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("at_most", "long"),
        ("at_least", 1),
        ("strict", "7"),
        ("before", "x"),
        ("after", "x"),
        ("mail", "nobody"),
        ("mails", ["nobody"]),
        ("model", SHUT),
        ("listed", [SHUT]),
        ("listed", [{"code": "a"}, {"code": "b"}]),
        ("named", {"n": SHUT}),
        ("named", {"long": {"code": "a"}}),
        ("pair", ["long", 1]),
        ("many", ["a", "long"]),
        ("different", ["long"]),
        ("same", ["long"]),
        ("row", ["long"]),
        ("either", "long"),
        ("deep", {"a": [None, [SHUT]]}),
    ],
)
def test_a_demand_on_a_value_is_one_of_the_door_only(name: str, stored: Any) -> None:
    with pytest.raises(ValidationError, match=rf"\b{name}"):
        Door.model_validate({name: stored})
    read = lenient(Door).model_validate({name: stored})
    written = read.model_dump(mode="json", exclude_unset=True)
    assert written == {name: 7 if name == "strict" else stored}


class Checked(Wire):
    """A model that looks at what it is given, field by field and whole."""

    first: int
    last: int

    @field_validator("first")
    @classmethod
    def _is_even(cls, first: int) -> int:
        if first % 2:
            raise ValueError("it is odd")
        return first

    @model_validator(mode="after")
    def _in_order(self) -> "Checked":
        if self.last < self.first:
            raise ValueError("it ends before it begins")
        return self


@pytest.mark.parametrize(("first", "last"), [(1, 5), (4, 2)])
def test_a_check_of_a_field_or_of_the_whole_is_one_of_the_door_only(first: int, last: int) -> None:
    stored = {"first": first, "last": last}
    with pytest.raises(ValidationError):
        Checked.model_validate(stored)
    assert lenient(Checked).model_validate(stored).model_dump() == stored


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("at_least", "many"),
        ("mail", 7),
        ("model", "none"),
        ("model", {}),
        ("listed", [{"code": 7}]),
        ("deep", {"a": [[{}]]}),
        ("either", []),
    ],
)
def test_what_is_of_another_type_or_lacks_a_part_cannot_be_read(name: str, stored: Any) -> None:
    with pytest.raises(ValidationError, match=rf"\b{name}"):
        lenient(Door).model_validate({name: stored})


class Chosen(Wire):
    way: Literal["fast", "cheap"]


def test_a_word_that_is_none_of_those_that_are_known_cannot_be_read() -> None:
    assert lenient(Chosen).model_validate({"way": "fast"}).model_dump() == {"way": "fast"}
    with pytest.raises(ValidationError, match="'fast' or 'cheap'"):
        lenient(Chosen).model_validate({"way": "scenic"})


def test_what_is_not_known_is_kept_at_any_depth() -> None:
    more = {"code": "a", "later": {"x": [1]}}
    stored = {"model": more, "listed": [more], "named": {"n": more}, "deep": {"a": [[more]]}}
    stored["later"] = more
    read = lenient(Door).model_validate(stored)
    assert read.model_dump(mode="json", exclude_unset=True) == stored


class Renamed(Wire):
    """A field that is named by hand, one by the house's rule, one that is read by another name."""

    origin: Annotated[Short, Field(alias="from")]
    two_words: str
    told: Annotated[str, Field(validation_alias="heard", serialization_alias="said")]


def test_a_field_has_the_name_under_which_it_was_stored() -> None:
    asked = Renamed.model_validate({"from": "A", "twoWords": "b", "heard": "c"})
    stored = asked.model_dump(mode="json", by_alias=True)
    assert stored == {"from": "A", "twoWords": "b", "said": "c"}
    read: Any = lenient(Renamed).model_validate(stored)
    assert (read.origin, read.two_words, read.told) == ("A", "b", "c")
    assert read.model_dump(mode="json", by_alias=True) == stored
    assert lenient(Renamed).model_validate(asked.model_dump()) == read


_numbers = count()


class Part(Wire):
    code: Short = "a"
    price: Money = Money(amount=5)


class Defaults(BaseModel):
    """Every way to say what is meant when nothing is said."""

    plain: Short = "a"
    nothing: str | None = None
    part: Part = Part()
    parts: list[Part] = [Part(code="b")]
    pair: tuple[Part, int] = (Part(code="c"), 1)
    named: dict[str, Part] = {"d": Part(code="d")}
    empty: Annotated[list[Part], Field(default_factory=list)]
    made: Annotated[Part, Field(default_factory=lambda: Part(code="e"))]
    after_another: Annotated[str, Field(default_factory=lambda before: before["plain"] * 2)]
    at: Timestamp = NOW


def test_what_is_not_there_is_what_it_is_by_default() -> None:
    read: Any = lenient(Defaults).model_validate({"plain": "x"})
    assert read.model_dump() == Defaults.model_validate({"plain": "x"}).model_dump()
    assert read.after_another == "xx"
    parts = [read.part, read.parts[0], read.pair[0], read.named["d"], read.made]
    assert {type(part) for part in parts} == {lenient(Part)}
    assert {type(part.price) for part in parts} == {lenient(Money)}


def test_a_default_that_was_stored_is_known_as_the_default() -> None:
    asked = Defaults.model_validate({"plain": "x"})
    read = lenient(Defaults).model_validate(asked.model_dump(mode="json"))
    assert read.model_dump(exclude_defaults=True) == asked.model_dump(exclude_defaults=True)
    assert digest(read) == digest(asked)


def test_a_default_is_nobodys_alone() -> None:
    first: Any = lenient(Defaults).model_validate({})
    second = lenient(Defaults).model_validate({})
    first.empty.append("x")
    first.parts.clear()
    first.named["d"].code = "x"
    assert second == lenient(Defaults).model_validate({})


class Numbered(Wire):
    number: Annotated[int, Field(default_factory=lambda: next(_numbers))]


def test_a_default_is_made_anew_each_time() -> None:
    first, second = (lenient(Numbered).model_validate({}).model_dump() for _ in range(2))
    assert second["number"] > first["number"]


class Required(Wire):
    code: str
    note: str | None


@pytest.mark.parametrize("missing", ["code", "note"])
def test_what_has_to_be_given_has_to_be_there(missing: str) -> None:
    stored = {"code": "a", "note": None}
    assert lenient(Required).model_validate(stored).model_dump() == stored
    del stored[missing]
    with pytest.raises(ValidationError, match=missing):
        lenient(Required).model_validate(stored)


def _shouted(text: str, write: Callable[[str], str]) -> str:
    return write(text).upper()


class Written(Wire):
    """Values of which the JSON is not what one would think."""

    at: Timestamp
    times: list[Timestamp]
    last: Timestamp | None
    loud: Annotated[str, WrapSerializer(_shouted)]
    day: IsoDate


NOON = {
    "at": "2024-12-01T13:00:00+01:00",
    "times": ["2024-12-01T12:00:00Z"],
    "last": "2024-12-01T12:00:00.0004Z",
    "loud": "Oh",
    "day": "2024-12-01",
}


def test_values_are_written_as_they_were_stored() -> None:
    stored = Written.model_validate(NOON).model_dump(mode="json")
    noon = "2024-12-01T12:00:00.000Z"
    assert stored == NOON | {"at": noon, "times": [noon], "last": noon, "loud": "OH"}
    read: Any = lenient(Written).model_validate(stored)
    assert (read.at.hour, read.day) == (12, date(2024, 12, 1))
    assert read.model_dump(mode="json") == stored


class Dog(Wire):
    kind: Literal["dog"] = "dog"
    name: Short


class Cat(Wire):
    kind: Literal["cat"] = "cat"
    name: Short


class Owned(Wire):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


@pytest.mark.parametrize(("kind", "model"), [("dog", Dog), ("cat", Cat)])
def test_of_several_models_it_is_the_one_that_it_says(kind: str, model: type[BaseModel]) -> None:
    read: Any = lenient(Owned).model_validate({"pet": {"kind": kind, "name": "Fluffy"}})
    assert (type(read.pet), read.pet.name) == (lenient(model), "Fluffy")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind.noun)
def test_a_request_of_every_kind_is_read_as_it_was_asked(example: Example) -> None:
    request: type[BaseModel] = example.kind.request
    asked = request.model_validate(example.request)
    for by_alias in (True, False):
        written = asked.model_dump(mode="json", by_alias=by_alias)
        read = example.kind.read(written)
        assert type(read) is lenient(request)
        assert read.model_dump(mode="json", by_alias=by_alias) == written
    assert digest(read) == digest(asked)


def test_a_model_is_made_once() -> None:
    assert lenient(Door) is lenient(Door)
    assert lenient(Door).__name__ == "StoredDoor"
    assert lenient(Door).model_fields["model"].annotation == lenient(Shut) | None
