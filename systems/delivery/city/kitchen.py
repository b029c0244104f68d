"""A kitchen: it looks at its board, accepts what hangs there, cooks it, and says so."""

from dataclasses import dataclass, field
from typing import Any

from systems.delivery.city import habits
from systems.delivery.city.clients import RESTAURANTS, Clients


@dataclass
class Kitchen:
    """The kitchen of one restaurant. ``due`` is when each ticket is looked at next, in seconds of
    the city, by its id and status."""

    restaurant: str
    seed: str
    denies_percent: int
    clients: Clients
    due: dict[tuple[str, str], float] = field(default_factory=dict)

    async def look(self, now: float) -> None:
        """Look at the board, and say what is due."""
        path = f"restaurants/{self.restaurant}/tickets"
        tickets: list[dict[str, Any]] = await self.clients.ask(RESTAURANTS, "GET", path) or []
        seen = {(ticket["id"], ticket["status"]) for ticket in tickets}
        self.due = {key: at for key, at in self.due.items() if key in seen}
        for ticket in tickets:
            key = ticket["id"], ticket["status"]
            if now >= self.due.setdefault(key, now + self._takes(ticket)):
                await self._say(*key)

    def _takes(self, ticket: dict[str, Any]) -> float:
        if ticket["status"] == "sent":
            return habits.answers_after(self.seed, ticket["id"])
        return habits.cooks_for(self.seed, ticket["id"], ticket["prepSeconds"])

    async def _say(self, ticket_id: str, status: str) -> None:
        denies = habits.denies(self.seed, ticket_id, self.denies_percent)
        deed = {"sent": "deny" if denies else "accept", "accepted": "ready"}.get(status)
        if deed:
            await self.clients.ask(RESTAURANTS, "POST", f"tickets/{ticket_id}/{deed}")
