"""The whole city: its kitchens and its drivers, side by side, in time that may run faster."""

import asyncio
import time
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings

from systems.delivery.city import habits
from systems.delivery.city.clients import RESTAURANTS, Clients
from systems.delivery.city.kitchen import Kitchen
from systems.delivery.city.phone import Phone
from systems.delivery.geography import Place

_IDLE_SECONDS, _BUSY_SECONDS, _LOOK_SECONDS = 2.0, 0.7, 0.7


class CitySettings(BaseSettings):
    """``CITY_SEED``: what people do is drawn from it. ``CITY_DRIVERS``: how many drivers there are;
    without any, driving and cooking are left to people. ``CITY_UNRELIABLE_PERCENT`` of them
    decline, give back and vanish; ``CITY_DENIES_PERCENT`` of the orders are denied. ``CITY_TOWN``:
    the town whose restaurants cook. ``SPEED``: how many seconds of the city pass in one of ours."""

    city_seed: str = "1"
    city_drivers: Annotated[int, Field(ge=0, le=1_000)] = 8
    city_unreliable_percent: Annotated[int, Field(ge=0, le=100)] = 33
    city_denies_percent: Annotated[int, Field(ge=0, le=100)] = 0
    city_town: str = "berlin"
    speed: Annotated[float, Field(gt=0, le=1_000)] = 1.0


class City:
    """Runs until it is cancelled."""

    def __init__(self, settings: CitySettings, clients: Clients) -> None:
        self._settings = settings
        self._clients = clients

    async def run(self) -> None:
        """Let everybody live."""
        if not self._settings.city_drivers:
            return
        restaurants = await self._restaurants()
        places = [Place.model_validate(each["place"]) for each in restaurants]
        async with asyncio.TaskGroup() as living:
            for each in restaurants:
                living.create_task(self._cooks(self._kitchen(each["id"])))
            for number in range(self._settings.city_drivers):
                living.create_task(self._drives(self._phone(number, places)))

    @property
    def _now(self) -> float:
        """The time of the city, in its seconds."""
        return time.monotonic() * self._settings.speed

    async def _restaurants(self) -> list[dict[str, Any]]:
        while True:
            every = await self._clients.ask(RESTAURANTS, "GET", "restaurants")
            if here := [each for each in every or [] if each["town"] == self._settings.city_town]:
                return here
            await asyncio.sleep(_IDLE_SECONDS)

    def _kitchen(self, restaurant: str) -> Kitchen:
        settings = self._settings
        return Kitchen(restaurant, settings.city_seed, settings.city_denies_percent, self._clients)

    def _phone(self, number: int, places: list[Place]) -> Phone:
        seed, name = self._settings.city_seed, f"{self._settings.city_town}-{number + 1:02}"
        unreliable = habits.is_unreliable(seed, number, self._settings.city_unreliable_percent)
        return Phone(name, habits.home(seed, name, places), seed, unreliable, self._clients)

    async def _cooks(self, kitchen: Kitchen) -> None:
        while True:
            await kitchen.look(self._now)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _drives(self, phone: Phone) -> None:
        last = self._now
        while True:
            now = self._now
            busy = await phone.beat(now, now - last)
            last = now
            await asyncio.sleep(_BUSY_SECONDS if busy else _IDLE_SECONDS)
