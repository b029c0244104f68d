"""The rules of the pool of drivers: who can be offered something now, the nearest first."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel

from systems.delivery.geography import Place, nearest

TRAIL_POINTS = 120


class Passed(Place):
    """A place, and when a driver was there."""

    at: datetime


class Seen(BaseModel, extra="allow"):
    """Where a driver was last seen, and the way there: the latest points, the oldest first."""

    driver: str
    online: bool
    place: Place
    at: datetime
    trail: list[Passed] = []

    def moved(self, place: Place, online: bool, at: datetime) -> "Seen":
        """Return it as of now."""
        here = Passed(latitude=place.latitude, longitude=place.longitude, at=at)
        stays = bool(self.trail) and self.trail[-1].pair == place.pair
        trail = self.trail if stays else [*self.trail, here][-TRAIL_POINTS:]
        return Seen(driver=self.driver, online=online, place=place, at=at, trail=trail)


def seen_at(driver: str, place: Place, online: bool, at: datetime) -> Callable[[Seen | None], Seen]:
    """Return the rule that notes where a driver is."""
    fresh = Seen(driver=driver, online=online, place=place, at=at)
    return lambda known: (known or fresh).moved(place, online, at)


class Slot(BaseModel, extra="allow"):
    """The one thing that a driver has in hand: an offer, ``until`` it lapses (None: a job)."""

    offer: str | None = None
    until: datetime | None = None

    def is_free(self, now: datetime) -> bool:
        """Return whether the driver can be offered something."""
        return self.offer is None or (self.until is not None and self.until <= now)


def candidates(
    seen: Mapping[str, Seen],
    slots: Mapping[str, Slot],
    centre: Place,
    within: float,
    apart_from: Collection[str],
    now: datetime,
    silence: timedelta,
) -> list[str]:
    """Return the drivers to offer something to, the nearest first: those online, heard of lately,
    with nothing in hand, and none that was asked before."""
    there = {
        name: each.place
        for name, each in seen.items()
        if each.online
        and each.at > now - silence
        and slots.get(name, Slot()).is_free(now)
        and name not in apart_from
    }
    return nearest(there, centre, within)
