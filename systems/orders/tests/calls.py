"""The calls of an order up to the pivot, as a proxy sees them."""

from collections.abc import Callable
from dataclasses import dataclass

from systems.orders.tests.shop import INVENTORY, PAYMENT, SHIPPING, WAREHOUSE
from tests.support.fault_proxy import Seen, about


@dataclass(frozen=True)
class Call:
    """A call of a step: ``path`` is how its path ends. ``names_order``: its order can be told from
    what is sent."""

    step: str
    service: str
    method: str
    path: str
    names_order: bool = True

    def of(self, order_id: str) -> Callable[[Seen], bool]:
        """Match the call of one order; of one that names none, those of all."""
        return about(order_id if self.names_order else "", self.method, self.path)


CALLS = [
    Call("check address", SHIPPING, "POST", "/addresses/check"),
    Call("price", INVENTORY, "POST", "/quote", names_order=False),
    Call("reserve stock", INVENTORY, "PUT", ":stock"),
    Call("authorise", PAYMENT, "PUT", ":payment"),
    Call("keep stock", INVENTORY, "POST", ":stock/confirm"),
    Call("pick", WAREHOUSE, "PUT", ":pick-2"),
    Call("buy label", SHIPPING, "PUT", ":label-2"),
    Call("capture share", PAYMENT, "PUT", "/captures/share-2"),
]
HAND_OVER = Call("hand over", WAREHOUSE, "POST", ":pick-2/hand-over")
FORWARD = [
    HAND_OVER,
    Call("take off stock", INVENTORY, "POST", ":stock/ship"),
    Call("call carrier", SHIPPING, "POST", ":label-2/collect"),
    Call("send tracking", "notification-service", "PUT", ":shipped"),
]
