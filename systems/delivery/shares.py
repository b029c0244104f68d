"""Who gets what of the money: the rules, in minor units and whole per cent. They know no store."""

from typing import NamedTuple

RESTAURANT_PERCENT = 70  # of the food; the rest is the platform's commission
DRIVER_PERCENT = 80  # of the price of the ride; a tip is the driver's whole
MOST_TIP_PERCENT = 20  # of the food


class Shares(NamedTuple):
    """What is captured of the customer, and who gets it; the platform gets what is left, and pays
    what is missing."""

    captured: int
    restaurant: int
    driver: int

    @property
    def platform(self) -> int:
        return self.captured - self.restaurant - self.driver


def percent(amount: int, of: int) -> int:
    """Return so many per cent of an amount, rounded down."""
    return amount * of // 100


def authorised(food: int, ride: int) -> int:
    """Return what is put on hold: the price, and room for the largest tip."""
    return food + ride + percent(food, MOST_TIP_PERCENT)


def delivered(food: int, ride: int, tip_percent: int) -> Shares:
    """Return the shares of an order that came to the door."""
    tip = percent(food, min(tip_percent, MOST_TIP_PERCENT))
    driver = percent(ride, DRIVER_PERCENT) + tip
    return Shares(food + ride + tip, percent(food, RESTAURANT_PERCENT), driver)
