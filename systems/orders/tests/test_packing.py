"""The fewest parcels that hold all that is wanted."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems.orders.inventory.packing import Rooms, missing, parcels, what_is_there

SKUS = ("cup", "pot", "tin")
NAMES = ("b", "c", "o")
ROOMS = st.fixed_dictionaries(
    {name: st.fixed_dictionaries({sku: st.integers(0, 3) for sku in SKUS}) for name in NAMES}
)
WANTED = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1)


def ways(quantity: int, rooms: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield every way to take the quantity from rooms that have so many."""
    for taken in product(*(range(room + 1) for room in rooms)):
        if sum(taken) == quantity:
            yield taken


def fewest(wanted: dict[str, int], rooms: Rooms) -> int | None:
    """Return how many warehouses the best of all ways needs, by trying each of them."""
    each = [list(ways(wanted[sku], [rooms[n].get(sku, 0) for n in rooms])) for sku in wanted]
    used = [sum(any(way[i] for way in ways) for i in range(len(rooms))) for ways in product(*each)]
    return min(used, default=None)


@given(wanted=WANTED, rooms=ROOMS)
def test_no_other_way_needs_fewer_parcels(wanted: dict[str, int], rooms: Rooms) -> None:
    best = fewest(wanted, rooms)
    if best is None:
        assert missing(wanted, rooms)
        return
    assert not missing(wanted, rooms)
    assert len(parcels(wanted, rooms)) == best


@given(wanted=WANTED, rooms=ROOMS)
def test_what_is_there_is_sent_whole_and_from_where_it_is(
    wanted: dict[str, int], rooms: Rooms
) -> None:
    there = what_is_there(wanted, rooms)
    short = missing(wanted, rooms)
    assert {sku: there.get(sku, 0) + short.get(sku, 0) for sku in wanted} == wanted
    if not there:
        return
    sent = parcels(there, rooms)
    for sku in there:
        assert sum(lines.get(sku, 0) for lines in sent.values()) == there[sku]
    for name, lines in sent.items():
        assert lines
        assert all(0 < many <= rooms[name][sku] for sku, many in lines.items())


def test_of_as_many_parcels_those_that_split_fewer_lines_are_sent() -> None:
    rooms = {"b": {"cup": 1, "pot": 1}, "c": {"cup": 1}, "o": {"cup": 2}}
    assert parcels({"cup": 2, "pot": 1}, rooms) == {"b": {"pot": 1}, "o": {"cup": 2}}


def test_more_than_there_is_cannot_be_split() -> None:
    with pytest.raises(ValueError, match=r"^more is wanted than there is$"):
        parcels({"cup": 2}, {"b": {"cup": 1}})
