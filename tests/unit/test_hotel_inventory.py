"""Hotels, and stays night by night."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.hotel import inventory
from services.hotel.models import OfferId
from tests.support.refusals import refused

CHECK_IN = date(2024, 12, 15)
OFFER_ID = TypeAdapter[str](OfferId)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 30))
def test_a_stay_is_its_nights_without_the_day_of_check_out(check_in: date, count: int) -> None:
    nights = inventory.nights(check_in, check_in + timedelta(days=count))
    assert nights == [check_in + timedelta(days=n) for n in range(count)]


@pytest.mark.parametrize("check_out", [CHECK_IN, date(2024, 12, 14), date(2025, 1, 15)])
def test_stays_of_no_night_or_too_many_are_refused(check_out: date) -> None:
    refused("invalid_stay", lambda: inventory.nights(CHECK_IN, check_out), str(check_out))


def test_overlapping_stays_share_a_pool_and_adjacent_ones_do_not() -> None:
    hotel = inventory.hotels("New York")[0]

    def pools(first: int, last: int) -> dict[str, int]:
        stay = inventory.nights(date(2024, 12, first), date(2024, 12, last))
        return inventory.pools(hotel, stay)

    assert pools(15, 18).keys() & pools(17, 20).keys()
    assert not pools(15, 18).keys() & pools(18, 20).keys()
    assert set(pools(15, 18).values()) == {hotel.rooms}


@pytest.mark.parametrize(("guests", "rooms"), [(1, 1), (2, 1), (3, 2), (9, 5)])
def test_two_guests_share_a_room(guests: int, rooms: int) -> None:
    assert inventory.rooms_for(guests) == rooms


def test_a_city_is_found_however_it_is_written() -> None:
    assert inventory.hotels("new york") == inventory.hotels(" New York ")
    assert inventory.hotels("Bildudalur") == inventory.hotels("BÍLDUDALUR")


HOTELS = """\
new-york-f1ea-grand / Grand Hotel New York / New York / 22600 / 53
new-york-5a13-park / Park Hotel New York / New York / 12800 / 66
new-york-5763-station / Station Hotel New York / New York / 14100 / 52
new-york-0e0b-riverside / Riverside Hotel New York / New York / 10700 / 49
"""


def test_the_same_question_has_the_same_answer_in_every_release() -> None:
    """What is offered before a release is still to be had after it, at that price."""
    told = [
        f"{h.id} / {h.name} / {h.city} / {h.rate} / {h.rooms}" for h in inventory.hotels("New York")
    ]
    assert told == HOTELS.splitlines()


@pytest.mark.parametrize(
    ("city", "begins"),
    [
        ("São Paulo", "sao-paulo-"),
        ("Zürich", "zurich-"),
        ("Reykjavík", "reykjavik-"),
        ("Chicago/Prospect Heights/Wheeling", "chicago-prospect-heights-wheelin-"),
    ],
)
def test_the_id_of_a_hotel_begins_with_its_city_in_plain_letters(city: str, begins: str) -> None:
    for hotel in inventory.hotels(city):
        assert hotel.id.startswith(begins)
        assert inventory.hotel(hotel.id, city) == hotel


def test_every_hotel_of_every_city_can_be_offered() -> None:
    cities = inventory._cities().values()
    offered = [hotel for city in cities for hotel in inventory.hotels(city)]
    assert len({hotel.id for hotel in offered}) == len(offered)
    for hotel in offered:
        assert OFFER_ID.validate_python(hotel.id)
        assert 9_000 <= hotel.rate < 25_000
        assert hotel.rate % 100 == 0
        assert 40 <= hotel.rooms <= 80


def test_an_unknown_city_is_refused() -> None:
    refused("unknown_city", lambda: inventory.hotels("Atlantis-on-Sea"), "Atlantis-on-Sea")


def test_an_offer_of_another_city_is_refused() -> None:
    other = inventory.hotels("Rome")[0].id
    refused("unknown_offer", lambda: inventory.hotel(other, "Paris"), other, "Paris")
