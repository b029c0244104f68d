"""A shortage: what the customer is asked when not all is there, and how long that is waited for."""

from typing import Literal

from base.wire import Wire
from sagas import Durable, Saga, Signal, Step
from systems.orders.answers import Stock
from systems.orders.terms import OrderTerms


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


def settle(saga: Saga, reserve: Step[Stock]) -> Durable[Stock]:
    """Reserve all with this step, or what the customer decides on when not all is there."""
    terms = saga.terms(OrderTerms)
    partial, within, late = False, terms.wait("decision"), Choice(choice="cancel")
    while True:
        stock = yield from saga.attempt(reserve.given(**reserve.body, partial=partial))
        if isinstance(stock, Stock):
            return stock
        if stock.reason != "short" or partial:
            saga.refuse(reserve.name, stock.reason, stock.detail)
        said = yield from saga.hear(SHORTAGE, within=within, late=late)
        if said.choice == "cancel":
            saga.refuse(SHORTAGE.name, "out_of_stock", stock.detail)
        # Who waits may change their mind; it is tried again now and then meanwhile.
        partial, within, late = said.choice == "ship", terms.wait("waiting"), said
