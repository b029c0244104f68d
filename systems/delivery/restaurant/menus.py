"""The restaurants: where they are, when they are open, what they cook and for how much."""

import json
from collections.abc import Mapping
from datetime import datetime, time
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from systems.delivery.geography import Place

CURRENCY = "EUR"
_FILE = Path(__file__).parent / "menus.json"


class Dish(BaseModel):
    """A dish: its price in minor units."""

    name: str
    price: int


class Restaurant(BaseModel):
    """``opens`` and ``closes`` are the hours of its own time zone; one that closes at or before it
    opens does so on the next day. ``zone_metres`` is how far it has food brought."""

    id: str
    name: str
    town: str
    place: Place
    time_zone: str
    opens: time
    closes: time
    zone_metres: int
    prep_seconds: int
    menu: Mapping[str, Dish]

    def is_open(self, now: datetime) -> bool:
        """Return whether it is open; ``now`` has a time zone."""
        there = now.astimezone(ZoneInfo(self.time_zone)).time()
        if self.opens < self.closes:
            return self.opens <= there < self.closes
        return there >= self.opens or there < self.closes


@cache
def restaurants() -> Mapping[str, Restaurant]:
    """Return every restaurant by its id."""
    read = [Restaurant.model_validate(each) for each in json.loads(_FILE.read_text())]
    return {each.id: each for each in read}
