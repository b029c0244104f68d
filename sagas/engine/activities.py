"""The activities: each makes the calls of the steps that run together in it.

A refusal is returned; a fault is raised and retried.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from dapr.ext.workflow import WorkflowActivityContext
from pydantic import ValidationError

from base.errors import Unavailable
from sagas.core import seals
from sagas.core.calls import Answer, Call, Calls, Made, Outcomes, Refused, settle
from sagas.core.kind import Kind
from sagas.core.progress import OVER, Progress
from sagas.core.steps import KEEP, LOOK, OWN
from sagas.engine.endings import Endings
from sagas.engine.participants import Participants
from sagas.records import meters
from sagas.records.record import Record
from sagas.records.records import CancelComesFirst, Records

Activity = Callable[[WorkflowActivityContext, Calls], Awaitable[Outcomes]]

_LOOK_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
_log = logging.getLogger("sagas")


class Activities:
    """The activities of a kind, over the services that they call and the records that they keep."""

    def __init__(
        self, kind: Kind[Any], services: Participants, records: Records, endings: Endings
    ) -> None:
        self._kind = kind
        self._services = services
        self._records = records
        self._endings = endings

    def by_name(self) -> dict[str, Activity]:
        """Return a function for each row, for what undoes it, and for the record. Its name is what
        the engine's histories and traces say."""
        return {name: self._activity() for name in (*self._kind.activities, OWN)}

    def _activity(self) -> Activity:
        """Return a function of its own, for the engine marks the functions that it is given."""

        async def run(_: WorkflowActivityContext, calls: Calls) -> Outcomes:
            seals.check(calls)
            return await settle(calls, self._guarded(calls))

        return run

    async def _make(self, call: Call) -> Answer:
        if call.step == KEEP.name:
            return await self._keep(call)
        return await self._look(call) if call.step == LOOK.name else await self._ask(call)

    async def _ask(self, call: Call) -> Answer:
        step = self._kind.placed[call.step].step
        path, body = step.path(call.id), call.body or None
        answer = await self._services.invoke(step.service, step.verb, path, body)
        try:
            return step.read(answer)
        except ValidationError as lacks:
            error = lacks.errors()[0]
            what = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
            asked = f"{step.verb} {path}"
            raise Unavailable(
                f"{step.service} answered {asked} without what {step.name} needs: {what}"
            ) from lacks

    async def _keep(self, call: Call) -> Answer:
        try:
            progress = _closed(Progress.model_validate(call.body))
            kept = await self._records.keep(call.id, progress, call.by)
        except CancelComesFirst:
            kind = self._kind
            words = f"The {kind.words.owner} cancelled the {kind.noun} before it was {kind.done}."
            return Answer(refusal=Refused(reason=kind.cancelled_by, detail=words))
        if not kept.is_by(call.by):
            return Answer()
        if kept.ended:
            meters.count_end(kept.progress)
            self._endings.announce(kept)
        elif kept.progress.status == "needs_attention":
            meters.PARKED.inc()
        _log.info("%s %s", self._kind.noun, kept.progress.status, extra=_facts(kept))
        return Answer()

    async def _look(self, call: Call) -> Answer:
        """Refuse what a workflow would do whose case has ended, or is in the hands of another one.

        Answers whether the case's workflow was started ``again``.
        """
        case_id = call.id.partition(":")[0]
        record = await self._records.get(case_id)
        if record is None:
            raise Unavailable(f"There is no record of {case_id}.")
        if record.ended or record.workflow_id != call.by:
            status, noun = record.progress.status, self._kind.noun
            detail = f"The {noun} is {status}, in the hands of {record.workflow_id}."
            return Answer(refusal=Refused(reason=OVER, detail=detail))
        return Answer(value={"again": record.again})

    def _guarded(self, calls: Calls) -> Made:
        """Let the calls of services that say by which workflow they are made be made only if that
        one counts.

        Dapr runs a workflow again that is started again, and one that was given up can come back.
        """
        own = (KEEP.name, LOOK.name)
        guarded = [call for call in calls.calls if call.by and call.step not in own]
        if not guarded:
            return self._make
        looking = asyncio.create_task(self._look_patiently(guarded[0]))

        async def if_it_counts(call: Call) -> Answer:
            seen = await looking if call in guarded else Answer()
            return seen if seen.refusal else await self._make(call)

        return if_it_counts

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
    if progress.ended:
        progress.step = None
        for entry in progress.entries:
            if entry.result == "running":
                entry.result, entry.ended_at = "done", datetime.now(UTC)
    return progress


def _facts(record: Record) -> dict[str, str]:
    halt = record.progress.halt
    why = {"step": halt.step, "reason": halt.reason} if halt else {}
    return {"case_id": record.case_id, **why}
