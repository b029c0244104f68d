"""How food comes into the hands of a driver: the search, side by side with the cooking."""

from sagas import Durable, Ear, Refused, Saga
from systems.delivery import phases, steps
from systems.delivery.answers import Driver, Kitchen, Quote, Spot
from systems.delivery.heard import DRIVER, FOOD, GONE
from systems.delivery.steps import LOOKS, OFFERS
from systems.delivery.terms import DeliveryTerms


def at_the_counter(
    saga: Saga, terms: DeliveryTerms, quote: Quote, door: Spot
) -> Durable[tuple[str, str]]:
    """Find a driver while it is cooked: the nearest first, one at a time, none twice, in circles
    that widen. Return the offer of the one who has the food, and who that is."""
    within = terms.city(quote.prep_seconds) + terms.wait("grace")
    ready = FOOD.asked(steps.look_for_food, terms.look)
    food = saga.listen(ready, within=within, attempt="ticket")
    asked, circle = list[str](), terms.circle_metres
    for offer in OFFERS:
        ride = {"pickup": quote.pickup, "door": door, "asked": asked}
        seconds, until = terms.wait("offer").total_seconds(), saga.now + terms.wait("search")
        while True:
            made = yield from saga.attempt(offer.given(**ride, within=circle, seconds=seconds))
            if not isinstance(made, Refused):
                break
            is_widest = circle >= terms.widest_metres
            if made.reason != "no_driver" or (is_widest and saga.now >= until):
                saga.refuse(offer.name, made.reason, made.detail)
            if is_widest:
                yield from saga.first(food, within=terms.pause)
            circle = min(2 * circle, terms.widest_metres)
        asked.append(made.driver)
        if (yield from _comes(saga, terms, offer.resource, food)):
            return offer.resource, made.driver
    saga.refuse(steps.offer.name, "no_driver", f"{len(OFFERS)} drivers were asked.")


def _comes(saga: Saga, terms: DeliveryTerms, name: str, food: Ear[Kitchen]) -> Durable[bool]:
    """See a driver from the offer to the counter, until the food is ready and taken. Of one who
    declines, gives back or goes silent before that, the offer is withdrawn."""
    status, ear = "offered", listen(saga, terms, name, "offered")
    while status in LOOKS:
        yield from saga.first(ear, food)
        if ear.said:
            status = phases.later(status, ear.said.status)
            ear = listen(saga, terms, name, status) if status in LOOKS else ear
        if status == "arrived" and food.said:
            taken = yield from saga.attempt(steps.pick_up.about(name))
            status = "lost" if isinstance(taken, Refused) else "picked_up"
            break
    saga.close(ear)
    if status != "picked_up":
        yield from saga.run(steps.withdraw.about(name))
    return status == "picked_up"


def listen(saga: Saga, terms: DeliveryTerms, name: str, status: str) -> Ear[Driver]:
    """Listen to the driver of an offer. Who says nothing in time counts as gone, but not who has
    the food."""
    driver, late = DRIVER.asked(LOOKS[status], terms.look), None if status == "riding" else GONE
    return saga.listen(driver, within=terms.driver(status), attempt=name, late=late)
