"""The city's people do the same for the same seed, and a third of the drivers are unreliable."""

import pytest

from systems.delivery.city import habits
from systems.delivery.geography import Place, distance


@pytest.mark.parametrize("percent", [0, 33, 100])
def test_so_many_of_a_hundred_drivers_are_unreliable(percent: int) -> None:
    assert sum(habits.is_unreliable("7", n, percent) for n in range(100)) == percent


def test_the_same_seed_is_the_same_city_and_another_is_another() -> None:
    offers = [f"o{n}:driver-1" for n in range(200)]
    drawn = [habits.habit("1", "anna", offer) for offer in offers]
    assert drawn == [habits.habit("1", "anna", offer) for offer in offers]
    assert drawn != [habits.habit("2", "anna", offer) for offer in offers]
    assert set(drawn) == {"brings", "declines", "ignores", "gives_back", "vanishes"}


def test_a_driver_starts_near_a_restaurant() -> None:
    there = Place(latitude=52.5, longitude=13.4)
    homes = {habits.home("1", f"d{n}", [there]).pair for n in range(50)}
    assert len(homes) == 50
    away = [distance(there, habits.home("1", f"d{n}", [there])) for n in range(50)]
    assert max(away) < 1_500


def test_kitchens_take_about_as_long_as_usual_and_deny_so_many_of_a_hundred() -> None:
    tickets = [f"t{n}" for n in range(1_000)]
    assert all(80 <= habits.cooks_for("1", ticket, 100) <= 120 for ticket in tickets)
    assert sum(habits.denies("1", ticket, 0) for ticket in tickets) == 0
    assert 30 < sum(habits.denies("1", ticket, 5) for ticket in tickets) < 80
