"""How many pieces of an article lie where: on hand, reserved, shipped, received.

Each move takes pieces from one count to another, so that in every warehouse, for ever, ``on_hand +
reserved + shipped == received``. A return is put on hand again and counts as shipped no more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from base.errors import Refusal
from kit.holds import Claim, Pool
from systems.orders.inventory.catalogue import Article


class Place(BaseModel, extra="allow"):
    """The pieces of one article in one warehouse; reserved are those that ``claims`` claim."""

    received: int = 0
    on_hand: int = 0
    shipped: int = 0
    claims: Pool = Pool()

    @property
    def reserved(self) -> int:
        return self.claims.claimed

    def free(self, now: datetime) -> int:
        """Return how many pieces can be reserved: those on hand, and those of lapsed claims."""
        return self.on_hand + self.claims.claimed - self.claims.taken(now)

    def has_claim(self, reservation_id: str) -> bool:
        return reservation_id in self.claims.claims

    def receive(self, quantity: int) -> "Place":
        """Add pieces; fewer than none is what a count found missing. Refuses ``not_on_hand``."""
        if self.on_hand + quantity < 0:
            raise Refusal("not_on_hand", f"Only {self.on_hand} pieces are on hand.")
        return self._with(received=self.received + quantity, on_hand=self.on_hand + quantity)

    def reserve(self, reservation_id: str, claim: Claim, now: datetime) -> "Place":
        """Claim pieces; what lapsed is put on hand first, but only if it is needed."""
        place = self
        for lapsed in self.claims.lapsed(now) if self.on_hand < claim.quantity else []:
            place = place.release(lapsed)
        claims = place.claims.with_claim(reservation_id, claim)
        return place._with(on_hand=place.on_hand - claim.quantity, claims=claims)

    def confirm(self, reservation_id: str) -> "Place":
        """Let the claim lapse no more."""
        claim = self.claims.claims[reservation_id].model_copy(update={"until": None})
        return self._with(claims=self.claims.with_claim(reservation_id, claim))

    def release(self, reservation_id: str) -> "Place":
        """Put what the reservation claims on hand again."""
        claims = self.claims.without(reservation_id)
        back = self.reserved - claims.claimed
        return self._with(on_hand=self.on_hand + back, claims=claims)

    def ship(self, reservation_id: str) -> "Place":
        """Let what the reservation claims leave the house."""
        claims = self.claims.without(reservation_id)
        gone = self.reserved - claims.claimed
        return self._with(shipped=self.shipped + gone, claims=claims)

    def restock(self, quantity: int) -> "Place":
        """Put shipped pieces that came back on hand."""
        return self._with(shipped=self.shipped - quantity, on_hand=self.on_hand + quantity)

    def _with(self, **changed: Any) -> "Place":
        return self.model_copy(update=changed)


class Shelf(BaseModel, extra="allow"):
    """All places of one article, by the warehouse."""

    places: dict[str, Place] = {}

    def at(self, warehouse: str) -> Place:
        return self.places.get(warehouse, Place())

    def with_place(self, warehouse: str, place: Place) -> "Shelf":
        return self.model_copy(update={"places": {**self.places, warehouse: place}})

    def lapsed(self, now: datetime) -> set[str]:
        """Return the ids of the reservations whose claims have run out."""
        return {i for place in self.places.values() for i in place.claims.lapsed(now)}


Shelves = Mapping[str, Shelf]
"""Shelves by their sku."""


def opening(of: Article) -> Shelf:
    """Return the shelf of an article as the books are opened."""
    return Shelf(places={name: Place().receive(many) for name, many in of.opening.items()})
