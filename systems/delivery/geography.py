"""Places on the globe and the ways between them. Distances are in metres, as the crow flies."""

import math
from collections.abc import Mapping

from haversine import Unit, haversine
from pydantic import BaseModel

DETOUR = 1.3  # streets are longer than the crow's way
RIDE_METRES_PER_SECOND = 5.0  # a bicycle in a city


class Place(BaseModel, extra="allow"):
    """Degrees north and east."""

    latitude: float
    longitude: float

    @property
    def pair(self) -> tuple[float, float]:
        return self.latitude, self.longitude


def distance(a: Place, b: Place) -> float:
    """Return the metres between two places."""
    return float(haversine(a.pair, b.pair, unit=Unit.METERS))


def ride_seconds(a: Place, b: Place) -> int:
    """Return how long a ride takes."""
    return math.ceil(distance(a, b) * DETOUR / RIDE_METRES_PER_SECOND)


def nearest(places: Mapping[str, Place], centre: Place, within: float) -> list[str]:
    """Return the names of the places within so many metres, the nearest first."""
    away = {name: distance(place, centre) for name, place in places.items()}
    return sorted((name for name in away if away[name] <= within), key=lambda n: (away[n], n))


def towards(start: Place, end: Place, metres: float) -> Place:
    """Return where one is after so many metres on the way; at its end, if it is shorter."""
    whole = distance(start, end)
    part = 1.0 if whole <= metres else metres / whole
    return Place(
        latitude=start.latitude + (end.latitude - start.latitude) * part,
        longitude=start.longitude + (end.longitude - start.longitude) * part,
    )
