"""The activities: each makes the calls of the steps that run together in it.

A refusal is returned; a fault is raised and retried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from dapr.ext.workflow import WorkflowActivityContext

from base.errors import Unavailable
from orchestrator import meters
from orchestrator.calls import Answer, Call, Calls, Made, Outcomes, Refused, settle
from orchestrator.endings import Endings
from orchestrator.models import OVER, TERMINAL, Progress, TripRecord
from orchestrator.participants import Participants
from orchestrator.records import CancelComesFirst, TripRecords
from orchestrator.requests import REQUESTS
from orchestrator.saga import CANCELLED

Activity = Callable[[WorkflowActivityContext, Calls], Awaitable[Outcomes]]

LOOK, KEEP = "look at record", "keep record"
ROWS: Mapping[str, Sequence[str]] = {
    "search": ("search flight", "search hotel"),
    "hold": ("hold flight", "hold hotel"),
    "extend": ("extend flight", "extend hotel"),
    "pay": ("charge", "refund"),
    "confirm": ("confirm flight", "confirm hotel"),
    "cancel": ("cancel flight", "cancel hotel"),
    "send": ("send confirmation", "send cancellation", "send refusal", KEEP),
    "keep": (KEEP, LOOK),
}
"""The steps of each activity. Its name is what the engine's histories and traces say."""

_LOOK_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
_log = logging.getLogger("orchestrator")


class Activities:
    """The activities, over the services that they call and the records that they keep."""

    def __init__(self, services: Participants, records: TripRecords, endings: Endings) -> None:
        self._services = services
        self._records = records
        self._endings = endings

    def by_name(self) -> dict[str, Activity]:
        """Return a function for each of `ROWS`."""
        return {row: self._activity(steps) for row, steps in ROWS.items()}

    def _activity(self, steps: Sequence[str]) -> Activity:
        ours: dict[str, Made] = {KEEP: self._keep, LOOK: self._look}
        by_step = {step: ours.get(step, self._ask) for step in steps}

        async def run(_: WorkflowActivityContext, calls: Calls) -> Outcomes:
            return await settle(calls, self._guarded(calls, by_step))

        return run

    async def _ask(self, call: Call) -> Answer:
        request = REQUESTS[call.step]
        path = request.path.format(id=call.id)
        body = call.body or None
        return request.read(await self._services.invoke(request.service, request.verb, path, body))

    async def _keep(self, call: Call) -> Answer:
        try:
            progress = _closed(Progress.model_validate(call.body))
            kept = await self._records.keep(call.id, progress, call.by)
        except CancelComesFirst as cancel:
            return Answer(refusal=Refused(reason=CANCELLED, detail=str(cancel)))
        if not kept.is_by(call.by):
            return Answer()
        if kept.ended:
            meters.count_end(kept.progress)
            self._endings.announce(kept)
        elif kept.progress.status == "needs_attention":
            meters.PARKED.inc()
        _log.info("trip %s", kept.progress.status, extra=_facts(kept))
        return Answer()

    async def _look(self, call: Call) -> Answer:
        """Refuse what a workflow would do whose trip has ended, or is in the hands of another one.

        Answers whether the trip's workflow was started ``again``.
        """
        trip_id = call.id.partition(":")[0]
        record = await self._records.get(trip_id)
        if record is None:
            raise Unavailable(f"There is no record of {trip_id}.")
        if record.ended or record.workflow_id != call.by:
            detail = f"The trip is {record.progress.status}, in the hands of {record.workflow_id}."
            return Answer(refusal=Refused(reason=OVER, detail=detail))
        return Answer(value={"again": record.again})

    def _guarded(self, calls: Calls, by_step: Mapping[str, Made]) -> Mapping[str, Made]:
        """Let the calls of services that say by which workflow they are made be made only if that
        one counts.

        Dapr runs a workflow again that is started again, and one that was given up can come back.
        """
        guarded = [call for call in calls.calls if call.by and call.step in REQUESTS]
        if not guarded:
            return by_step
        looking = asyncio.create_task(self._look_patiently(guarded[0]))

        async def if_it_counts(make: Made, call: Call) -> Answer:
            seen = await looking if call in guarded else Answer()
            return seen if seen.refusal else await make(call)

        return {step: partial(if_it_counts, make) for step, make in by_step.items()}

    async def _look_patiently(self, call: Call) -> Answer:
        """Look at the record, if need be for some seconds: its store is not what the call is about,
        so the few tries of the step are not to be used up by it."""
        for pause in _LOOK_PAUSES:
            with suppress(Unavailable):
                return await self._look(call)
            await asyncio.sleep(pause)
        return await self._look(call)


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
    return {"case_id": record.trip_id, **why}
