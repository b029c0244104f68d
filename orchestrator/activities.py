"""The steps' calls, each a short function. A refusal is returned; a fault is raised and retried."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from dapr.ext.workflow import WorkflowActivityContext
from pydantic import BaseModel

from orchestrator import meters
from orchestrator.answers import Charge, FlightReservation, HotelReservation, Offers
from orchestrator.models import Report, TripRecord
from orchestrator.records import CancelComesFirst
from orchestrator.saga import CANCELLED, Answer, Refused
from orchestrator.wiring import endings, records, services

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"

Context = WorkflowActivityContext
_log = logging.getLogger("orchestrator")


class Call(BaseModel):
    """What an activity is given: the id of what it acts on, and the body to send."""

    id: str = ""
    body: dict[str, Any] = {}


Activity = Callable[[Context, Call], Awaitable[Answer]]


async def search_flight(_: Context, call: Call) -> Answer:
    found = await services.invoke(FLIGHT, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "flight")


async def search_hotel(_: Context, call: Call) -> Answer:
    found = await services.invoke(HOTEL, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "hotel")


async def hold_flight(_: Context, call: Call) -> Answer:
    held = await services.invoke(FLIGHT, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, FlightReservation)


async def hold_hotel(_: Context, call: Call) -> Answer:
    held = await services.invoke(HOTEL, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, HotelReservation)


async def cancel_flight(_: Context, call: Call) -> Answer:
    return await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/cancel")


async def cancel_hotel(_: Context, call: Call) -> Answer:
    return await services.invoke(HOTEL, "POST", f"reservations/{call.id}/cancel")


async def extend_flight(_: Context, call: Call) -> Answer:
    return await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/extend", call.body)


async def extend_hotel(_: Context, call: Call) -> Answer:
    return await services.invoke(HOTEL, "POST", f"reservations/{call.id}/extend", call.body)


async def charge(_: Context, call: Call) -> Answer:
    charged = await services.invoke(PAYMENT, "PUT", f"charges/{call.id}", call.body)
    return _checked(charged, Charge)


async def refund(_: Context, call: Call) -> Answer:
    return await services.invoke(PAYMENT, "POST", f"charges/{call.id}/refund")


async def confirm_flight(_: Context, call: Call) -> Answer:
    confirmed = await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, FlightReservation)


async def confirm_hotel(_: Context, call: Call) -> Answer:
    confirmed = await services.invoke(HOTEL, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, HotelReservation)


async def send_confirmation(_: Context, call: Call) -> Answer:
    return await services.invoke(NOTIFICATION, "PUT", f"notifications/{call.id}", call.body)


async def send_cancellation(_: Context, call: Call) -> Answer:
    return await services.invoke(NOTIFICATION, "PUT", f"notifications/{call.id}", call.body)


async def send_refusal(_: Context, call: Call) -> Answer:
    return await services.invoke(NOTIFICATION, "PUT", f"notifications/{call.id}", call.body)


async def keep_record(_: Context, report: Report) -> Answer:
    try:
        kept = await records.keep(report.trip_id, report.progress)
    except CancelComesFirst as cancel:
        return Answer(refusal=Refused(reason=CANCELLED, detail=str(cancel)))
    if kept.ended:
        meters.count_end(kept.progress)
        endings.announce(kept.trip_id)
    elif kept.progress.status == "needs_attention":
        meters.PARKED.inc()
    _log.info("trip %s", kept.progress.status, extra=_facts(kept))
    return Answer()


ALL = (
    search_flight,
    search_hotel,
    hold_flight,
    hold_hotel,
    cancel_flight,
    cancel_hotel,
    extend_flight,
    extend_hotel,
    charge,
    refund,
    confirm_flight,
    confirm_hotel,
    send_confirmation,
    send_cancellation,
    send_refusal,
    keep_record,
)


def _facts(record: TripRecord) -> dict[str, str]:
    halt = record.progress.halt
    why = {"step": halt.step, "reason": halt.reason} if halt else {}
    return {"trip_id": record.trip_id, **why}


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
