"""The rules of a quote: is it open, is the door in its zone, what does it cost, how long is it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel

from base.errors import Refusal
from systems.delivery.geography import Place, distance, ride_seconds
from systems.delivery.restaurant.menus import Restaurant

RIDE_BASE, RIDE_PER_KILOMETRE = 199, 80  # minor units
DRIVER_COMES_SECONDS = 300  # what it usually takes until a driver is at the counter


class Wanted(NamedTuple):
    """So many of a dish, by its id."""

    dish: str
    quantity: int


class Line(BaseModel, extra="allow"):
    """So many of a dish, with the price of all of them in minor units."""

    dish: str
    name: str
    quantity: int
    price: int


class Quote(NamedTuple):
    """What an order costs, in minor units, and how long it takes until it is at the door."""

    restaurant: Restaurant
    lines: list[Line]
    food: int
    ride: int
    ride_seconds: int
    eta_seconds: int


def quote(
    known: Mapping[str, Restaurant],
    restaurant_id: str,
    wanted: Iterable[Wanted],
    door: Place,
    now: datetime,
) -> Quote:
    """Return a quote. Refuses ``unknown_restaurant``, ``unknown_dish``, ``restaurant_closed`` and
    ``out_of_zone``."""
    restaurant = found(known, restaurant_id)
    lines = priced(restaurant, wanted)
    if not restaurant.is_open(now):
        hours = f"{restaurant.opens:%H:%M} to {restaurant.closes:%H:%M}"
        raise Refusal("restaurant_closed", f"{restaurant.name} is open from {hours}.")
    metres = distance(restaurant.place, door)
    if metres > restaurant.zone_metres:
        why = (
            f"{restaurant.name} has food brought {restaurant.zone_metres} m far, not {metres:.0f}."
        )
        raise Refusal("out_of_zone", why)
    ride = ride_seconds(restaurant.place, door)
    return Quote(
        restaurant=restaurant,
        lines=lines,
        food=sum(line.price for line in lines),
        ride=RIDE_BASE + RIDE_PER_KILOMETRE * int(metres) // 1000,
        ride_seconds=ride,
        eta_seconds=max(restaurant.prep_seconds, DRIVER_COMES_SECONDS) + ride,
    )


def found(known: Mapping[str, Restaurant], restaurant_id: str) -> Restaurant:
    """Return a restaurant. Refuses ``unknown_restaurant``."""
    if restaurant_id not in known:
        raise Refusal("unknown_restaurant", f"There is no restaurant {restaurant_id}.")
    return known[restaurant_id]


def priced(restaurant: Restaurant, wanted: Iterable[Wanted]) -> list[Line]:
    """Return the lines at the prices of the menu. Refuses ``unknown_dish``."""
    lines = []
    for dish_id, quantity in wanted:
        if (dish := restaurant.menu.get(dish_id)) is None:
            raise Refusal("unknown_dish", f"{restaurant.name} has no {dish_id}.")
        price = dish.price * quantity
        lines.append(Line(dish=dish_id, name=dish.name, quantity=quantity, price=price))
    return lines
