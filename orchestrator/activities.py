"""The steps' calls, each a short function. A refusal is returned; a fault is raised and retried."""

from collections.abc import Awaitable, Callable
from typing import Any

from dapr.ext.workflow import WorkflowActivityContext
from pydantic import BaseModel

from orchestrator.answers import Charge, FlightReservation, HotelReservation, Offers
from orchestrator.models import Conclusion
from orchestrator.saga import Answer, Refused
from orchestrator.wiring import endings, records, sidecar

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"

Context = WorkflowActivityContext


class Call(BaseModel):
    """What an activity is given: the id of what it acts on, and the body to send."""

    id: str = ""
    body: dict[str, Any] = {}


Activity = Callable[[Context, Call], Awaitable[Answer]]


async def search_flight(_: Context, call: Call) -> Answer:
    found = await sidecar.invoke(FLIGHT, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "flight")


async def search_hotel(_: Context, call: Call) -> Answer:
    found = await sidecar.invoke(HOTEL, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "hotel")


async def hold_flight(_: Context, call: Call) -> Answer:
    held = await sidecar.invoke(FLIGHT, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, FlightReservation)


async def hold_hotel(_: Context, call: Call) -> Answer:
    held = await sidecar.invoke(HOTEL, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, HotelReservation)


async def cancel_flight(_: Context, call: Call) -> Answer:
    return await sidecar.invoke(FLIGHT, "POST", f"reservations/{call.id}/cancel")


async def cancel_hotel(_: Context, call: Call) -> Answer:
    return await sidecar.invoke(HOTEL, "POST", f"reservations/{call.id}/cancel")


async def charge(_: Context, call: Call) -> Answer:
    charged = await sidecar.invoke(PAYMENT, "PUT", f"charges/{call.id}", call.body)
    return _checked(charged, Charge)


async def refund(_: Context, call: Call) -> Answer:
    return await sidecar.invoke(PAYMENT, "POST", f"charges/{call.id}/refund")


async def confirm_flight(_: Context, call: Call) -> Answer:
    confirmed = await sidecar.invoke(FLIGHT, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, FlightReservation)


async def confirm_hotel(_: Context, call: Call) -> Answer:
    confirmed = await sidecar.invoke(HOTEL, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, HotelReservation)


async def send_confirmation(_: Context, call: Call) -> Answer:
    return await sidecar.invoke(NOTIFICATION, "PUT", f"notifications/{call.id}", call.body)


async def conclude(_: Context, conclusion: Conclusion) -> Answer:
    await records.conclude(conclusion.trip_id, conclusion.progress)
    endings.announce(conclusion.trip_id)
    return Answer()


ALL = (
    search_flight,
    search_hotel,
    hold_flight,
    hold_hotel,
    cancel_flight,
    cancel_hotel,
    charge,
    refund,
    confirm_flight,
    confirm_hotel,
    send_confirmation,
    conclude,
)


def _checked(answer: Answer, needed: type[BaseModel]) -> Answer:
    """Return the answer as it is. Raises ValidationError when it lacks what the saga needs."""
    if answer.refusal is None:
        needed.model_validate(answer.value)
    return answer


def _cheapest(found: Answer, what: str) -> Answer:
    if found.refusal:
        return found
    offers = found.value["offers"]
    if not offers:
        return Answer(refusal=Refused(reason="sold_out", detail=f"No {what} fits the request."))
    return Answer(value=min(offers, key=lambda offer: offer["price"]["amount"]))
