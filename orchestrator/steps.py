"""The steps of a trip: which activity, with which body, how retried, and what undoes it.

Every id comes from the trip's, never from an answer, so any call can be repeated and any undo sent
without having seen what the call answered.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from orchestrator.models import Progress, TripOrder
from orchestrator.saga import Durable, Saga, Step, Stopped
from orchestrator.words import reason


def searches(order: TripOrder) -> list[Step]:
    """Search for what the request names no offer of."""
    flight, hotel = order.request.flight, order.request.hotel
    steps = []
    if flight.offer_id is None:
        steps.append(_step(order, "search flight", "search", body=_wish(flight)))
    if hotel.offer_id is None:
        steps.append(_step(order, "search hotel", "search", body=_wish(hotel)))
    return steps


def holds(order: TripOrder, offers: dict[str, dict[str, Any]]) -> list[Step]:
    """Hold the offers named in the request, or else those found."""
    flight, hotel = order.request.flight, order.request.hotel
    undo_flight, undo_hotel = cancellations(order)
    return [
        _step(
            order,
            "hold flight",
            "hold",
            flight_id(order),
            _wish(flight) | {"offerId": flight.offer_id or offers["search flight"]["offerId"]},
            undo_flight,
            guarded=True,
        ),
        _step(
            order,
            "hold hotel",
            "hold",
            hotel_id(order),
            _wish(hotel) | {"offerId": hotel.offer_id or offers["search hotel"]["offerId"]},
            undo_hotel,
            guarded=True,
        ),
    ]


def extensions(order: TripOrder, until: datetime) -> list[Step]:
    """Let both holds last until then."""
    body = {"until": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return [
        _step(order, "extend flight", "extend", flight_id(order), body),
        _step(order, "extend hotel", "extend", hotel_id(order), body),
    ]


def charge(order: TripOrder, total: dict[str, Any]) -> Step:
    """Charge the total."""
    body = {
        "customerId": order.request.customer_id,
        "amount": total,
        "paymentMethod": order.request.payment_method,
    }
    return _step(order, "charge", "pay", payment_id(order), body, refund(order))


def confirmations(order: TripOrder) -> list[Step]:
    """Confirm both; what undoes it is on the stack since the hold."""
    return [
        _step(order, "confirm flight", "confirm", flight_id(order)),
        _step(order, "confirm hotel", "confirm", hotel_id(order)),
    ]


def cancellations(order: TripOrder) -> list[Step]:
    """Cancel both reservations, whatever state they are in."""
    return [
        _undo(order, "cancel flight", "cancel", flight_id(order)),
        _undo(order, "cancel hotel", "cancel", hotel_id(order)),
    ]


def refund(order: TripOrder) -> Step:
    """Give back what was charged, if anything was."""
    return _undo(order, "refund", "pay", payment_id(order))


def send_confirmation(order: TripOrder, trip: Progress) -> Step:
    """Tell the customer. Past the point of no return: nothing undoes it."""
    assert trip.flight is not None
    assert trip.hotel is not None
    flight, hotel = trip.flight, trip.hotel
    body = {
        "template": "confirmation",
        "to": order.request.customer_email,
        "tripId": order.trip_id,
        "flight": {
            "reservationId": flight["id"],
            "passengers": flight["passengers"],
            "price": flight["price"],
            **_only(flight["flight"], "number", "from", "to", "departure", "arrival"),
        },
        "hotel": {
            "reservationId": hotel["id"],
            "guests": hotel["guests"],
            "price": hotel["price"],
            **_only(hotel["stay"], "name", "city", "checkIn", "checkOut"),
        },
        "total": trip.total,
    }
    return _mail(order, "confirmation", body)


def send_cancellation(order: TripOrder, trip: Progress) -> Step:
    """Tell the customer that the trip is cancelled, and what was given back."""
    body = {
        "template": "cancellation",
        "to": order.request.customer_email,
        "tripId": order.trip_id,
        "refunded": _refunded(trip),
    }
    return _mail(order, "cancellation", body)


def send_refusal(order: TripOrder, trip: Progress) -> Step:
    """Tell the customer that the trip was not booked, and why; nobody waits for this mail."""
    body = {
        "template": "refusal",
        "to": order.request.customer_email,
        "tripId": order.trip_id,
        "why": reason(trip.halt.reason if trip.halt else ""),
        "refunded": _refunded(trip),
    }
    mail = _mail(order, "refusal", body)
    return replace(mail, retry=order.terms.policies.step)


def look(order: TripOrder) -> Step:
    """Look whether the trip is still this workflow's to end."""
    policy = order.terms.policies.look
    return Step("look at record", "keep", policy, order.trip_id, guarded=True)


def keep(order: TripOrder, trip: Progress) -> Step:
    """Put the trip's progress on record."""
    policy = order.terms.policies.record
    return Step("keep record", "keep", policy, order.trip_id, trip, guarded=True)


def put_on_record(saga: Saga, order: TripOrder, trip: Progress) -> Durable[None]:
    """Keep the trip's progress, and forget the lines that will not change: the record has them.

    So what is sent does not grow with the times that somebody is asked for help. The first version
    goes on sending all, for an older replica may keep it in place of what it had.
    """
    yield from saga.record(keep(order, trip))
    if saga.as_first:
        return
    trip.entries[:] = [entry for entry in trip.entries if entry.result == "running"]
    trip.milestones.clear()


def flight_id(order: TripOrder) -> str:
    return f"{order.trip_id}:flight"


def hotel_id(order: TripOrder) -> str:
    return f"{order.trip_id}:hotel"


def payment_id(order: TripOrder) -> str:
    return f"{order.trip_id}:payment"


def total(flight: dict[str, Any], hotel: dict[str, Any]) -> dict[str, Any]:
    """Return what both cost, in minor units. Raises Stopped when they differ in currency."""
    one, other = flight["price"], hotel["price"]
    if one["currency"] != other["currency"]:
        detail = f"The flight is in {one['currency']}, the hotel in {other['currency']}."
        raise Stopped("total", "mixed_currencies", detail, refused=True)
    return {"amount": one["amount"] + other["amount"], "currency": one["currency"]}


def _step(
    order: TripOrder,
    name: str,
    activity: str,
    resource: str = "",
    body: dict[str, Any] | None = None,
    undo: Step | None = None,
    guarded: bool = False,
) -> Step:
    return Step(name, activity, order.terms.policies.step, resource, body or {}, undo, guarded)


def _undo(order: TripOrder, name: str, activity: str, resource: str) -> Step:
    return Step(name, activity, order.terms.policies.undo, resource, guarded=True)


def _mail(order: TripOrder, template: str, body: dict[str, Any]) -> Step:
    resource = f"{order.trip_id}:{template}"
    return Step(f"send {template}", "send", order.terms.policies.mail, resource, body)


def _refunded(trip: Progress) -> dict[str, Any] | None:
    """Return what a refund gave back, or None if nothing had been charged."""
    if trip.charge is None or not trip.charge.get("postings"):
        return None
    amount: dict[str, Any] = trip.charge["amount"]
    return amount


def _wish(wish: Any) -> dict[str, Any]:
    body: dict[str, Any] = wish.model_dump(mode="json", by_alias=True, exclude={"offer_id"})
    return body


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names}
