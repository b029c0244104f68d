"""What a delivery hears while it waits: of its restaurant, its drivers and its customer."""

from sagas import Signal
from systems.delivery.answers import Driver, Kitchen, cannot
from systems.delivery.participants import DRIVER_SERVICE, RESTAURANT
from systems.delivery.request import Tip


def _of_kitchen(name: str) -> Signal[Kitchen]:
    return Signal(
        name, Kitchen, "participant", cannot, lambda said: said.status, service=RESTAURANT
    )


ANSWER, FOOD = _of_kitchen("answer"), _of_kitchen("food")
DRIVER = Signal(
    "driver",
    Driver,
    "participant",
    told=lambda said: said.status.replace("_", " "),
    service=DRIVER_SERVICE,
)
TIP = Signal("tip", Tip, choices={f"Tip {many} %": Tip(percent=many) for many in (5, 10, 20)})
GONE = Driver(status="lost")
"""What it amounts to when a driver says nothing in time."""
