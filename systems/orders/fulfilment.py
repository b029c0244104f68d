"""The order saga: price, reserve, authorise, pick, label, capture, hand over, follow; or undo."""

from datetime import timedelta

from sagas import Done, Durable, Kind, Saga, Show, Shown, Step
from systems.orders import mail, shortage
from systems.orders.answers import Carried, Label, Parcel, Picked, Quote, Stock
from systems.orders.heard import CARRIER, PACKED, SHORT_PICK
from systems.orders.participants import INVENTORY, PAYMENT, SHIPPING, WAREHOUSE
from systems.orders.request import OrderRequest
from systems.orders.terms import OrderTerms
from systems.orders.words import EXAMPLE, WORDS

PARCELS = range(1, 4)  # an order has at the most one for each warehouse
_STOCK, _SHARE = "reservations/{id}", "payments/{case}:payment/captures/{resource}"
_PACKED_WITHIN, _BROUGHT_WITHIN = timedelta(hours=8), timedelta(days=14)

# name, service, request, resource, answer, undone by
check = Step("check address", SHIPPING, "POST addresses/check", "", Done)
price = Step("price", INVENTORY, "POST quote", "", Quote)
release = Step("release stock", INVENTORY, f"POST {_STOCK}/cancel", "stock", Shown)
reserve = Step("reserve stock", INVENTORY, f"PUT {_STOCK}", "stock", Stock, release)
cancel = Step("cancel payment", PAYMENT, "POST payments/{id}/cancel", "payment", Shown)
authorise = Step("authorise", PAYMENT, "PUT payments/{id}", "payment", Shown, cancel)
keep = Step("keep stock", INVENTORY, f"POST {_STOCK}/confirm", "stock", Shown, promised=True)
put_back = Step("put back", WAREHOUSE, "POST picks/{id}/undo", "pick", Done)
pick = Step("pick", WAREHOUSE, "PUT picks/{id}", "pick", Done, put_back)
look_at_pick = Step("look at pick", WAREHOUSE, "GET picks/{id}", "pick", Picked, check=Picked.known)
void = Step("void label", SHIPPING, "POST labels/{id}/undo", "label", Shown)
label = Step("buy label", SHIPPING, "PUT labels/{id}", "label", Label, void)
give_back = Step("refund share", PAYMENT, f"POST {_SHARE}/refund", "share", Done)
capture = Step("capture share", PAYMENT, f"PUT {_SHARE}", "share", Done, give_back)
hand_over = Step("hand over", WAREHOUSE, "POST picks/{id}/hand-over", "pick", Done, pivot=True)
ship = Step("take off stock", INVENTORY, f"POST {_STOCK}/ship", "stock", Shown)
collect = Step("call carrier", SHIPPING, "POST labels/{id}/collect", "label", Shown)
follow = Step("look at parcel", SHIPPING, "GET labels/{id}", "label", Carried, check=Carried.known)
restock = Step("restock", INVENTORY, f"POST {_STOCK}/restock", "stock", Shown)


def fulfil(saga: Saga, order: OrderRequest) -> Durable[None]:
    """Send the whole order, or nothing of it; then see every parcel to its end."""
    _, quote = yield from saga.together(
        check.given(address=order.address), price.given(lines=order.lines)
    )
    saga.show(total=quote.total)
    stock = yield from shortage.settle(saga, reserve.given(lines=order.lines))
    parcels, total = stock.parcels, stock.total
    saga.show(total=total)
    yield from saga.run(
        authorise.given(
            customerId=order.customer_id, amount=total, paymentMethod=order.payment_method
        )
    )
    yield from saga.run(keep)
    yield from _packed_up(saga, parcels)
    labels = yield from saga.together(
        *(label.nth(p.number).given(address=order.address, weight=p.weight) for p in parcels)
    )
    yield from saga.together(*(capture.nth(p.number).given(amount=p.price) for p in parcels))
    labelled = zip(parcels, labels, strict=True)
    # The pivot: the parcels are the carrier's. Then the stock has left.
    yield from saga.together(
        *(hand_over.nth(p.number).given(trackingNumber=tag.tracking_number) for p, tag in labelled)
    )
    for parcel in parcels:
        yield from saga.run(ship.given(parcel=parcel.number))
    yield from saga.together(*(collect.nth(p.number) for p in parcels))
    yield from saga.run(mail.shipped(saga.id, order, saga.progress.results))
    for parcel in parcels:
        yield from _followed(saga, order, parcel)


def _packed_up(saga: Saga, parcels: list[Parcel]) -> Durable[None]:
    """Have the parcels packed side by side, which takes the warehouses hours."""
    yield from saga.together(
        *(pick.nth(p.number).given(warehouse=p.warehouse, lines=p.lines) for p in parcels)
    )
    packed = PACKED.asked(look_at_pick, saga.terms(OrderTerms).wait("packing_look"))
    for parcel in parcels:
        about = f"pick-{parcel.number}"
        seen = yield from saga.first_of(packed, SHORT_PICK, within=_PACKED_WITHIN, attempt=about)
        if seen.status == "short":
            missing = ", ".join(line.sku for line in seen.missing)
            saga.refuse(pick.name, "short_pick", f"{parcel.warehouse} does not find {missing}.")


def _followed(saga: Saga, order: OrderRequest, parcel: Parcel) -> Durable[None]:
    """Wait until a parcel is delivered. What is lost or comes back is refunded."""
    carrier = CARRIER.asked(follow, saga.terms(OrderTerms).wait("carrier_look"))
    about, seen = f"label-{parcel.number}", Carried(status="handed_over")
    while not seen.arrived:
        seen = yield from saga.hear(carrier, within=_BROUGHT_WITHIN, attempt=about)
    if seen.status == "delivered":
        return
    if seen.status == "returned":
        yield from saga.run(restock.given(parcel=parcel.number))
    yield from saga.run(give_back.nth(parcel.number))
    yield from saga.run(mail.refunded(saga.id, order, parcel, seen.status, saga.progress.results))


ORDER = Kind(
    noun="order",
    done="fulfilled",
    request=OrderRequest,
    rows={
        "check": [check, price],
        "reserve": [reserve],
        "authorise": [authorise],
        "keep stock": [keep],
        "pick": [pick.nth(n) for n in PARCELS],
        "look": [look_at_pick, follow],
        "label": [label.nth(n) for n in PARCELS],
        "capture": [capture.nth(n) for n in PARCELS],
        "hand over": [hand_over],
        "ship": [ship],
        "collect": [collect],
        "return": [restock],
        "send": [mail.SHIPPED, mail.REFUNDED, mail.CANCELLED, mail.REJECTED],
    },
    signals=[shortage.SHORTAGE, PACKED, SHORT_PICK, CARRIER],
    workflows=[fulfil],
    terms=OrderTerms,
    closing=mail.end,
    owner=lambda order: order.customer_id,
    title=lambda order: (
        f"{sum(line.quantity for line in order.lines)} pieces to {order.address.city}"
    ),
    words=WORDS,
    shows=[Show("total", dict[str, object] | None, lambda _, p, __: p.results.get("total"), True)],
    example=EXAMPLE,
)
