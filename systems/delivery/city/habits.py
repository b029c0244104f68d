"""What people in the city do, drawn from a seed: the same seed and ids, the same deeds."""

from random import Random
from typing import Literal

from systems.delivery.geography import Place

Habit = Literal["brings", "declines", "ignores", "gives_back", "vanishes"]

_BAD_HABITS: dict[Habit, int] = {
    "brings": 40,
    "declines": 25,
    "ignores": 10,
    "gives_back": 10,
    "vanishes": 15,
}


def is_unreliable(seed: str, driver: int, percent: int) -> bool:
    """Return whether a driver is one of the unreliable ones: so many of each hundred are."""
    return Random(f"{seed} order").sample(range(100), 100)[driver % 100] < percent


def habit(seed: str, driver: str, offer_id: str) -> Habit:
    """Return what an unreliable driver does with an offer."""
    draw = Random(f"{seed} {driver} {offer_id}")
    [drawn] = draw.choices(list(_BAD_HABITS), list(_BAD_HABITS.values()))
    return drawn


def silence(seed: str, driver: str, offer_id: str) -> float:
    """Return how many seconds a driver who vanishes is not heard of."""
    return Random(f"{seed} {driver} {offer_id} silence").uniform(150, 400)


def home(seed: str, driver: str, around: list[Place]) -> Place:
    """Return where a driver starts: somewhere near one of these places."""
    draw = Random(f"{seed} {driver} home")
    near = draw.choice(around)
    return Place(
        latitude=near.latitude + draw.uniform(-0.008, 0.008),
        longitude=near.longitude + draw.uniform(-0.012, 0.012),
    )


def answers_after(seed: str, ticket_id: str) -> float:
    """Return after how many seconds a restaurant looks at a ticket."""
    return Random(f"{seed} {ticket_id} answer").uniform(5, 40)


def cooks_for(seed: str, ticket_id: str, usually: float) -> float:
    """Return how many seconds a kitchen takes for a ticket."""
    return usually * Random(f"{seed} {ticket_id} cook").uniform(0.8, 1.2)


def denies(seed: str, ticket_id: str, percent: int) -> bool:
    """Return whether a restaurant denies a ticket: so many of a hundred."""
    return Random(f"{seed} {ticket_id} deny").randrange(100) < percent
