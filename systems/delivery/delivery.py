"""The delivery saga: price, authorise, order, hand over to a driver, to the door, pay; or undo."""

from sagas import Durable, Kind, Saga, Show
from systems.delivery import mail, phases, steps
from systems.delivery.answers import Bill, Quote, Spot
from systems.delivery.counter import at_the_counter
from systems.delivery.door import to_the_door
from systems.delivery.heard import ANSWER, DRIVER, FOOD, TIP
from systems.delivery.request import DeliveryRequest, Tip
from systems.delivery.terms import DeliveryTerms
from systems.delivery.words import EXAMPLE, WORDS


def bring(saga: Saga, order: DeliveryRequest) -> Durable[None]:
    """Bring food from a restaurant to a door, or leave nothing behind."""
    terms = saga.terms(DeliveryTerms)
    door = Spot(latitude=order.door.latitude, longitude=order.door.longitude)
    dishes = {"restaurant": order.restaurant, "lines": order.lines}
    quote = yield from saga.run(steps.price.given(**dishes, door=door))
    saga.show(quote=quote)
    yield from saga.run(
        steps.authorise.given(
            customerId=order.customer_id, amount=quote.most, paymentMethod=order.payment_method
        )
    )
    within, answer = terms.wait("answer"), ANSWER.asked(steps.look_for_answer, terms.look)
    yield from saga.run(steps.send.given(**dishes, answerSeconds=within.total_seconds()))
    yield from saga.hear(answer, within, attempt="ticket")
    name, driver = yield from at_the_counter(saga, terms, quote, door)
    yield from saga.run(steps.hand_over.given(driver=driver))
    yield from saga.run(steps.ride.about(name))
    tip = yield from to_the_door(saga, terms, name, order.tip)
    yield from _paid(saga, quote, tip, name)
    yield from saga.run(mail.receipt(saga.id, order, saga.progress.results))


def _paid(saga: Saga, quote: Quote, tip: Tip, name: str) -> Durable[None]:
    """Capture what it came to, and pay restaurant and driver."""
    bill = Bill.of(quote, tip.percent)
    yield from saga.run(steps.capture.given(amount=bill.captured))
    yield from saga.together(
        steps.pay_restaurant.given(amount=bill.restaurant),
        steps.pay_driver.about(name).given(amount=bill.driver),
    )
    saga.show(bill=bill)


DELIVERY = Kind(
    noun="delivery",
    nouns="deliveries",
    done="delivered",
    request=DeliveryRequest,
    rows={
        "quote": [steps.price],
        "authorise": [steps.authorise],
        "send order": [steps.send],
        "offer": steps.OFFERS,
        "pick up": [steps.pick_up],
        "hand over": [steps.hand_over],
        "ride": [steps.ride],
        "capture": [steps.capture],
        "pay": [steps.pay_restaurant, steps.pay_driver],
        "look": [steps.look_for_answer, steps.look_for_food, *steps.LOOKS.values()],
        "send": [mail.RECEIPT, mail.CANCELLED, mail.REJECTED],
    },
    signals=[ANSWER, FOOD, DRIVER, TIP],
    workflows=[bring],
    terms=DeliveryTerms,
    closing=mail.end,
    owner=lambda order: order.customer_id,
    title=lambda order: f"{order.restaurant} to {order.door.address}",
    words=WORDS,
    shows=[Show("phase", phases.Phase, lambda _, progress, __: phases.phase(progress), True)],
    example=EXAMPLE,
)
