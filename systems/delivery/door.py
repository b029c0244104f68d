"""How food comes from the counter to the door."""

from sagas import Durable, Saga
from systems.delivery import phases
from systems.delivery.counter import listen
from systems.delivery.heard import TIP
from systems.delivery.request import Tip
from systems.delivery.terms import DeliveryTerms


def to_the_door(saga: Saga, terms: DeliveryTerms, name: str, tip: Tip) -> Durable[Tip]:
    """Follow the driver to the door; return the tip, which the customer may change meanwhile."""
    status, within = "riding", terms.driver("riding")
    ear, tips = listen(saga, terms, name, status), saga.listen(TIP, within=within, late=tip)
    while status != "delivered":
        yield from saga.first(ear, tips)
        if ear.said:
            status = phases.later(status, ear.said.status)
            ear = ear if status == "delivered" else listen(saga, terms, name, status)
        if tips.said:
            tip, tips = tips.said, saga.listen(TIP, within=within, late=tip)
    saga.close(tips)
    return tip
