"""What each step calls, each a short function, and the activities that make the calls.

A refusal is returned; a fault is raised and retried.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from dapr.ext.workflow import WorkflowActivityContext
from pydantic import BaseModel

from base.errors import Unavailable
from orchestrator import meters
from orchestrator.answers import Charge, FlightReservation, HotelReservation, Offers
from orchestrator.calls import Answer, Call, Calls, Made, Outcomes, Refused, settle
from orchestrator.models import OVER, TERMINAL, Progress, TripRecord
from orchestrator.records import CancelComesFirst
from orchestrator.saga import CANCELLED
from orchestrator.wiring import endings, records, services

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"

_LOOK_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)

Context = WorkflowActivityContext
_log = logging.getLogger("orchestrator")


async def search_flight(call: Call) -> Answer:
    found = await services.invoke(FLIGHT, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "flight")


async def search_hotel(call: Call) -> Answer:
    found = await services.invoke(HOTEL, "POST", "search", call.body)
    return _cheapest(_checked(found, Offers), "hotel")


async def hold_flight(call: Call) -> Answer:
    held = await services.invoke(FLIGHT, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, FlightReservation)


async def hold_hotel(call: Call) -> Answer:
    held = await services.invoke(HOTEL, "PUT", f"reservations/{call.id}", call.body)
    return _checked(held, HotelReservation)


async def cancel_flight(call: Call) -> Answer:
    return await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/cancel")


async def cancel_hotel(call: Call) -> Answer:
    return await services.invoke(HOTEL, "POST", f"reservations/{call.id}/cancel")


async def extend_flight(call: Call) -> Answer:
    return await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/extend", call.body)


async def extend_hotel(call: Call) -> Answer:
    return await services.invoke(HOTEL, "POST", f"reservations/{call.id}/extend", call.body)


async def charge(call: Call) -> Answer:
    charged = await services.invoke(PAYMENT, "PUT", f"charges/{call.id}", call.body)
    return _checked(charged, Charge)


async def refund(call: Call) -> Answer:
    return await services.invoke(PAYMENT, "POST", f"charges/{call.id}/refund")


async def confirm_flight(call: Call) -> Answer:
    confirmed = await services.invoke(FLIGHT, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, FlightReservation)


async def confirm_hotel(call: Call) -> Answer:
    confirmed = await services.invoke(HOTEL, "POST", f"reservations/{call.id}/confirm")
    return _checked(confirmed, HotelReservation)


async def send_mail(call: Call) -> Answer:
    return await services.invoke(NOTIFICATION, "PUT", f"notifications/{call.id}", call.body)


async def look_at_record(call: Call) -> Answer:
    """Refuse what a workflow would do whose trip has ended, or is in the hands of another one.

    Answers whether the trip's workflow was started ``again``.
    """
    trip_id = call.id.partition(":")[0]
    record = await records.get(trip_id)
    if record is None:
        raise Unavailable(f"There is no record of {trip_id}.")
    if record.ended or record.workflow_id != call.by:
        detail = f"The trip is {record.progress.status}, in the hands of {record.workflow_id}."
        return Answer(refusal=Refused(reason=OVER, detail=detail))
    return Answer(value={"again": record.again})


async def keep_record(call: Call) -> Answer:
    try:
        kept = await records.keep(call.id, _closed(Progress.model_validate(call.body)), call.by)
    except CancelComesFirst as cancel:
        return Answer(refusal=Refused(reason=CANCELLED, detail=str(cancel)))
    if not kept.is_by(call.by):
        return Answer()
    if kept.ended:
        meters.count_end(kept.progress)
        endings.announce(kept)
    elif kept.progress.status == "needs_attention":
        meters.PARKED.inc()
    _log.info("trip %s", kept.progress.status, extra=_facts(kept))
    return Answer()


async def search(_: Context, calls: Calls) -> Outcomes:
    return await settle(calls, {"search flight": search_flight, "search hotel": search_hotel})


async def hold(_: Context, calls: Calls) -> Outcomes:
    by_step = {"hold flight": hold_flight, "hold hotel": hold_hotel}
    return await settle(calls, _guarded(calls, by_step))


async def extend(_: Context, calls: Calls) -> Outcomes:
    return await settle(calls, {"extend flight": extend_flight, "extend hotel": extend_hotel})


async def pay(_: Context, calls: Calls) -> Outcomes:
    return await settle(calls, _guarded(calls, {"charge": charge, "refund": refund}))


async def confirm(_: Context, calls: Calls) -> Outcomes:
    return await settle(calls, {"confirm flight": confirm_flight, "confirm hotel": confirm_hotel})


async def cancel(_: Context, calls: Calls) -> Outcomes:
    by_step = {"cancel flight": cancel_flight, "cancel hotel": cancel_hotel}
    return await settle(calls, _guarded(calls, by_step))


async def send(_: Context, calls: Calls) -> Outcomes:
    mails = ("send confirmation", "send cancellation", "send refusal")
    return await settle(calls, dict.fromkeys(mails, send_mail) | {"keep record": keep_record})


async def keep(_: Context, calls: Calls) -> Outcomes:
    by_step = {"keep record": keep_record, "look at record": look_at_record}
    return await settle(calls, by_step)


ALL = (search, hold, extend, pay, confirm, cancel, send, keep)


def _guarded(calls: Calls, by_step: Mapping[str, Made]) -> Mapping[str, Made]:
    """Let the calls that say by which workflow they are made be made only if that one counts.

    Dapr runs a workflow again that is started again, and one that was given up can come back.
    """
    guarded = [call for call in calls.calls if call.by]
    if not guarded:
        return by_step
    looking = asyncio.create_task(_patiently(guarded[0]))

    def if_it_counts(make: Made) -> Made:
        async def made(call: Call) -> Answer:
            seen = await looking if call.by else Answer()
            return seen if seen.refusal else await make(call)

        return made

    return {step: if_it_counts(make) for step, make in by_step.items()}


async def _patiently(call: Call) -> Answer:
    """Look at the record, if need be for some seconds: its store is not what the call is about, so
    the few tries of the step are not to be used up by it."""
    for pause in _LOOK_PAUSES:
        with suppress(Unavailable):
            return await look_at_record(call)
        await asyncio.sleep(pause)
    return await look_at_record(call)


def _closed(progress: Progress) -> Progress:
    """Return an end as it is once it is on record: what it was recorded after has been done."""
    if progress.status in TERMINAL:
        progress.step = None
        for entry in progress.entries:
            if entry.result == "running":
                entry.result, entry.ended_at = "done", datetime.now(UTC)
    return progress


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
