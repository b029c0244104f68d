"""The rules of a pick: it is being picked until it is packed, or found short; packed, it is handed
over to the carrier. Undone, what was picked is put back; what was handed over cannot be."""

from typing import Literal

from pydantic import BaseModel

from base.errors import Refusal

Status = Literal["picking", "packed", "short", "handed_over"]


class Pieces(BaseModel, extra="allow"):
    """So many pieces of an article."""

    sku: str
    quantity: int


class Pick(BaseModel, extra="allow"):
    """A pick as it is stored; ``missing`` is what a short one did not find."""

    status: Status = "picking"
    warehouse: str
    lines: list[Pieces]
    missing: list[Pieces] = []
    tracking_number: str | None = None


def packed(pick: Pick) -> Pick:
    """Return the pick with all of it in a parcel. Refuses ``picked_short``."""
    if pick.status == "short":
        raise Refusal("picked_short", "It was found short; it cannot be packed any more.")
    if pick.status != "picking":
        return pick
    return pick.model_copy(update={"status": "packed"})


def short(pick: Pick, missing: list[Pieces]) -> Pick:
    """Return the pick with what was not found. Refuses ``already_packed`` and ``not_of_pick``."""
    if pick.status in ("packed", "handed_over"):
        raise Refusal("already_packed", "It is packed; nothing of it is missing.")
    if pick.status == "short":
        return pick
    wanted = {line.sku: line.quantity for line in pick.lines}
    for pieces in missing:
        if pieces.quantity > wanted.get(pieces.sku, 0):
            raise Refusal("not_of_pick", f"The pick has no {pieces.quantity} {pieces.sku}.")
    return pick.model_copy(update={"status": "short", "missing": missing})


def handed_over(pick: Pick, tracking_number: str) -> Pick:
    """Return the pick with the carrier, under the label with that number.

    Refuses ``not_packed``, and ``idempotency_conflict`` when it left under another label.
    """
    if pick.status == "handed_over":
        if pick.tracking_number != tracking_number:
            raise Refusal("idempotency_conflict", f"It left as {pick.tracking_number}.")
        return pick
    if pick.status != "packed":
        raise Refusal("not_packed", f"It is not packed, but {pick.status}.")
    return pick.model_copy(update={"status": "handed_over", "tracking_number": tracking_number})


def put_back(pick: Pick) -> Pick:
    """Let the pick be undone. Refuses ``handed_over``."""
    if pick.status == "handed_over":
        raise Refusal("handed_over", f"It left the house as {pick.tracking_number}.")
    return pick
