"""What an order hears while it waits: of its customer, the warehouses and the carrier."""

from typing import Literal

from base.wire import Wire
from sagas import Signal
from systems.orders.answers import SHIPPING, WAREHOUSE, Carried, Picked


class Choice(Wire):
    """What the customer wants done when not all is there: ``wait`` for it, have ``ship``ped what
    is there, or ``cancel``."""

    choice: Literal["wait", "ship", "cancel"]


SHORTAGE = Signal(
    "shortage",
    Choice,
    choices={
        "Wait for all of it": Choice(choice="wait"),
        "Send what is there": Choice(choice="ship"),
        "Cancel the order": Choice(choice="cancel"),
    },
    of_owner=True,
)
PACKED = Signal("packed", Picked, by="participant", service=WAREHOUSE)
SHORT_PICK = Signal("short_pick", Picked, by="participant", service=WAREHOUSE)
CARRIER = Signal("carrier", Carried, by="participant", service=SHIPPING)
