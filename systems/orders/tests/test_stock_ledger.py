"""The books of stock balance after any sequence of what can be done with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from base.errors import Refusal
from systems.orders.inventory import ledger
from systems.orders.inventory.catalogue import WAREHOUSES
from systems.orders.inventory.records import Asked, Change, Receipt, Reservation
from systems.orders.inventory.shelves import Place, Shelf, Shelves

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
SKUS = ("CUP", "POT")
SECONDS = 60
IDS = st.sampled_from([f"o{n}:stock" for n in range(6)])
PARCELS = st.integers(1, 3)
QUANTITIES = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 5), min_size=1)


class Books(RuleBasedStateMachine):
    """Applies rules to what they returned before; what is refused changes nothing, but for a
    reservation that is found to be over."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.shelves: Shelves = {sku: Shelf() for sku in SKUS}
        self.kept: dict[str, Reservation] = {}
        self.receipts: dict[str, Receipt] = {}

    @initialize(counts=st.lists(st.integers(0, 4), min_size=6, max_size=6))
    def fill(self, counts: list[int]) -> None:
        places = [(sku, name) for sku in SKUS for name in WAREHOUSES]
        for number, ((sku, name), count) in enumerate(zip(places, counts, strict=True)):
            self.receive(f"first {number}", sku, name, count)

    @rule(
        receipt_id=st.sampled_from(["d1", "d2", "d3"]),
        sku=st.sampled_from(SKUS),
        warehouse=st.sampled_from(WAREHOUSES),
        quantity=st.integers(-3, 5),
    )
    def receive(self, receipt_id: str, sku: str, warehouse: str, quantity: int) -> None:
        receipt = Receipt(id=receipt_id, sku=sku, warehouse=warehouse, quantity=quantity)
        known = self.receipts.get(receipt_id)
        try:
            change = ledger.receive(receipt, known, self.shelves)
        except Refusal:
            return
        assert known is None or change.shelves == self.shelves
        self.receipts[receipt_id], self.shelves = change.kept, change.shelves

    @rule(reservation_id=IDS, quantities=QUANTITIES, partial=st.booleans())
    def reserve(self, reservation_id: str, quantities: dict[str, int], partial: bool) -> None:
        asked = Asked(
            reservation_id,
            {"quantities": quantities, "partial": partial},
            quantities,
            dict.fromkeys(SKUS, 100),
            partial,
            SECONDS,
        )
        self._apply(
            reservation_id, lambda known: ledger.reserve(asked, known, self.shelves, self.now)
        )

    @rule(reservation_id=IDS)
    def confirm(self, reservation_id: str) -> None:
        self._apply(
            reservation_id, lambda known: ledger.confirm(reservation_id, known, self.shelves)
        )

    @rule(reservation_id=IDS)
    def cancel(self, reservation_id: str) -> None:
        before = self.kept.get(reservation_id)
        after = self._apply(
            reservation_id,
            lambda known: ledger.cancel(reservation_id, known, self.shelves, self.now),
        )
        assert after is not None
        assert after.status in ("cancelled", "expired")
        assert not any(parcel.status == "reserved" for parcel in after.parcels)
        for parcel in before.parcels if before else []:
            if parcel.status == "shipped":
                assert parcel in after.parcels

    @rule(reservation_id=IDS, number=PARCELS)
    def ship(self, reservation_id: str, number: int) -> None:
        self._move(ledger.ship, reservation_id, number)

    @rule(reservation_id=IDS, number=PARCELS)
    def release(self, reservation_id: str, number: int) -> None:
        self._move(ledger.release, reservation_id, number)

    @rule(reservation_id=IDS, number=PARCELS)
    def restock(self, reservation_id: str, number: int) -> None:
        self._move(ledger.restock, reservation_id, number)

    @rule(seconds=st.sampled_from([1, SECONDS // 2, SECONDS]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def clear(self) -> None:
        """What the job does: nothing that ran out is left on any shelf."""
        for shelf in self.shelves.values():
            for reservation_id in shelf.lapsed(self.now):
                self._apply(
                    reservation_id,
                    lambda known, i=reservation_id: ledger.expire(  # type: ignore[misc]
                        i, known, self.shelves, self.now
                    ),
                )
        assert not any(shelf.lapsed(self.now) for shelf in self.shelves.values())

    @invariant()
    def on_hand_reserved_and_shipped_are_what_was_received(self) -> None:
        for sku, name, place in self._places():
            assert place.on_hand + place.reserved + place.shipped == place.received, (sku, name)
            received = [r for r in self.receipts.values() if (r.sku, r.warehouse) == (sku, name)]
            assert place.received == sum(receipt.quantity for receipt in received)

    @invariant()
    def no_count_is_below_nothing(self) -> None:
        for _, _, place in self._places():
            assert min(place.on_hand, place.reserved, place.shipped, place.received) >= 0

    @invariant()
    def what_is_shipped_is_what_left_in_parcels(self) -> None:
        for sku, name, place in self._places():
            assert place.shipped == sum(self._lines("shipped", sku, name).values())

    @invariant()
    def claims_are_those_of_reserved_parcels(self) -> None:
        """A hold that lapsed may have lost some of them; a confirmed one has them all."""
        for sku, name, place in self._places():
            reserved = self._lines("reserved", sku, name)
            claimed = {i: claim.quantity for i, claim in place.claims.claims.items()}
            assert claimed.items() <= reserved.items()
            for reservation_id in reserved.keys() - claimed.keys():
                lost = self.kept[reservation_id]
                assert lost.status == "held"
                assert lost.expires_at is not None
                assert lost.expires_at <= self.now

    def _lines(self, status: str, sku: str, warehouse: str) -> dict[str, int]:
        return {
            reservation.id: line.quantity
            for reservation in self.kept.values()
            for parcel in reservation.parcels
            if parcel.status == status and parcel.warehouse == warehouse
            for line in parcel.lines
            if line.sku == sku
        }

    def _places(self) -> list[tuple[str, str, Place]]:
        return [(sku, name, self.shelves[sku].at(name)) for sku in SKUS for name in WAREHOUSES]

    def _move(self, move: Any, reservation_id: str, number: int) -> None:
        def once(known: Reservation | None) -> Change[Reservation]:
            changed: Change[Reservation] = move(reservation_id, known, self.shelves, number)
            return changed

        if self._apply(reservation_id, once) is None:
            return
        shelves = self.shelves
        self._apply(reservation_id, once)
        assert self.shelves == shelves, "twice is once"

    def _apply(
        self, reservation_id: str, once: Callable[[Reservation | None], Change[Reservation]]
    ) -> Reservation | None:
        """Return what is kept now, or None if it was refused."""
        try:
            change = once(self.kept.get(reservation_id))
        except Refusal:
            return None
        self.kept[reservation_id], self.shelves = change.kept, change.shelves
        return None if change.refusal else change.kept


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
