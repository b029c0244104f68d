"""The calls of an order, as a proxy sees them."""

from systems.orders.tests.shop import INVENTORY, NOTIFICATION, PAYMENT, SHIPPING, WAREHOUSE
from tests.support.every_call import Call

PRICE = Call("price", INVENTORY, "POST", "/quote")
CALLS = [
    Call("check address", SHIPPING, "POST", "/addresses/check"),
    PRICE,
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
    Call("send tracking", NOTIFICATION, "PUT", ":shipped"),
]
UNDONE = {
    "reserve stock": "release stock",
    "authorise": "cancel payment",
    "pick": "put back",
    "buy label": "void label",
    "capture share": "refund share",
}
