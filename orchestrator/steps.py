"""The steps of a trip: which activity, with which body, how retried, and what undoes it.

Every id comes from the trip's, never from an answer, so any call can be repeated and any undo sent
without having seen what the call answered.
"""

from typing import Any

from orchestrator import activities, policies
from orchestrator.activities import Call
from orchestrator.models import Progress, TripOrder, TripRequest
from orchestrator.saga import Step, Stopped


def searches(request: TripRequest) -> list[Step]:
    """Search for what the request names no offer of."""
    steps = []
    if request.flight.offer_id is None:
        steps.append(_step("search flight", activities.search_flight, body=_wish(request.flight)))
    if request.hotel.offer_id is None:
        steps.append(_step("search hotel", activities.search_hotel, body=_wish(request.hotel)))
    return steps


def holds(order: TripOrder, offers: dict[str, dict[str, Any]]) -> list[Step]:
    """Hold the offers named in the request, or else those found."""
    flight, hotel = order.request.flight, order.request.hotel
    flight_id, hotel_id = f"{order.trip_id}:flight", f"{order.trip_id}:hotel"
    return [
        _step(
            "hold flight",
            activities.hold_flight,
            flight_id,
            _wish(flight) | {"offerId": flight.offer_id or offers["search flight"]["offerId"]},
            undo=_undo("cancel flight", activities.cancel_flight, flight_id),
        ),
        _step(
            "hold hotel",
            activities.hold_hotel,
            hotel_id,
            _wish(hotel) | {"offerId": hotel.offer_id or offers["search hotel"]["offerId"]},
            undo=_undo("cancel hotel", activities.cancel_hotel, hotel_id),
        ),
    ]


def charge(order: TripOrder, total: dict[str, Any]) -> Step:
    """Charge the total."""
    charge_id = f"{order.trip_id}:payment"
    body = {
        "customerId": order.request.customer_id,
        "amount": total,
        "paymentMethod": order.request.payment_method,
    }
    undo = _undo("refund", activities.refund, charge_id)
    return _step("charge", activities.charge, charge_id, body, undo=undo)


def confirmations(order: TripOrder) -> list[Step]:
    """Confirm both; what undoes it is on the stack since the hold."""
    return [
        _step("confirm flight", activities.confirm_flight, f"{order.trip_id}:flight"),
        _step("confirm hotel", activities.confirm_hotel, f"{order.trip_id}:hotel"),
    ]


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
    call = Call(id=f"{order.trip_id}:confirmation", body=body)
    return Step(
        "send confirmation",
        activities.send_confirmation,
        call,
        policies.INSIST,
        resource=call.id,
    )


def total(flight: dict[str, Any], hotel: dict[str, Any]) -> dict[str, Any]:
    """Return what both cost, in minor units. Raises Stopped when they differ in currency."""
    one, other = flight["price"], hotel["price"]
    if one["currency"] != other["currency"]:
        detail = f"The flight is in {one['currency']}, the hotel in {other['currency']}."
        raise Stopped("total", "mixed_currencies", detail, refused=True)
    return {"amount": one["amount"] + other["amount"], "currency": one["currency"]}


def _step(
    name: str,
    activity: activities.Activity,
    resource_id: str = "",
    body: dict[str, Any] | None = None,
    undo: Step | None = None,
) -> Step:
    call = Call(id=resource_id, body=body or {})
    return Step(name, activity, call, policies.STEP, undo, resource_id)


def _undo(name: str, activity: activities.Activity, resource_id: str) -> Step:
    return Step(name, activity, Call(id=resource_id), policies.UNDO, resource=resource_id)


def _wish(wish: Any) -> dict[str, Any]:
    body: dict[str, Any] = wish.model_dump(mode="json", by_alias=True, exclude={"offer_id"})
    return body


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names}
