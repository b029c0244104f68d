"""What is told of a delivery on its way, and how it is drawn. It knows no HTTP and no store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any, NamedTuple

from base.wire import Timestamp, Wire
from sagas import Progress
from systems.delivery import phases
from systems.delivery.driver.models import TrackState
from systems.delivery.geography import Place
from systems.delivery.phases import Phase
from systems.delivery.restaurant.models import Spot
from systems.delivery.terms import DeliveryTerms

WIDTH, HEIGHT, MARGIN = 600, 360, 40


class Tracking(Wire):
    """Where a delivery is: its phase, who brings it and what they last said, where they are, the
    way there (the oldest point first), and when it will be at the door."""

    delivery_id: str
    status: str
    phase: Phase
    restaurant: Spot | None = None
    door: Spot
    driver: str | None = None
    driver_status: str | None = None
    place: Spot | None = None
    trail: list[Spot]
    eta: Timestamp | None = None


def tracking(
    delivery_id: str,
    progress: Progress,
    door: Place,
    seen: TrackState | None,
    terms: DeliveryTerms,
    now: datetime,
) -> Tracking:
    """Return where a delivery is. ``seen``: where its driver was seen last."""
    at_work, quote = phases.at_work(progress), progress.results.get("quote")
    place = seen.place if seen else None
    seconds = phases.eta_seconds(progress, door, place.place if place else None, now, terms.speed)
    eta = None if not seconds else now + terms.city(seconds)
    return Tracking(
        delivery_id=delivery_id,
        status=progress.status,
        phase=phases.phase(progress),
        restaurant=Spot.model_validate(quote["pickup"]) if quote else None,
        door=Spot(latitude=door.latitude, longitude=door.longitude),
        driver=at_work.driver if at_work else None,
        driver_status=at_work.status if at_work else None,
        place=place,
        trail=seen.trail if seen else [],
        eta=eta,
    )


def differs(new: Tracking, old: Tracking | None) -> bool:
    """Return whether there is something to tell: an ETA that is off by less than two seconds is
    not."""
    if old is None or new.model_copy(update={"eta": old.eta}) != old:
        return True
    if new.eta is None or old.eta is None:
        return new.eta != old.eta
    return abs(new.eta - old.eta) >= timedelta(seconds=2)


class Point(NamedTuple):
    """A point of the drawing, from its upper left corner."""

    x: float
    y: float


class Drawing(NamedTuple):
    """The track as it is drawn; ``trail`` is the points of a line."""

    restaurant: Point | None
    door: Point
    driver: Point | None
    trail: str


def drawing(told: Tracking) -> Drawing:
    """Return the track on a plane of WIDTH by HEIGHT, north above, all of it visible."""
    ends = [spot for spot in (told.restaurant, told.door, told.place) if spot]
    shown = [*ends, *told.trail]
    on = _projection(shown)
    return Drawing(
        restaurant=on(told.restaurant) if told.restaurant else None,
        door=on(told.door),
        driver=on(told.place) if told.place else None,
        trail=" ".join(f"{x:.0f},{y:.0f}" for x, y in map(on, told.trail)),
    )


def _projection(spots: Sequence[Spot]) -> Any:
    """Return how spots are put on the plane: metres alike in both directions."""
    squeeze = cos(radians(spots[0].latitude))
    east, north = [s.longitude * squeeze for s in spots], [s.latitude for s in spots]
    room = max((WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN))
    wide, high = max(east) - min(east), max(north) - min(north)
    scale = min(
        (WIDTH - 2 * MARGIN) / wide if wide else room / 1e-3,
        (HEIGHT - 2 * MARGIN) / high if high else room / 1e-3,
    )
    middle, centre = (max(east) + min(east)) / 2, (max(north) + min(north)) / 2

    def on(spot: Spot) -> Point:
        x = WIDTH / 2 + (spot.longitude * squeeze - middle) * scale
        y = HEIGHT / 2 - (spot.latitude - centre) * scale
        return Point(round(x, 1), round(y, 1))

    return on
