"""The timetable: real airports, great-circle distances, the same answer every time."""

from datetime import UTC, date
from math import acos, cos, pi, radians, sin
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.flight.inventory import Airport, airport, distance_km, flight, flights
from tests.support.refusals import refused

DAY = date(2024, 12, 15)
AIRPORTS = ["SFO", "JFK", "LHR", "CDG", "SYD", "AKL", "HNL", "NRT", "GRU", "KEF"]


def by_vectors_km(origin: Airport, destination: Airport) -> float:
    """The same distance another way: the angle between two vectors on a sphere of 6371.0088 km."""

    def vector(at: Airport) -> tuple[float, float, float]:
        lat, lon = radians(at.latitude), radians(at.longitude)
        return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)

    dot = sum(a * b for a, b in zip(vector(origin), vector(destination), strict=True))
    return 6371.0088 * acos(dot)


def place(latitude: float, longitude: float) -> Airport:
    return Airport("QQQ", "Nowhere", latitude, longitude, ZoneInfo("UTC"))


@pytest.mark.parametrize("route", [("SFO", "JFK"), ("LHR", "SYD"), ("CDG", "LHR"), ("AKL", "HNL")])
def test_distances_are_those_of_the_great_circle(route: tuple[str, str]) -> None:
    origin, destination = airport(route[0]), airport(route[1])
    assert distance_km(origin, destination) == pytest.approx(by_vectors_km(origin, destination))


@given(st.floats(-90, 90), st.floats(-180, 0))
@example(-80.98532673324792, -31.136003484713427)  # rounding takes it beyond the whole circle
def test_the_other_end_of_the_world_is_half_a_circle_away(
    latitude: float, longitude: float
) -> None:
    here, there = place(latitude, longitude), place(-latitude, longitude + 180)
    assert distance_km(here, there) == pytest.approx(pi * 6371.0088)


TIMETABLE = """\
SFO-JFK-20241215-1 DT599 2024-12-15T07:15:00-08:00 2024-12-15T15:50:00-05:00 34900 150
SFO-JFK-20241215-2 DT963 2024-12-15T12:40:00-08:00 2024-12-15T21:15:00-05:00 38300 146
SFO-JFK-20241215-3 DT471 2024-12-15T18:05:00-08:00 2024-12-16T02:40:00-05:00 41400 143
LHR-SYD-20240615-1 DT713 2024-06-15T07:15:00+01:00 2024-06-16T13:20:00+10:00 142400 178
LHR-SYD-20240615-2 DT734 2024-06-15T12:40:00+01:00 2024-06-16T18:45:00+10:00 137700 128
LHR-SYD-20240615-3 DT183 2024-06-15T18:05:00+01:00 2024-06-17T00:10:00+10:00 128200 125
"""


def test_the_same_question_has_the_same_answer_in_every_release() -> None:
    """What is offered before a release is still to be had after it, at that price."""
    found = flights("SFO", "JFK", DAY) + flights("LHR", "SYD", date(2024, 6, 15))
    told = [
        f"{f.id} {f.number} {f.departure.isoformat()} {f.arrival.isoformat()} {f.fare} {f.capacity}"
        for f in found
    ]
    assert told == TIMETABLE.splitlines()


@given(
    st.lists(st.sampled_from(AIRPORTS), min_size=2, max_size=2, unique=True),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
)
def test_every_flight_can_be_flown_and_is_found_again_by_its_id(ends: list[str], day: date) -> None:
    origin, destination = ends
    found = flights(origin, destination, day)
    assert len({offered.id for offered in found}) == len(found) == 3
    for offered in found:
        assert flight(offered.id, origin, destination, day) == offered
        assert (offered.origin, offered.destination) == (airport(origin), airport(destination))
        assert offered.departure.date() == day
        lasts = offered.arrival.astimezone(UTC) - offered.departure.astimezone(UTC)
        speed = distance_km(offered.origin, offered.destination) / (lasts.total_seconds() / 3600)
        assert 200 < speed < 900
        arrival = offered.arrival
        assert (arrival.minute % 5, arrival.second, arrival.microsecond) == (0, 0, 0)
        assert 120 <= offered.capacity <= 180
        assert offered.fare % 100 == 0


def test_a_longer_flight_costs_and_lasts_more() -> None:
    short, long = flights("CDG", "LHR", DAY)[0], flights("LHR", "SYD", DAY)[0]
    assert long.fare > short.fare
    assert long.arrival - long.departure > short.arrival - short.departure


def test_times_are_local_to_their_airport() -> None:
    found = flights("SFO", "JFK", DAY)[0]
    assert found.arrival.utcoffset() == airport("JFK").timezone.utcoffset(found.arrival)


@pytest.mark.parametrize(
    ("origin", "destination", "reason"),
    [
        ("SFO", "XXX", "unknown_airport"),
        ("QQQ", "JFK", "unknown_airport"),
        ("SFO", "SFO", "same_airport"),
    ],
)
def test_impossible_routes_are_refused(origin: str, destination: str, reason: str) -> None:
    refused(reason, lambda: flights(origin, destination, DAY))


def test_an_offer_of_another_route_is_refused() -> None:
    other = flights("SFO", "LAX", DAY)[0].id
    refused("unknown_offer", lambda: flight(other, "SFO", "JFK", DAY), other)
