"""What kitchens do with tickets: each change is kept, and then told to the orchestrator."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel

from kit.callback import Callback
from kit.documents import Documents
from kit.once import Deed, Deeds
from systems.delivery.restaurant import models as wire
from systems.delivery.restaurant import quotes, tickets
from systems.delivery.restaurant.fees import Cause
from systems.delivery.restaurant.menus import Restaurant
from systems.delivery.restaurant.tickets import OPEN, Status, Ticket

_SIGNALS: Mapping[Status, str] = {
    "accepted": "answer",
    "denied": "answer",
    "ready": "food",
    "failed": "food",
}


class Board(BaseModel, extra="allow"):
    """The ids of the tickets that hang in a kitchen. One that has ended may still hang there; the
    ticket itself says what it is."""

    tickets: list[str] = []

    def hung(self, ticket_id: str) -> "Board":
        return self if ticket_id in self.tickets else self._with([*self.tickets, ticket_id])

    def without(self, ticket_ids: set[str]) -> "Board":
        return self._with([each for each in self.tickets if each not in ticket_ids])

    def _with(self, ids: list[str]) -> "Board":
        return self.model_copy(update={"tickets": ids})


class Kitchens:
    """Takes tickets, hangs them on the board of their restaurant, and passes on what becomes of
    them."""

    def __init__(
        self,
        deeds: Deeds[Ticket],
        kept: Documents[Deed[Ticket]],
        boards: Documents[Board],
        callback: Callback,
        known: Mapping[str, Restaurant],
    ) -> None:
        self._deeds = deeds
        self._kept = kept
        self._boards = boards
        self._callback = callback
        self._known = known

    async def take(self, ticket_id: str, wanted: wire.TicketRequest, now: datetime) -> Deed[Ticket]:
        """Take a ticket, once. Refuses ``unknown_restaurant``, ``unknown_dish`` and as
        `kit.once.done`."""
        restaurant = quotes.found(self._known, wanted.restaurant)
        lines = quotes.priced(restaurant, wanted.wanted)
        ticket = Ticket(
            restaurant=restaurant.id,
            lines=lines,
            food=sum(line.price for line in lines),
            answer_by=now + timedelta(seconds=wanted.answer_seconds),
            prep_seconds=restaurant.prep_seconds,
        )
        await self._boards.change(restaurant.id, lambda board: (board or Board()).hung(ticket_id))
        return await self._deeds.do(ticket_id, wanted, lambda: ticket)

    async def say(self, ticket_id: str, rule: Callable[[Ticket], Ticket]) -> Deed[Ticket]:
        """Let a kitchen say something of a ticket. Refuses what the rule refuses, and
        ``unknown_ticket`` and ``undone``."""
        before, deed = await self._deeds.amend(ticket_id, rule)
        if ticket := deed.result:
            if (before.status, ticket.status) == ("sent", "ready"):
                self._tell(ticket_id, "accepted")
            self._tell(ticket_id, ticket.status, ticket.reason)
        return deed

    async def cancel(self, ticket_id: str, cause: Cause) -> Deed[Ticket]:
        """Call a ticket off, or leave a tombstone. Refuses ``handed_over``."""
        return await self._deeds.undo(ticket_id, lambda t: tickets.cancelled(t, cause))

    async def on_board(self, restaurant_id: str) -> list[Deed[Ticket]]:
        """Return the open tickets of a restaurant, the oldest first, and take down the others.
        Refuses ``unknown_restaurant``."""
        quotes.found(self._known, restaurant_id)
        board = await self._boards.get(restaurant_id) or Board()
        deeds = await self._kept.many(board.tickets)
        ended = {ticket_id for ticket_id, deed in deeds.items() if not _is_open(deed)}
        if ended:
            await self._boards.change(
                restaurant_id, lambda known: (known or Board()).without(ended)
            )
        return [deed for deed in deeds.values() if _is_open(deed)]

    def _tell(self, ticket_id: str, status: Status, reason: str | None = None) -> None:
        if signal := _SIGNALS.get(status):
            word = wire.Cooked.model_validate({"status": status, "reason": reason})
            self._callback.tell(ticket_id, signal, word)


def _is_open(deed: Deed[Ticket]) -> bool:
    return deed.status == "done" and deed.result is not None and deed.result.status in OPEN
