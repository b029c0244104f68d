"""What the rules of stock do, one by one; and that its books balance after any sequence of that."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from base.errors import Refusal
from systems.orders.inventory import ledger
from systems.orders.inventory.catalogue import WAREHOUSES
from systems.orders.inventory.records import Asked, Change, Pile, Receipt, Reservation
from systems.orders.inventory.shelves import Place, Shelf, Shelves
from tests.support.refusals import check, refused

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


BERLIN, CHICAGO, OSAKA = WAREHOUSES
AT_ITS_END = NOW + timedelta(seconds=SECONDS)
MOMENT = timedelta(milliseconds=1)
ID = "o1:stock"


def stocked(cups: dict[str, int], pots: dict[str, int] | None = None) -> Shelves:
    """Return shelves with so many cups and pots by warehouse."""
    counts = {"CUP": cups, "POT": pots or {}}
    return {
        sku: Shelf(places={name: Place().receive(many) for name, many in places.items()})
        for sku, places in counts.items()
    }


def asked(cups: int = 0, pots: int = 0, partial: bool = False, name: str = ID) -> Asked:
    wanted = {sku: many for sku, many in (("CUP", cups), ("POT", pots)) if many}
    request = {"quantities": wanted, "partial": partial}
    return Asked(name, request, wanted, {"CUP": 100, "POT": 250}, partial, SECONDS)


def held(shelves: Shelves, cups: int = 3, pots: int = 1) -> Change[Reservation]:
    return ledger.reserve(asked(cups, pots), None, shelves, NOW)


def two_parcels() -> Change[Reservation]:
    """Three cups and a pot are reserved: the pot and two cups in Berlin, a cup in Chicago."""
    return held(stocked({BERLIN: 2, CHICAGO: 1}, {BERLIN: 1}))


def counts(shelves: Shelves, sku: str, warehouse: str) -> tuple[int, int, int]:
    """Return what is on hand, reserved and shipped."""
    place = shelves[sku].at(warehouse)
    return place.on_hand, place.reserved, place.shipped


def statuses(kept: Reservation) -> list[str]:
    return [parcel.status for parcel in kept.parcels]


def test_goods_come_in_once_and_a_count_takes_away_what_is_missing_down_to_nothing() -> None:
    receipt = Receipt(id="d1", sku="CUP", warehouse=BERLIN, quantity=2)
    before = stocked({BERLIN: 1}, {BERLIN: 7})
    came = ledger.receive(receipt, None, before)
    assert came.kept == receipt
    assert (came.shelves["CUP"].at(BERLIN).received, came.shelves["POT"]) == (3, before["POT"])
    assert ledger.receive(receipt, receipt, came.shelves) == Change(receipt, came.shelves)
    other = receipt.model_copy(update={"quantity": 3})
    no = "d1 was another receipt."
    refused("idempotency_conflict", lambda: ledger.receive(other, receipt, came.shelves), no)
    gone = receipt.model_copy(update={"id": "d2", "quantity": -3})
    counted = ledger.receive(gone, None, came.shelves).shelves
    assert counts(counted, "CUP", BERLIN) == (0, 0, 0)
    few = "Only 2 pieces are on hand."
    refused("not_on_hand", lambda: ledger.receive(gone, None, stocked({BERLIN: 2})), few)


def test_what_is_asked_for_is_reserved_in_parcels_at_todays_prices() -> None:
    change = two_parcels()
    first, second = change.kept.parcels
    assert (first.number, first.warehouse, first.status) == (1, BERLIN, "reserved")
    assert first.lines == [
        Pile(sku="CUP", quantity=2, unit_price=100),
        Pile(sku="POT", quantity=1, unit_price=250),
    ]
    assert (second.number, second.warehouse) == (2, CHICAGO)
    assert second.lines == [Pile(sku="CUP", quantity=1, unit_price=100)]
    kept = change.kept
    assert (kept.id, kept.status, kept.missing) == (ID, "held", {})
    assert (kept.created_at, kept.expires_at) == (NOW, AT_ITS_END)
    assert kept.request == asked(3, 1).request
    assert counts(change.shelves, "CUP", BERLIN) == (0, 2, 0)
    assert counts(change.shelves, "CUP", CHICAGO) == (0, 1, 0)
    assert counts(change.shelves, "POT", BERLIN) == (0, 1, 0)
    claim = change.shelves["CUP"].at(BERLIN).claims.claims[ID]
    assert (claim.quantity, claim.until) == (2, AT_ITS_END)


def test_what_is_not_there_is_told_and_nothing_is_kept_of_it() -> None:
    shelves = stocked({BERLIN: 1})
    with pytest.raises(Refusal) as no:
        ledger.reserve(asked(3, 1), None, shelves, NOW)
    check(no.value, "short", "Not in stock: 2 of 3 CUP, 1 of 1 POT.")
    missing = [{"sku": "CUP", "quantity": 2}, {"sku": "POT", "quantity": 1}]
    assert no.value.more == {"missing": missing}
    part = ledger.reserve(asked(3, 1, partial=True), None, shelves, NOW)
    assert part.kept.missing == {"CUP": 2, "POT": 1}
    assert [line.quantity for line in part.kept.parcels[0].lines] == [1]
    nothing = stocked({})
    refused("short", lambda: ledger.reserve(asked(1, partial=True), None, nothing, NOW), "1 of 1")


def test_asked_again_it_is_the_same_and_an_id_is_that_of_one_request() -> None:
    kept, shelves = two_parcels().kept, two_parcels().shelves
    assert ledger.reserve(asked(3, 1), kept, shelves, AT_ITS_END) == Change(kept, shelves)
    other = "o1:stock was made with another request."
    again = asked(2, 1)
    refused("idempotency_conflict", lambda: ledger.reserve(again, kept, shelves, NOW), other)


@pytest.mark.parametrize("known", [True, False])
def test_what_is_cancelled_is_not_reserved_confirmed_or_shipped(known: bool) -> None:
    made = two_parcels()
    change = ledger.cancel(ID, made.kept if known else None, made.shelves, NOW)
    assert (change.kept.id, change.kept.status, change.kept.created_at) == (ID, "cancelled", NOW)
    kept, shelves = change.kept, change.shelves
    assert statuses(kept) == (["released", "released"] if known else [])
    assert counts(shelves, "CUP", BERLIN) == ((2, 0, 0) if known else (0, 2, 0))
    told = "o1:stock is cancelled."
    refused("reservation_cancelled", lambda: ledger.confirm(ID, kept, shelves), told)
    again = asked(3, 1)
    refused("reservation_cancelled", lambda: ledger.reserve(again, kept, shelves, NOW), told)
    assert ledger.cancel(ID, kept, shelves, AT_ITS_END) == change
    assert ledger.look(ID, kept, shelves) == change
    if known:
        refused("reservation_cancelled", lambda: ledger.ship(ID, kept, shelves, 1), told)


def test_a_reservation_runs_out_at_its_moment_and_gives_all_back() -> None:
    kept, shelves = two_parcels().kept, two_parcels().shelves
    assert ledger.expire(ID, kept, shelves, AT_ITS_END - MOMENT) == Change(kept, shelves)
    over = ledger.expire(ID, kept, shelves, AT_ITS_END)
    assert (over.kept.status, statuses(over.kept)) == ("expired", ["released", "released"])
    assert counts(over.shelves, "CUP", BERLIN) == (2, 0, 0)
    assert counts(over.shelves, "CUP", CHICAGO) == (1, 0, 0)
    assert over.refusal is None
    told = f"The reservation o1:stock ran out at {AT_ITS_END}."
    for late in (
        lambda: ledger.confirm(ID, over.kept, over.shelves),
        lambda: ledger.ship(ID, over.kept, over.shelves, 1),
        lambda: ledger.reserve(asked(3, 1), over.kept, over.shelves, NOW),
    ):
        refused("hold_expired", late, told)
    assert ledger.cancel(ID, over.kept, over.shelves, NOW).kept == over.kept


def test_what_is_confirmed_never_runs_out_and_nobody_takes_its_place() -> None:
    kept, shelves = two_parcels().kept, two_parcels().shelves
    change = ledger.confirm(ID, kept, shelves)
    assert (change.kept.status, change.kept.expires_at) == ("confirmed", None)
    assert change.kept.parcels == kept.parcels
    assert ledger.confirm(ID, change.kept, change.shelves) == change
    late = AT_ITS_END + timedelta(days=365)
    assert ledger.expire(ID, change.kept, change.shelves, late) == change
    other = asked(pots=1, name="o2:stock")
    told = "Not in stock: 1 of 1 POT."
    refused("short", lambda: ledger.reserve(other, None, change.shelves, late), told)


def test_another_takes_the_place_of_what_ran_out_only_if_it_needs_it() -> None:
    first = held(stocked({BERLIN: 3}), cups=2, pots=0)
    one, three = asked(1, name="o2:stock"), asked(3, name="o2:stock")
    early = AT_ITS_END - MOMENT
    refused("short", lambda: ledger.reserve(three, None, first.shelves, early), "2 of 3 CUP.")
    beside = ledger.reserve(one, None, first.shelves, AT_ITS_END)
    assert counts(beside.shelves, "CUP", BERLIN) == (0, 3, 0)
    assert ledger.confirm(ID, first.kept, beside.shelves).kept.status == "confirmed"
    instead = ledger.reserve(three, None, first.shelves, AT_ITS_END)
    assert counts(instead.shelves, "CUP", BERLIN) == (0, 3, 0)
    assert ledger.look(ID, first.kept, instead.shelves).kept.status == "expired"
    lost = ledger.confirm(ID, first.kept, instead.shelves)
    check(lost.refusal, "hold_expired", f"ran out at {AT_ITS_END}.")
    assert lost.kept.status == "expired", "and that is kept"
    assert lost.shelves == instead.shelves


def test_a_parcel_leaves_the_house_once_and_the_others_stay() -> None:
    made = two_parcels()
    sent = ledger.ship(ID, made.kept, made.shelves, 1)
    assert statuses(sent.kept) == ["shipped", "reserved"]
    assert counts(sent.shelves, "CUP", BERLIN) == (0, 0, 2)
    assert counts(sent.shelves, "POT", BERLIN) == (0, 0, 1)
    assert counts(sent.shelves, "CUP", CHICAGO) == (0, 1, 0)
    assert ledger.ship(ID, sent.kept, sent.shelves, 1) == sent
    assert ledger.release(ID, sent.kept, sent.shelves, 1) == sent
    rest = ledger.cancel(ID, sent.kept, sent.shelves, NOW)
    assert (rest.kept.status, statuses(rest.kept)) == ("cancelled", ["shipped", "released"])
    assert ledger.ship(ID, rest.kept, rest.shelves, 1) == rest, "it had left before"
    assert counts(rest.shelves, "CUP", BERLIN) == (0, 0, 2)
    assert counts(rest.shelves, "CUP", CHICAGO) == (1, 0, 0)


def test_a_parcel_that_is_released_is_on_hand_again_and_not_shipped() -> None:
    made = two_parcels()
    back = ledger.release(ID, made.kept, made.shelves, 2)
    assert (back.kept.status, statuses(back.kept)) == ("held", ["reserved", "released"])
    assert counts(back.shelves, "CUP", CHICAGO) == (1, 0, 0)
    assert counts(back.shelves, "CUP", BERLIN) == (0, 2, 0)
    assert ledger.release(ID, back.kept, back.shelves, 2) == back
    told = "Parcel 2 of o1:stock is released."
    refused("parcel_released", lambda: ledger.ship(ID, back.kept, back.shelves, 2), told)
    assert ledger.ship(ID, back.kept, back.shelves, 1).kept.parcels[0].status == "shipped"
    assert ledger.look(ID, back.kept, back.shelves) == back, "the other parcel is still there"


def test_a_parcel_that_came_back_is_on_hand_once_and_shipped_no_more() -> None:
    made = two_parcels()
    told = "Parcel 1 of o1:stock is not shipped."
    refused("parcel_not_shipped", lambda: ledger.restock(ID, made.kept, made.shelves, 1), told)
    sent = ledger.ship(ID, made.kept, made.shelves, 1)
    back = ledger.restock(ID, sent.kept, sent.shelves, 1)
    assert statuses(back.kept) == ["returned", "reserved"]
    assert counts(back.shelves, "CUP", BERLIN) == (2, 0, 0)
    assert counts(back.shelves, "POT", BERLIN) == (1, 0, 0)
    assert ledger.restock(ID, back.kept, back.shelves, 1) == back
    assert ledger.ship(ID, back.kept, back.shelves, 1) == back, "it had left"


def test_what_nobody_knows_is_refused() -> None:
    made = two_parcels()
    shelves = made.shelves
    for call in (
        lambda: ledger.confirm(ID, None, shelves),
        lambda: ledger.look(ID, None, shelves),
        lambda: ledger.expire(ID, None, shelves, NOW),
        lambda: ledger.ship(ID, None, shelves, 1),
        lambda: ledger.release(ID, None, shelves, 1),
        lambda: ledger.restock(ID, None, shelves, 1),
    ):
        refused("unknown_reservation", call, "There is no reservation o1:stock.")
    for move in (ledger.ship, ledger.release, ledger.restock):
        told = "o1:stock has no parcel 3."
        refused("unknown_parcel", lambda m=move: m(ID, made.kept, shelves, 3), told)  # type: ignore[misc]
