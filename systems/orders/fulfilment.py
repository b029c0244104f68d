"""The order saga: price, reserve, authorise, pick, label, capture, hand over, follow; or undo."""

from datetime import timedelta
from typing import Any

from sagas import Done, Durable, Kind, Refused, Saga, Show, Shown, Signal, Step
from systems.orders import mail
from systems.orders.order import (
    Carried,
    Choice,
    Label,
    OrderRequest,
    OrderTerms,
    Parcel,
    Picked,
    Quote,
    Stock,
)
from systems.orders.words import EXAMPLE, WORDS

INVENTORY, WAREHOUSE = "inventory-service", "warehouse-service"
SHIPPING, PAYMENT = "shipping-service", "payment-service"
PARCELS = range(1, 4)  # an order has at the most one for each warehouse
_SHARE = "payments/{case}:payment/captures/{resource}"


def _packed(seen: Picked) -> Picked | Refused:
    return Refused(reason="pending", detail="Being packed.") if seen.status == "picking" else seen


def _arrived(seen: Carried) -> Carried | Refused:
    return seen if seen.arrived else Refused(reason="pending", detail="On its way.")


# name, service, request, resource, answer, undone by
check = Step("check address", SHIPPING, "POST addresses/check", "", Done)
price = Step("price", INVENTORY, "POST quote", "", Quote)
release = Step("release stock", INVENTORY, "POST reservations/{id}/cancel", "stock", Shown)
reserve = Step("reserve stock", INVENTORY, "PUT reservations/{id}", "stock", Stock, release)
cancel = Step("cancel payment", PAYMENT, "POST payments/{id}/cancel", "payment", Shown)
authorise = Step("authorise", PAYMENT, "PUT payments/{id}", "payment", Shown, cancel)
keep = Step(
    "keep stock", INVENTORY, "POST reservations/{id}/confirm", "stock", Shown, promised=True
)
put_back = Step("put back", WAREHOUSE, "POST picks/{id}/undo", "pick", Done)
pick = Step("pick", WAREHOUSE, "PUT picks/{id}", "pick", Done, put_back)
look_at_pick = Step("look at pick", WAREHOUSE, "GET picks/{id}", "pick", Picked, check=_packed)
void = Step("void label", SHIPPING, "POST labels/{id}/undo", "label", Shown)
label = Step("buy label", SHIPPING, "PUT labels/{id}", "label", Label, void)
give_back = Step("refund share", PAYMENT, f"POST {_SHARE}/refund", "share", Done)
capture = Step("capture share", PAYMENT, f"PUT {_SHARE}", "share", Done, give_back)
hand_over = Step("hand over", WAREHOUSE, "POST picks/{id}/hand-over", "pick", Done, pivot=True)
ship = Step("take off stock", INVENTORY, "POST reservations/{id}/ship", "stock", Shown)
collect = Step("call carrier", SHIPPING, "POST labels/{id}/collect", "label", Shown)
follow = Step("look at parcel", SHIPPING, "GET labels/{id}", "label", Carried, check=_arrived)
restock = Step("restock", INVENTORY, "POST reservations/{id}/restock", "stock", Shown)

SHORTAGE = Signal(
    "shortage",
    Choice,
    choices={
        "Wait for all of it": Choice(choice="wait"),
        "Send what is there": Choice(choice="ship"),
        "Cancel the order": Choice(choice="cancel"),
    },
)
PACKED = Signal("packed", Picked, by="participant", service=WAREHOUSE)
SHORT_PICK = Signal("short_pick", Picked, by="participant", service=WAREHOUSE)
CARRIER = Signal("carrier", Carried, by="participant", service=SHIPPING)


def fulfil(saga: Saga, order: OrderRequest) -> Durable[None]:
    """Send the whole order, or nothing of it; then see every parcel to its end."""
    _, quote = yield from saga.together(
        check.given(address=order.address), price.given(lines=order.lines)
    )
    saga.show(total=quote.total)
    stock = yield from _reserved(saga, order)
    saga.show(total=stock.total)
    yield from saga.run(
        authorise.given(
            customerId=order.customer_id, amount=stock.total, paymentMethod=order.payment_method
        )
    )
    yield from saga.run(keep)
    yield from _packed_up(saga, stock.parcels)
    labels = yield from saga.together(
        *(
            label.about(f"label-{p.number}").given(address=order.address, weight=p.weight)
            for p in stock.parcels
        )
    )
    yield from saga.together(
        *(capture.about(f"share-{p.number}").given(amount=p.price) for p in stock.parcels)
    )
    yield from _sent(saga, stock.parcels, labels)
    yield from saga.run(mail.shipped(saga.id, order, saga.progress.results))
    for parcel in stock.parcels:
        yield from _followed(saga, order, parcel)


