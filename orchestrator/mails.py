"""What the customer is told of a trip's end."""

from typing import Any

from orchestrator.answers import NOTIFICATION
from orchestrator.request import TripRequest
from orchestrator.words import WORDS
from sagas import Done, Progress, Step

_SEND = "PUT notifications/{id}"
CONFIRMATION = Step("send confirmation", NOTIFICATION, _SEND, "confirmation", Done)
CANCELLATION = Step("send cancellation", NOTIFICATION, _SEND, "cancellation", Done)
REFUSAL = Step("send refusal", NOTIFICATION, _SEND, "refusal", Done)


def tell(trip_id: str, trip: TripRequest, ended: Progress) -> Step[Done]:
    """Tell the customer that the trip is confirmed, cancelled, or was not booked, and why."""
    about: dict[str, Any] = {"to": trip.customer_email, "tripId": trip_id}
    if ended.succeeded:
        return CONFIRMATION.given(template="confirmation", **about, **_booked(ended.results))
    about["refunded"] = _refunded(ended.results.get("payment"))
    if ended.status == "cancelled":
        return CANCELLATION.given(template="cancellation", **about)
    why = WORDS.reason(ended.halt.reason if ended.halt else "")
    return REFUSAL.given(template="refusal", **about, why=why)


def _booked(results: dict[str, Any]) -> dict[str, Any]:
    flight, hotel = results["flight"], results["hotel"]
    return {
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
        "total": results["total"],
    }


def _refunded(charge: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what a refund gave back, or None if nothing had been charged."""
    return charge["amount"] if charge and charge.get("postings") else None


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names}
