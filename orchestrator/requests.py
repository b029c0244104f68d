"""What each step asks of which service, and what the saga needs of the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from orchestrator.answers import Charge, FlightReservation, HotelReservation, Offers
from orchestrator.calls import Answer, Refused

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"


@dataclass(frozen=True)
class Request:
    """One request: ``{id}`` in its path is that of the resource that the step is about.

    ``needed`` is what must be in the answer; ``taken`` says what the saga takes of it.
    """

    service: str
    verb: str
    path: str
    needed: type[BaseModel] | None = None
    taken: Callable[[Answer], Answer] | None = None

    def read(self, answer: Answer) -> Answer:
        """Return what the saga takes of an answer. Raises ValidationError when it lacks that."""
        if answer.refusal:
            return answer
        if self.needed:
            self.needed.model_validate(answer.value)
        return self.taken(answer) if self.taken else answer


def _cheapest(what: str, found: Answer) -> Answer:
    offers = found.value["offers"]
    if not offers:
        return Answer(refusal=Refused(reason="sold_out", detail=f"No {what} fits the request."))
    return Answer(value=min(offers, key=lambda offer: offer["price"]["amount"]))


_RESERVATION = "reservations/{id}"
_MAIL = Request(NOTIFICATION, "PUT", "notifications/{id}")

REQUESTS = {
    "search flight": Request(FLIGHT, "POST", "search", Offers, partial(_cheapest, "flight")),
    "search hotel": Request(HOTEL, "POST", "search", Offers, partial(_cheapest, "hotel")),
    "hold flight": Request(FLIGHT, "PUT", _RESERVATION, FlightReservation),
    "hold hotel": Request(HOTEL, "PUT", _RESERVATION, HotelReservation),
    "extend flight": Request(FLIGHT, "POST", f"{_RESERVATION}/extend"),
    "extend hotel": Request(HOTEL, "POST", f"{_RESERVATION}/extend"),
    "charge": Request(PAYMENT, "PUT", "charges/{id}", Charge),
    "confirm flight": Request(FLIGHT, "POST", f"{_RESERVATION}/confirm", FlightReservation),
    "confirm hotel": Request(HOTEL, "POST", f"{_RESERVATION}/confirm", HotelReservation),
    "cancel flight": Request(FLIGHT, "POST", f"{_RESERVATION}/cancel"),
    "cancel hotel": Request(HOTEL, "POST", f"{_RESERVATION}/cancel"),
    "refund": Request(PAYMENT, "POST", "charges/{id}/refund"),
    "send confirmation": _MAIL,
    "send cancellation": _MAIL,
    "send refusal": _MAIL,
}
