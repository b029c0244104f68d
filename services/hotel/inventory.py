"""What can be sold: the hotels of a city, their rates and rooms.

Made up but fixed: the same question always has the same answer, so nothing of it is stored. Cities
are those that an airport in `airportsdata` serves.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import blake2s

import airportsdata

from base.errors import Refusal

GUESTS_PER_ROOM = 2
LONGEST_STAY_NIGHTS = 30

_HOUSES = ("Grand", "Park", "Station", "Riverside")


@dataclass(frozen=True)
class Hotel:
    """A hotel; its rate is in US cents for a room and a night."""

    id: str
    name: str
    city: str
    rate: int
    rooms: int


@cache
def _cities() -> dict[str, str]:
    rows = airportsdata.load("IATA").values()
    return {_plain(row["city"]): row["city"] for row in rows if row["city"]}


def hotels(city: str) -> list[Hotel]:
    """Return the city's hotels. Refuses ``unknown_city``."""
    known = _cities().get(_plain(city))
    if known is None:
        raise Refusal("unknown_city", f"No hotels are known in {city}.")
    return [_hotel(known, house) for house in _HOUSES]


def hotel(hotel_id: str, city: str) -> Hotel:
    """Return the hotel that was offered under ``hotel_id``. Refuses ``unknown_offer``."""
    for found in hotels(city):
        if found.id == hotel_id:
            return found
    raise Refusal("unknown_offer", f"There is no hotel {hotel_id} in {city}.")


def nights(check_in: date, check_out: date) -> list[date]:
    """Return the nights of a stay. Refuses ``invalid_stay``: none, or more than 30."""
    count = (check_out - check_in).days
    if not 1 <= count <= LONGEST_STAY_NIGHTS:
        raise Refusal(
            "invalid_stay",
            f"From {check_in} to {check_out} is {count} nights; 1 to {LONGEST_STAY_NIGHTS} fit.",
        )
    return [check_in + timedelta(days=n) for n in range(count)]


def rooms_for(guests: int) -> int:
    """Return how many rooms a party needs, two guests to a room."""
    return -(-guests // GUESTS_PER_ROOM)


def pools(house: Hotel, stay: list[date]) -> dict[str, int]:
    """Return the rooms there are, for each night of the stay: overlapping stays share a night."""
    return {f"{house.id}-{night:%Y%m%d}": house.rooms for night in stay}


def _hotel(city: str, house: str) -> Hotel:
    seed = blake2s(f"{city}/{house}".encode()).digest()
    return Hotel(
        id=f"{_slug(city)}-{seed[:2].hex()}-{house.lower()}",
        name=f"{house} Hotel {city}",
        city=city,
        rate=9000 + int.from_bytes(seed[2:4], "big") % 160 * 100,
        rooms=40 + seed[4] % 41,
    )


def _slug(city: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in _plain(city)).split())[:32]


def _plain(city: str) -> str:
    """Return a name as it is compared: without accents, case and outer spaces."""
    folded = unicodedata.normalize("NFKD", city).encode("ascii", "ignore").decode()
    return folded.strip().lower()
