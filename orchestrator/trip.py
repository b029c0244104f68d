"""The trip saga: search, hold, charge, confirm, tell; or undo and say why."""

from orchestrator import approval
from orchestrator.answers import (
    FLIGHT,
    HOTEL,
    PAYMENT,
    Charge,
    Offers,
    Price,
    Rooms,
    Seats,
    cheapest,
)
from orchestrator.approval import APPROVAL, TripTerms
from orchestrator.mails import CANCELLATION, CONFIRMATION, REFUSAL, tell
from orchestrator.request import TripRequest
from orchestrator.shown import ALSO, SHOWS
from orchestrator.words import EXAMPLE, WORDS
from sagas import Done, Durable, Kind, Saga, Shown, Step

_HOLD = "PUT reservations/{id}"
_CANCEL, _EXTEND, _CONFIRM = (
    f"POST reservations/{{id}}/{d}" for d in ("cancel", "extend", "confirm")
)

# name, service, request, resource, answer, undone by
search_flight = Step("search flight", FLIGHT, "POST search", "", Offers, check=cheapest("flight"))
search_hotel = Step("search hotel", HOTEL, "POST search", "", Offers, check=cheapest("hotel"))
cancel_flight = Step("cancel flight", FLIGHT, _CANCEL, "flight", Shown)
cancel_hotel = Step("cancel hotel", HOTEL, _CANCEL, "hotel", Shown)
hold_flight = Step("hold flight", FLIGHT, _HOLD, "flight", Seats, cancel_flight)
hold_hotel = Step("hold hotel", HOTEL, _HOLD, "hotel", Rooms, cancel_hotel)
extend_flight = Step("extend flight", FLIGHT, _EXTEND, "flight", Done)
extend_hotel = Step("extend hotel", HOTEL, _EXTEND, "hotel", Done)
refund = Step("refund", PAYMENT, "POST charges/{id}/refund", "payment", Shown)
charge = Step("charge", PAYMENT, "PUT charges/{id}", "payment", Charge, refund)
confirm_flight = Step("confirm flight", FLIGHT, _CONFIRM, "flight", Seats, promised=True)
confirm_hotel = Step("confirm hotel", HOTEL, _CONFIRM, "hotel", Rooms, promised=True)


def book(saga: Saga, trip: TripRequest) -> Durable[None]:
    """Book the whole trip or nothing."""
    flight_offer, hotel_offer = yield from _offers(saga, trip)
    flight, hotel = yield from saga.together(
        hold_flight.given(trip.flight, offerId=flight_offer),
        hold_hotel.given(trip.hotel, offerId=hotel_offer),
    )
    total = _total(saga, flight.price, hotel.price)
    if total.amount > saga.terms(TripTerms).approval_limit:
        yield from approval.obtain(saga, extend_flight, extend_hotel)
    yield from saga.run(
        charge.given(customerId=trip.customer_id, amount=total, paymentMethod=trip.payment_method)
    )
    yield from saga.together(confirm_flight, confirm_hotel)


def _offers(saga: Saga, trip: TripRequest) -> Durable[list[str]]:
    """Return the offers named in the request, or else the cheapest found."""
    wanted = ((search_flight, trip.flight), (search_hotel, trip.hotel))
    searches = [step.given(wish) for step, wish in wanted if wish.offer_id is None]
    found = iter((yield from saga.together(*searches)))
    return [wish.offer_id or next(found).offers[0].offer_id for _, wish in wanted]


def _total(saga: Saga, flight: Price, hotel: Price) -> Price:
    if flight.currency != hotel.currency:
        detail = f"The flight is in {flight.currency}, the hotel in {hotel.currency}."
        saga.refuse("total", "mixed_currencies", detail)
    total = Price(amount=flight.amount + hotel.amount, currency=flight.currency)
    saga.show(total=total)
    return total


TRIP = Kind(
    noun="trip",
    done="confirmed",
    request=TripRequest,
    rows={
        "search": [search_flight, search_hotel],
        "hold": [hold_flight, hold_hotel],
        "extend": [extend_flight, extend_hotel],
        "charge": [charge],
        "confirm": [confirm_flight, confirm_hotel],
        "send": [CONFIRMATION, CANCELLATION, REFUSAL],
    },
    signals=[APPROVAL],
    workflows=[book],
    closing=tell,
    owner=lambda trip: trip.customer_id,
    title=lambda trip: f"{trip.flight.origin} → {trip.flight.destination}, {trip.hotel.city}",
    terms=TripTerms,
    reverses=True,
    words=WORDS,
    shows=SHOWS,
    also=ALSO,
    example=EXAMPLE,
)