def _reserved(saga: Saga, order: OrderRequest) -> Durable[Stock]:
    """Reserve all, or what the customer decides on when not all is there."""
    terms = saga.terms(OrderTerms)
    partial, within, late = False, terms.wait("decision"), Choice(choice="cancel")
    while True:
        stock = yield from saga.attempt(reserve.given(lines=order.lines, partial=partial))
        if isinstance(stock, Stock):
            return stock
        if stock.reason != "short" or partial:
            saga.refuse(reserve.name, stock.reason, stock.detail)
        said = yield from saga.hear(SHORTAGE, within=within, late=late)
        if said.choice == "cancel":
            saga.refuse(SHORTAGE.name, "out_of_stock", stock.detail)
        # Who waits may change their mind; it is tried again now and then meanwhile.
        partial, within, late = said.choice == "ship", terms.wait("waiting"), said


def _packed_up(saga: Saga, parcels: list[Parcel]) -> Durable[None]:
    """Have the parcels packed side by side, which takes the warehouses hours."""
    yield from saga.together(
        *(
            pick.about(f"pick-{p.number}").given(warehouse=p.warehouse, lines=p.lines)
            for p in parcels
        )
    )
    for parcel in parcels:
        about = f"pick-{parcel.number}"
        seen = yield from saga.first_of(
            PACKED,
            SHORT_PICK,
            within=timedelta(hours=8),
            attempt=about,
            ask=look_at_pick.about(about),
            every=saga.terms(OrderTerms).wait("packing_look"),
        )
        if seen.status == "short":
            missing = ", ".join(line.sku for line in seen.missing)
            saga.refuse(pick.name, "short_pick", f"{parcel.warehouse} does not find {missing}.")


def _sent(saga: Saga, parcels: list[Parcel], labels: tuple[Label, ...]) -> Durable[None]:
    """Give the parcels to the carrier: the pivot. Then the stock has left."""
    yield from saga.together(
        *(
            hand_over.about(f"pick-{p.number}").given(trackingNumber=bought.tracking_number)
            for p, bought in zip(parcels, labels, strict=True)
        )
    )
    for parcel in parcels:
        yield from saga.run(ship.given(parcel=parcel.number))
    yield from saga.together(*(collect.about(f"label-{p.number}") for p in parcels))


def _followed(saga: Saga, order: OrderRequest, parcel: Parcel) -> Durable[None]:
    """Wait until a parcel is delivered. What is lost or comes back is refunded."""
    about = f"label-{parcel.number}"
    seen = Carried(status="handed_over")
    while not seen.arrived:
        seen = yield from saga.hear(
            CARRIER,
            within=timedelta(days=14),
            attempt=about,
            ask=follow.about(about),
            every=saga.terms(OrderTerms).wait("carrier_look"),
        )
    if seen.status == "delivered":
        return
    if seen.status == "returned":
        yield from saga.run(restock.given(parcel=parcel.number))
    yield from saga.run(give_back.about(f"share-{parcel.number}"))
    results = saga.progress.results
    yield from saga.run(mail.refunded(saga.id, order, parcel, seen.status, results))


def _each(step: Step[Any], what: str) -> list[Step[Any]]:
    return [step.about(f"{what}-{number}") for number in PARCELS]


ORDER = Kind(
    noun="order",
    done="fulfilled",
    request=OrderRequest,
    rows={
        "check": [check, price],
        "reserve": [reserve],
        "authorise": [authorise],
        "keep stock": [keep],
        "pick": _each(pick, "pick"),
        "look": [look_at_pick, follow],
        "label": _each(label, "label"),
        "capture": _each(capture, "share"),
        "hand over": [hand_over],
        "ship": [ship],
        "collect": [collect],
        "return": [restock],
        "send": [mail.SHIPPED, mail.REFUNDED, mail.CANCELLED, mail.REJECTED],
    },
    signals=[SHORTAGE, PACKED, SHORT_PICK, CARRIER],
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
