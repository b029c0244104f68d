"""What can be sold: the flights between two airports on a day, their fares and seats.

Made up but fixed: the same question always has the same answer, so nothing of it is stored.
Distances are great-circle distances between real airports, from the coordinates in `airportsdata`.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import blake2s
from zoneinfo import ZoneInfo

import airportsdata

from base.errors import Refusal

_EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
_CRUISE_KM_PER_HOUR = 830
_GROUND_TIME = timedelta(minutes=35)
_BASE_FARE_CENTS = 4900
_CENTS_PER_KM = 7
_DEPARTURES = (time(7, 15), time(12, 40), time(18, 5))


@dataclass(frozen=True)
class Airport:
    """An airport with an IATA code; latitude and longitude in degrees."""

    iata: str
    city: str
    latitude: float
    longitude: float
    timezone: ZoneInfo


@dataclass(frozen=True)
class Flight:
    """One departure. Times are local to their airport; the fare is in US cents a passenger."""

    id: str
    number: str
    origin: Airport
    destination: Airport
    departure: datetime
    arrival: datetime
    fare: int
    capacity: int


@cache
def _airports() -> dict[str, airportsdata.Airport]:
    return airportsdata.load("IATA")


@cache
def airport(iata: str) -> Airport:
    """Return the airport. Refuses ``unknown_airport``."""
    row = _airports().get(iata)
    if row is None:
        raise Refusal("unknown_airport", f"There is no airport with the IATA code {iata}.")
    return Airport(iata, row["city"], row["lat"], row["lon"], ZoneInfo(row["tz"]))


def distance_km(origin: Airport, destination: Airport) -> float:
    """Return the great-circle distance, by the haversine formula.

    Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984), p. 159.
    """
    lat1, lat2 = math.radians(origin.latitude), math.radians(destination.latitude)
    half_dlat = (lat2 - lat1) / 2
    half_dlon = math.radians(destination.longitude - origin.longitude) / 2
    a = math.sin(half_dlat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_dlon) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, a)))


def flights(origin: str, destination: str, day: date) -> list[Flight]:
    """Return the day's departures. Refuses ``unknown_airport`` and ``same_airport``."""
    start, end = airport(origin), airport(destination)
    if start == end:
        raise Refusal("same_airport", f"A flight from {origin} to {origin} goes nowhere.")
    return [_flight(start, end, day, nth) for nth in range(len(_DEPARTURES))]


def flight(flight_id: str, origin: str, destination: str, day: date) -> Flight:
    """Return the departure that was offered under ``flight_id``. Refuses ``unknown_offer``."""
    for found in flights(origin, destination, day):
        if found.id == flight_id:
            return found
    raise Refusal("unknown_offer", f"No flight {flight_id} from {origin} to {destination}, {day}.")


def _flight(start: Airport, end: Airport, day: date, nth: int) -> Flight:
    seed = blake2s(f"{start.iata}{end.iata}{nth}".encode()).digest()
    km = distance_km(start, end)
    departure = datetime.combine(day, _DEPARTURES[nth], start.timezone)
    lasts = timedelta(hours=km / _CRUISE_KM_PER_HOUR) + _GROUND_TIME
    fare = (_BASE_FARE_CENTS + km * _CENTS_PER_KM) * (0.9 + seed[0] / 255 * 0.4)
    return Flight(
        id=f"{start.iata}-{end.iata}-{day:%Y%m%d}-{nth + 1}",
        number=f"DT{100 + int.from_bytes(seed[1:3], 'big') % 900}",
        origin=start,
        destination=end,
        departure=departure,
        arrival=_rounded(departure + lasts).astimezone(end.timezone),
        fare=round(fare / 100) * 100,
        capacity=120 + seed[3] % 61,
    )


def _rounded(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
