"""What an order hears of the warehouses and the carrier while it waits."""

from sagas import Signal
from systems.orders.answers import Carried, Picked
from systems.orders.participants import SHIPPING, WAREHOUSE

PACKED = Signal("packed", Picked, by="participant", service=WAREHOUSE)
SHORT_PICK = Signal("short_pick", Picked, by="participant", service=WAREHOUSE)
CARRIER = Signal("carrier", Carried, by="participant", service=SHIPPING)
