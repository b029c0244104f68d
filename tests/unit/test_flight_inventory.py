"""The timetable: real airports, great-circle distances, the same answer every time."""

from datetime import date
from math import acos, cos, radians, sin

import pytest

from base.errors import Refusal
from services.flight.inventory import Airport, airport, distance_km, flight, flights

DAY = date(2024, 12, 15)


def by_vectors_km(origin: Airport, destination: Airport) -> float:
    """The same distance another way: the angle between two vectors on a sphere of 6371.0088 km."""

    def vector(at: Airport) -> tuple[float, float, float]:
        lat, lon = radians(at.latitude), radians(at.longitude)
        return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)

    dot = sum(a * b for a, b in zip(vector(origin), vector(destination), strict=True))
    return 6371.0088 * acos(dot)


@pytest.mark.parametrize("route", [("SFO", "JFK"), ("LHR", "SYD"), ("CDG", "LHR"), ("AKL", "HNL")])
def test_distances_are_those_of_the_great_circle(route: tuple[str, str]) -> None:
    origin, destination = airport(route[0]), airport(route[1])
    assert distance_km(origin, destination) == pytest.approx(by_vectors_km(origin, destination))


def test_the_same_question_has_the_same_answer() -> None:
    assert flights("SFO", "JFK", DAY) == flights("SFO", "JFK", DAY)


def test_a_longer_flight_costs_and_lasts_more() -> None:
    short, long = flights("CDG", "LHR", DAY)[0], flights("LHR", "SYD", DAY)[0]
    assert long.fare > short.fare
    assert long.arrival - long.departure > short.arrival - short.departure


def test_times_are_local_to_their_airport() -> None:
    found = flights("SFO", "JFK", DAY)[0]
    assert found.departure.isoformat() == "2024-12-15T07:15:00-08:00"
    assert found.arrival.utcoffset() == airport("JFK").timezone.utcoffset(found.arrival)


def test_an_offer_is_found_again_by_its_id() -> None:
    for offered in flights("SFO", "JFK", DAY):
        assert flight(offered.id, "SFO", "JFK", DAY) == offered


@pytest.mark.parametrize(
    ("origin", "destination", "reason"),
    [
        ("SFO", "XXX", "unknown_airport"),
        ("QQQ", "JFK", "unknown_airport"),
        ("SFO", "SFO", "same_airport"),
    ],
)
def test_impossible_routes_are_refused(origin: str, destination: str, reason: str) -> None:
    with pytest.raises(Refusal) as refusal:
        flights(origin, destination, DAY)
    assert refusal.value.reason == reason


def test_an_offer_of_another_route_is_refused() -> None:
    other = flights("SFO", "LAX", DAY)[0]
    with pytest.raises(Refusal) as refusal:
        flight(other.id, "SFO", "JFK", DAY)
    assert refusal.value.reason == "unknown_offer"
