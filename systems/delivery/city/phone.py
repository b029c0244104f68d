"""A driver with a phone: it says where it is, and does what its driver does with offers."""

from dataclasses import dataclass, field
from typing import Any

from systems.delivery.city import habits
from systems.delivery.city.clients import DRIVERS, Clients
from systems.delivery.geography import RIDE_METRES_PER_SECOND, Place, distance, towards

_THERE_METRES = 25.0


@dataclass
class Phone:
    """The phone of one driver. ``place`` is where it is, ``silent_until`` a time of the city before
    which nothing is heard of it."""

    driver: str
    place: Place
    seed: str
    unreliable: bool
    clients: Clients
    silent_until: float = 0.0
    ignored: set[str] = field(default_factory=set)

    async def beat(self, now: float, passed: float) -> bool:
        """Move for the seconds of the city that passed, say where that is, and act on what is in
        hand. Return whether there is something in hand."""
        if now < self.silent_until:
            return False
        here = {"latitude": self.place.latitude, "longitude": self.place.longitude}
        path = f"drivers/{self.driver}/position"
        state = await self.clients.ask(DRIVERS, "PUT", path, here)
        offer: dict[str, Any] | None = (state or {}).get("offer")
        if offer is None:
            return False
        self._move(offer, passed)
        await self._act(offer, now)
        return True

    async def _act(self, offer: dict[str, Any], now: float) -> None:
        offer_id, status = offer["id"], offer["status"]
        habit = habits.habit(self.seed, self.driver, offer_id) if self.unreliable else "brings"
        if status == "offered":
            if habit != "ignores":
                await self._say(offer_id, "decline" if habit == "declines" else "accept")
        elif status == "accepted" and habit == "vanishes" and offer_id not in self.ignored:
            self.ignored.add(offer_id)
            self.silent_until = now + habits.silence(self.seed, self.driver, offer_id)
        elif status == "accepted" and habit == "gives_back":
            await self._say(offer_id, "decline")
        elif status == "accepted" and self._is_at(offer["pickup"]):
            await self._say(offer_id, "arrive")
        elif status == "riding" and self._is_at(offer["door"]):
            await self._deliver(offer_id)

    async def _deliver(self, offer_id: str) -> None:
        """Hand it over to the customer, who looks up the PIN and says it."""
        pin = await self.clients.ask(DRIVERS, "GET", f"pins/{offer_id.partition(':')[0]}")
        if pin:
            await self.clients.ask(DRIVERS, "POST", f"offers/{offer_id}/deliver", pin)

    async def _say(self, offer_id: str, deed: str) -> None:
        await self.clients.ask(DRIVERS, "POST", f"offers/{offer_id}/{deed}")

    def _move(self, offer: dict[str, Any], passed: float) -> None:
        goal = {
            "accepted": "pickup",
            "arrived": "pickup",
            "picked_up": "pickup",
            "riding": "door",
        }.get(offer["status"])
        if goal:
            end = Place.model_validate(offer[goal])
            self.place = towards(self.place, end, passed * RIDE_METRES_PER_SECOND)

    def _is_at(self, spot: dict[str, float]) -> bool:
        return distance(self.place, Place.model_validate(spot)) <= _THERE_METRES
