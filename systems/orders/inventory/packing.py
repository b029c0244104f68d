"""Which warehouses send what: the fewest parcels that hold all that is wanted."""

from collections.abc import Iterable, Mapping
from itertools import combinations

Quantities = Mapping[str, int]
"""How many pieces, by sku."""

Rooms = Mapping[str, Quantities]
"""How many pieces of each sku a warehouse could give, by the warehouse's name."""


def missing(wanted: Quantities, rooms: Rooms) -> dict[str, int]:
    """Return how many pieces no warehouse has, by sku; empty when all can be had."""
    short = {sku: quantity - _together(sku, rooms.values()) for sku, quantity in wanted.items()}
    return {sku: quantity for sku, quantity in short.items() if quantity > 0}


def what_is_there(wanted: Quantities, rooms: Rooms) -> dict[str, int]:
    """Return as much of what is wanted as can be had; a sku of which there is none is left out."""
    short = missing(wanted, rooms)
    there = {sku: quantity - short.get(sku, 0) for sku, quantity in wanted.items()}
    return {sku: quantity for sku, quantity in there.items() if quantity > 0}


def parcels(wanted: Quantities, rooms: Rooms) -> dict[str, dict[str, int]]:
    """Return what each warehouse sends, by its name, in as few parcels as can be.

    All that is wanted must be there. Of as many parcels, those that split fewer lines are chosen.
    With a handful of warehouses, all their combinations are looked at.
    """
    for size in range(1, len(rooms) + 1):
        enough = [
            chosen
            for chosen in combinations(rooms, size)
            if not missing(wanted, {name: rooms[name] for name in chosen})
        ]
        if enough:
            splits = (_shared({name: rooms[name] for name in each}, wanted) for each in enough)
            return min(splits, key=_lines)
    raise ValueError("more is wanted than there is")


def _shared(rooms: Rooms, wanted: Quantities) -> dict[str, dict[str, int]]:
    """Take each line from one warehouse if one has it all, else from the fullest first."""
    sent: dict[str, dict[str, int]] = {name: {} for name in rooms}
    for sku, quantity in wanted.items():
        left = quantity
        for name in sorted(rooms, key=lambda name: -rooms[name].get(sku, 0)):
            taken = min(left, rooms[name].get(sku, 0))
            if taken:
                sent[name][sku] = taken
                left -= taken
    return {name: lines for name, lines in sent.items() if lines}


def _together(sku: str, rooms: Iterable[Quantities]) -> int:
    return sum(room.get(sku, 0) for room in rooms)


def _lines(sent: Mapping[str, Quantities]) -> int:
    return sum(len(lines) for lines in sent.values())
