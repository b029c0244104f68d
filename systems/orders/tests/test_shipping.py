"""The rules of shipping: numbers, addresses, labels, and what the carrier tells."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracking_numbers import get_tracking_number

from base.errors import Refusal, Unavailable
from kit.documents import Documents
from systems.orders.shipping import addresses, labels, numbers
from systems.orders.shipping.addresses import Address
from systems.orders.shipping.labels import Event, Label, Status, Told
from systems.orders.shipping.numbers import Given, Numbers
from systems.orders.shipping.s10 import check_digit, tracking_number
from tests.support.memory import MemoryStore
from tests.support.refusals import check, refused, refused_later

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
BERLIN = Address(
    country_code="DE",
    name="Alice Beispiel",
    street_address="Kastanienallee 7",
    city="Berlin",
    postal_code="10435",
)


@pytest.mark.parametrize(("serial", "digit"), [("47312482", 9), ("12345678", 5), ("00000000", 5)])
def test_the_check_digit_is_that_of_the_standard(serial: str, digit: int) -> None:
    assert check_digit(serial) == digit


@given(serial=st.integers(0, 10**8 - 1))
def test_another_s_check_of_tracking_numbers_agrees(serial: int) -> None:
    number = tracking_number("CP", serial, "US")
    found = get_tracking_number(number)
    assert found is not None
    assert (found.product.name, found.number) == ("S10", number)
    wrong = f"{number[:10]}{(int(number[10]) + 1) % 10}{number[11:]}"
    assert get_tracking_number(wrong) is None


@pytest.mark.parametrize("serial", ["1234567", "123456789"])
def test_a_check_digit_is_of_eight_digits(serial: str) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        check_digit(serial)


def given_numbers() -> Numbers:
    return Numbers(Documents(MemoryStore(), "number", Given))  # type: ignore[arg-type]


def test_a_label_has_one_number_and_a_number_one_label() -> None:
    async def live() -> None:
        given = given_numbers()
        number = await given.of("o1:label-1")
        assert await given.of("o1:label-1") == number
        assert await given.of("o1:label-2") != number
        assert await given.label_of(number) == "o1:label-1"
        await refused_later("unknown_label", given.label_of("CP000000005US"))

    asyncio.run(live())


def test_the_number_of_a_label_is_its_own_whatever_other_labels_there_are() -> None:
    async def live() -> None:
        given = given_numbers()
        await given.of("o1:label-1")
        number = await given.of("o1:label-2")
        assert number == await given_numbers().of("o1:label-2")
        assert re.fullmatch(r"CP\d{9}US", number)

    asyncio.run(live())


def test_labels_that_would_have_the_same_number_get_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_candidates", lambda _: iter(["first", "second"]))

    async def live() -> None:
        given = given_numbers()
        assert [await given.of(name) for name in ("o1:label", "o2:label")] == ["first", "second"]
        assert await given.of("o1:label") == "first"
        with pytest.raises(Unavailable, match="that o3:label could have"):
            await given.of("o3:label")

    asyncio.run(live())


def test_an_address_is_returned_as_its_country_writes_it() -> None:
    found = addresses.checked(
        Address(
            country_code="US",
            name="Bob",
            street_address="1600 Amphitheatre Pkwy",
            city="Mountain View",
            country_area="California",
            postal_code="94043",
        )
    )
    assert (found.city, found.country_area) == ("MOUNTAIN VIEW", "CA")


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"postal_code": "1043"}, {"postalCode": "invalid"}),
        ({"postal_code": "", "city": ""}, {"city": "required", "postalCode": "required"}),
        ({"country_code": "US"}, {"countryArea": "required"}),
        ({"country_code": "XX"}, {"countryCode": "invalid"}),
    ],
)
def test_what_is_wrong_with_an_address_is_told_by_field(
    wrong: dict[str, str], fields: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as refusal:
        addresses.checked(BERLIN.model_copy(update=wrong))
    check(refusal.value, "invalid_address", *fields, *fields.values())
    assert refusal.value.more == {"fields": fields}


def event(number: int, status: Told) -> Event:
    """The event of a number happens at that minute; ids say nothing of the order."""
    return Event(id=f"e{9 - number}", status=status, at=NOW + timedelta(minutes=number))


def told(events: Sequence[Event]) -> Label:
    label = labels.buy("CP473124829US", BERLIN, 900)
    for each in events:
        label = labels.tell(label, each)
    return label


TOLD: list[Told] = ["in_transit", "delivered", "lost", "returned"]
STORIES = st.lists(st.sampled_from(TOLD), max_size=6).map(
    lambda statuses: [event(i, status) for i, status in enumerate(statuses)]
)


@given(story=STORIES, data=st.data())
def test_events_that_come_twice_and_in_any_order_come_to_the_same_end(
    story: list[Event], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(story + story))
    assert told(shuffled) == told(story)


@pytest.mark.parametrize(
    ("story", "end"),
    [
        ([], "bought"),
        (["in_transit", "delivered"], "delivered"),
        (["delivered", "in_transit"], "delivered"),
        (["delivered", "lost"], "delivered"),
        (["lost", "in_transit"], "in_transit"),
        (["in_transit", "lost", "returned"], "returned"),
        (["delivered", "returned"], "returned"),
        (["returned", "delivered"], "returned"),
        (["returned", "lost"], "returned"),
    ],
)
def test_a_parcel_is_where_its_story_ends(story: list[Told], end: Status) -> None:
    assert told([event(i, status) for i, status in enumerate(story)]).status == end


def test_a_stale_event_is_kept_and_changes_nothing() -> None:
    label = told([event(3, "delivered"), event(1, "in_transit")])
    assert label.status == "delivered"
    assert [each.id for each in label.events] == ["e8", "e6"]


def test_an_id_of_another_event_is_refused() -> None:
    label = told([event(1, "in_transit")])
    other = event(1, "lost")
    refused("event_conflict", lambda: labels.tell(label, other), "e8")


def test_a_label_is_void_only_until_the_carrier_has_the_parcel() -> None:
    assert labels.void(told([])) == told([])
    refused("label_used", lambda: labels.void(told([event(1, "in_transit")])), "in_transit")


def test_no_carrier_takes_a_parcel_above_thirty_kilograms() -> None:
    assert labels.buy("n", BERLIN, 30_000).weight == 30_000
    refused("too_heavy", lambda: labels.buy("n", BERLIN, 30_001), "30001")
