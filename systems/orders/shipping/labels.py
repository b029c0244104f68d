"""The rules of a label: it is bought once, may be voided until the carrier has the parcel, and then
tells where that is.

The carrier tells each event more than once, and in any order. All events are kept, and what they
say is read in the order in which they happened: the same events always come to the same end.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from base.errors import Refusal
from systems.orders.shipping.addresses import Address

HEAVIEST_GRAMS = 30_000

Told = Literal["in_transit", "delivered", "lost", "returned"]
Status = Literal["bought", "in_transit", "delivered", "lost", "returned"]

# What may follow: a lost parcel may turn up, a delivered one may come back; nothing follows that.
_FOLLOWS: dict[Status, frozenset[Told]] = {
    "bought": frozenset({"in_transit", "delivered", "lost", "returned"}),
    "in_transit": frozenset({"in_transit", "delivered", "lost", "returned"}),
    "lost": frozenset({"in_transit", "delivered", "returned"}),
    "delivered": frozenset({"returned"}),
    "returned": frozenset(),
}


class Event(BaseModel, extra="allow"):
    """What the carrier tells: ``at`` is when it happened, in UTC."""

    id: str
    status: Told
    at: datetime


class Label(BaseModel, extra="allow"):
    """A label as it is stored, its weight in grams; events are in the order they happened."""

    tracking_number: str
    address: Address
    weight: int
    events: list[Event] = []

    @property
    def status(self) -> Status:
        """Where the parcel is, after all events."""
        return after(self.events)


def after(events: Sequence[Event]) -> Status:
    """Return where a parcel is after events that are in the order they happened."""
    status: Status = "bought"
    for event in events:
        if event.status in _FOLLOWS[status]:
            status = event.status
    return status


def buy(tracking_number: str, address: Address, weight: int) -> Label:
    """Return the label. Refuses ``too_heavy``."""
    if weight > HEAVIEST_GRAMS:
        raise Refusal("too_heavy", f"A parcel of {weight} g is above {HEAVIEST_GRAMS} g.")
    return Label(tracking_number=tracking_number, address=address, weight=weight)


def void(label: Label) -> Label:
    """Let the label be undone. Refuses ``label_used``."""
    if label.status != "bought":
        raise Refusal("label_used", f"The carrier has {label.tracking_number}: {label.status}.")
    return label


def tell(label: Label, event: Event) -> Label:
    """Return the label with the event in its place. One that is known changes nothing.

    Refuses ``event_conflict``: the id is that of another event.
    """
    for known in label.events:
        if known.id == event.id:
            if known != event:
                raise Refusal("event_conflict", f"The event {event.id} was another one.")
            return label
    events = sorted([*label.events, event], key=lambda each: (each.at, each.id))
    return label.model_copy(update={"events": events})
