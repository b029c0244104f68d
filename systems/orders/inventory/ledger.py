"""The rules of stock: receive, reserve, confirm, ship by the parcel, release, restock, expire.

Rules take what is stored and the time, and return what is to be stored, or refuse. They are those
of `kit.holds` as far as these go; but here a reservation takes another quantity of each pool, what
there is to take is stored and changes, and what is claimed leaves the house parcel by parcel. A
claim whose time is over counts until another takes its place, or the shelf is cleared: what is
stored decides, not a clock.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from base.errors import Refusal
from kit.holds import Claim, Status
from systems.orders.inventory import packing
from systems.orders.inventory.catalogue import WAREHOUSES
from systems.orders.inventory.packing import Quantities
from systems.orders.inventory.records import (
    Asked,
    Change,
    Parcel,
    ParcelStatus,
    Pile,
    Receipt,
    Reservation,
)
from systems.orders.inventory.shelves import Place, Shelves


def receive(receipt: Receipt, known: Receipt | None, shelves: Shelves) -> Change[Receipt]:
    """Take goods in, once. Refuses ``idempotency_conflict``, and ``not_on_hand`` of a count that
    found more missing than there is."""
    if known is not None and known != receipt:
        raise Refusal("idempotency_conflict", f"{receipt.id} was another receipt.")
    if known is not None:
        return Change(known, shelves)
    shelf = shelves[receipt.sku]
    place = shelf.at(receipt.warehouse).receive(receipt.quantity)
    return Change(receipt, {**shelves, receipt.sku: shelf.with_place(receipt.warehouse, place)})


def reserve(
    asked: Asked, known: Reservation | None, shelves: Shelves, now: datetime
) -> Change[Reservation]:
    """Claim what is asked for, in the fewest parcels. Asking again for the same changes nothing.

    Refuses: ``short`` (less is there, or nothing of a ``partial`` one; ``missing`` says what, and
    nothing is kept: it may be asked for again); ``idempotency_conflict`` (the id is taken by
    another request); ``hold_expired`` and ``reservation_cancelled`` (it is over, or was cancelled
    before it came).
    """
    if known is not None:
        return _same_again(asked, known, shelves)
    rooms = {name: _room(name, shelves, now) for name in WAREHOUSES}
    missing = packing.missing(asked.quantities, rooms)
    there = packing.what_is_there(asked.quantities, rooms)
    if missing and not (asked.partial and there):
        raise _short(asked.quantities, missing)
    split = packing.parcels(there, rooms)
    until = now + timedelta(seconds=asked.seconds)
    made = Reservation(
        id=asked.id,
        status="held",
        request=asked.request,
        parcels=[_parcel(i, name, split[name], asked) for i, name in enumerate(split, start=1)],
        missing=missing,
        created_at=now,
        expires_at=until,
    )
    claimed = _moved(
        shelves,
        made.parcels,
        lambda place, pile: place.reserve(made.id, Claim(quantity=pile.quantity, until=until), now),
    )
    return Change(made, claimed)


def confirm(
    reservation_id: str, known: Reservation | None, shelves: Shelves
) -> Change[Reservation]:
    """Let it expire no more. Refuses: ``unknown_reservation``, or as `reserve` when it is over."""
    made = _known(reservation_id, known)
    if over := _over(made, made.parcels, shelves):
        return over
    if made.status == "confirmed":
        return Change(made, shelves)
    made = made.model_copy(update={"status": "confirmed", "expires_at": None})
    kept = _moved(shelves, _reserved(made), lambda place, _: place.confirm(made.id))
    return Change(made, kept)


def cancel(
    reservation_id: str, known: Reservation | None, shelves: Shelves, now: datetime
) -> Change[Reservation]:
    """Give back what has not left the house. Of something unknown leave a tombstone."""
    if known is None:
        gone = Reservation(id=reservation_id, status="cancelled", created_at=now)
        return Change(gone, shelves)
    if known.status in ("cancelled", "expired"):
        return Change(known, shelves)
    return _ended(known, "cancelled", shelves)


def look(reservation_id: str, known: Reservation | None, shelves: Shelves) -> Change[Reservation]:
    """Return the reservation, expired if it lost its place. Refuses ``unknown_reservation``."""
    made = _known(reservation_id, known)
    is_there = made.status != "held" or _is_there(made, made.parcels, shelves)
    return Change(made, shelves) if is_there else _ended(made, "expired", shelves)


def expire(
    reservation_id: str, known: Reservation | None, shelves: Shelves, now: datetime
) -> Change[Reservation]:
    """End a reservation that ran out, or lost its place; leave any other as it is. Refuses
    ``unknown_reservation``."""
    made = _known(reservation_id, known)
    ran_out = made.expires_at is not None and made.expires_at <= now
    if made.status == "held" and ran_out:
        return _ended(made, "expired", shelves)
    return look(reservation_id, known, shelves)


def ship(
    reservation_id: str, known: Reservation | None, shelves: Shelves, number: int
) -> Change[Reservation]:
    """Let a parcel leave the house, once; one that came back has left it too.

    Refuses: ``unknown_reservation``, ``unknown_parcel``, ``parcel_released``, or as `reserve` when
    it is over.
    """
    made = _known(reservation_id, known)
    parcel = _parcel_of(made, number)
    if parcel.status in ("shipped", "returned"):
        return Change(made, shelves)
    if over := _over(made, [parcel], shelves):
        return over
    if parcel.status == "released":
        raise Refusal("parcel_released", f"Parcel {number} of {made.id} is released.")
    return Change(
        _with_status(made, parcel, "shipped"),
        _moved(shelves, [parcel], lambda place, _: place.ship(made.id)),
    )


def release(
    reservation_id: str, known: Reservation | None, shelves: Shelves, number: int
) -> Change[Reservation]:
    """Give one parcel back, unless it left the house. Refuses ``unknown_reservation`` and
    ``unknown_parcel``."""
    made = _known(reservation_id, known)
    parcel = _parcel_of(made, number)
    if parcel.status != "reserved":
        return Change(made, shelves)
    return Change(
        _with_status(made, parcel, "released"),
        _moved(shelves, [parcel], lambda place, _: place.release(made.id)),
    )


def restock(
    reservation_id: str, known: Reservation | None, shelves: Shelves, number: int
) -> Change[Reservation]:
    """Put a parcel that came back on hand, once.

    Refuses: ``unknown_reservation``, ``unknown_parcel``, ``parcel_not_shipped``.
    """
    made = _known(reservation_id, known)
    parcel = _parcel_of(made, number)
    if parcel.status == "returned":
        return Change(made, shelves)
    if parcel.status != "shipped":
        raise Refusal("parcel_not_shipped", f"Parcel {number} of {made.id} is not shipped.")
    return Change(
        _with_status(made, parcel, "returned"),
        _moved(shelves, [parcel], lambda place, pile: place.restock(pile.quantity)),
    )


def _same_again(asked: Asked, known: Reservation, shelves: Shelves) -> Change[Reservation]:
    if known.request is not None and known.request != asked.request:
        raise Refusal("idempotency_conflict", f"{known.id} was made with another request.")
    return _over(known, known.parcels, shelves) or Change(known, shelves)


def _over(
    made: Reservation, needed: Iterable[Parcel], shelves: Shelves
) -> Change[Reservation] | None:
    """Return the refusal of a reservation that is over, or lost the place of what is needed. That
    it did is recorded with it: what was refused once is not granted later."""
    if made.status == "cancelled":
        raise Refusal("reservation_cancelled", f"{made.id} is cancelled.")
    refusal = Refusal("hold_expired", f"The reservation {made.id} ran out at {made.expires_at}.")
    if made.status == "expired":
        raise refusal
    if _is_there(made, needed, shelves):
        return None
    ended = _ended(made, "expired", shelves)
    return Change(ended.kept, ended.shelves, refusal)


def _ended(made: Reservation, status: Status, shelves: Shelves) -> Change[Reservation]:
    given_back = _reserved(made)
    shelves = _moved(shelves, given_back, lambda place, _: place.release(made.id))
    for parcel in given_back:
        made = _with_status(made, parcel, "released")
    return Change(made.model_copy(update={"status": status}), shelves)


def _is_there(made: Reservation, needed: Iterable[Parcel], shelves: Shelves) -> bool:
    """Return whether all claims are there of those parcels that are reserved."""
    return all(
        shelves[pile.sku].at(parcel.warehouse).has_claim(made.id)
        for parcel in needed
        if parcel.status == "reserved"
        for pile in parcel.lines
    )


def _moved(
    shelves: Shelves, parcels: Iterable[Parcel], move: Callable[[Place, Pile], Place]
) -> Shelves:
    """Return the shelves with every place changed that the parcels come from."""
    moved = dict(shelves)
    for parcel in parcels:
        for pile in parcel.lines:
            shelf = moved[pile.sku]
            place = move(shelf.at(parcel.warehouse), pile)
            moved[pile.sku] = shelf.with_place(parcel.warehouse, place)
    return moved


def _reserved(made: Reservation) -> list[Parcel]:
    return [parcel for parcel in made.parcels if parcel.status == "reserved"]


def _with_status(made: Reservation, changed: Parcel, status: ParcelStatus) -> Reservation:
    parcels = [
        parcel.model_copy(update={"status": status}) if parcel.number == changed.number else parcel
        for parcel in made.parcels
    ]
    return made.model_copy(update={"parcels": parcels})


def _known(reservation_id: str, known: Reservation | None) -> Reservation:
    if known is None:
        raise Refusal("unknown_reservation", f"There is no reservation {reservation_id}.")
    return known


def _parcel_of(made: Reservation, number: int) -> Parcel:
    for parcel in made.parcels:
        if parcel.number == number:
            return parcel
    raise Refusal("unknown_parcel", f"{made.id} has no parcel {number}.")


def _parcel(number: int, warehouse: str, quantities: Quantities, asked: Asked) -> Parcel:
    piles = [
        Pile(sku=sku, quantity=quantity, unit_price=asked.prices[sku])
        for sku, quantity in quantities.items()
    ]
    return Parcel(number=number, warehouse=warehouse, lines=piles)


def _room(warehouse: str, shelves: Shelves, now: datetime) -> Quantities:
    return {sku: shelf.at(warehouse).free(now) for sku, shelf in shelves.items()}


def _short(wanted: Quantities, missing: Quantities) -> Refusal:
    told = ", ".join(f"{many} of {wanted[sku]} {sku}" for sku, many in missing.items())
    lines = [{"sku": sku, "quantity": many} for sku, many in missing.items()]
    return Refusal("short", f"Not in stock: {told}.", {"missing": lines})
