"""What is told of restaurants: stored records and rules' results as wire types."""

from datetime import datetime

from base.wire import Money
from kit.once import Deed
from systems.delivery.geography import Place
from systems.delivery.restaurant import models as wire
from systems.delivery.restaurant.menus import CURRENCY, Restaurant
from systems.delivery.restaurant.quotes import Line, Quote
from systems.delivery.restaurant.tickets import Ticket


def quote(made: Quote) -> wire.QuoteState:
    return wire.QuoteState(
        restaurant=made.restaurant.id,
        name=made.restaurant.name,
        pickup=_spot(made.restaurant.place),
        lines=[_line(line) for line in made.lines],
        food=_money(made.food),
        ride=_money(made.ride),
        prep_seconds=made.restaurant.prep_seconds,
        ride_seconds=made.ride_seconds,
        eta_seconds=made.eta_seconds,
    )


def restaurant(known: Restaurant, now: datetime) -> wire.RestaurantState:
    menu = [
        wire.DishState(id=dish_id, name=dish.name, price=_money(dish.price))
        for dish_id, dish in known.menu.items()
    ]
    return wire.RestaurantState(
        id=known.id,
        name=known.name,
        town=known.town,
        place=_spot(known.place),
        is_open=known.is_open(now),
        zone_metres=known.zone_metres,
        prep_seconds=known.prep_seconds,
        menu=menu,
    )


def ticket(deed: Deed[Ticket]) -> wire.TicketState:
    kept = deed.result
    if kept is None:
        return wire.TicketState(id=deed.id, status="cancelled")
    return wire.TicketState(
        id=deed.id,
        status="cancelled" if deed.status == "undone" else kept.status,
        phase=kept.status,
        restaurant=kept.restaurant,
        lines=[_line(line) for line in kept.lines],
        food=_money(kept.food),
        answer_by=kept.answer_by,
        prep_seconds=kept.prep_seconds,
        reason=kept.reason,
        driver=kept.driver,
        cause=kept.cause,
        fee=None if kept.fee is None else _money(kept.fee),
        payout=None if kept.payout is None else _money(kept.payout),
    )


def _line(line: Line) -> wire.LineState:
    return wire.LineState(
        dish=line.dish, name=line.name, quantity=line.quantity, price=_money(line.price)
    )


def _money(amount: int) -> Money:
    return Money(amount=amount, currency=CURRENCY)


def _spot(place: Place) -> wire.Spot:
    return wire.Spot(latitude=place.latitude, longitude=place.longitude)
