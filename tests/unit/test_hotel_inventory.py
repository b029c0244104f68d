"""Hotels, and stays night by night."""

from datetime import date

import pytest

from base.errors import Refusal
from services.hotel import inventory

CHECK_IN = date(2024, 12, 15)


def test_a_stay_is_its_nights_without_the_day_of_check_out() -> None:
    nights = inventory.nights(CHECK_IN, date(2024, 12, 18))
    assert nights == [date(2024, 12, 15), date(2024, 12, 16), date(2024, 12, 17)]


@pytest.mark.parametrize("check_out", [CHECK_IN, date(2024, 12, 14), date(2025, 1, 15)])
def test_stays_of_no_night_or_too_many_are_refused(check_out: date) -> None:
    with pytest.raises(Refusal) as refusal:
        inventory.nights(CHECK_IN, check_out)
    assert refusal.value.reason == "invalid_stay"


def test_overlapping_stays_share_a_pool_and_adjacent_ones_do_not() -> None:
    hotel = inventory.hotels("New York")[0]

    def pools(first: int, last: int) -> set[str]:
        stay = inventory.nights(date(2024, 12, first), date(2024, 12, last))
        return set(inventory.pools(hotel, stay))

    assert pools(15, 18) & pools(17, 20)
    assert not pools(15, 18) & pools(18, 20)


@pytest.mark.parametrize(("guests", "rooms"), [(1, 1), (2, 1), (3, 2), (9, 5)])
def test_two_guests_share_a_room(guests: int, rooms: int) -> None:
    assert inventory.rooms_for(guests) == rooms


def test_a_city_is_found_however_it_is_written() -> None:
    assert inventory.hotels("new york") == inventory.hotels(" New York ")


def test_ids_of_hotels_fit_a_key_even_where_the_city_is_not_ascii() -> None:
    for city in ("São Paulo", "Zürich", "Reykjavík"):
        for hotel in inventory.hotels(city):
            assert hotel.id.isascii()
            assert inventory.hotel(hotel.id, city) == hotel


def test_an_unknown_city_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        inventory.hotels("Atlantis-on-Sea")
    assert refusal.value.reason == "unknown_city"
