"""The audit trail of a case as it grows, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

from sagas.engine.cases import Cases
from sagas.records.audit import Told
from sagas.records.record import Record

_LOOK_SECONDS = 0.3


async def events(
    noun: str,
    record: Record,
    cases: Cases,
    last_event_id: str,
    still: Callable[[], bool] = lambda: True,
) -> AsyncIterator[ServerSentEvent]:
    """Yield every event that was not told before ``last_event_id``, until the case has ended,
    or who listens is not ``still`` let in."""
    told = Told(noun, last_event_id)
    while still():
        for event in told.news(record):
            data = event.model_dump_json(by_alias=True, exclude_none=True)
            yield ServerSentEvent(raw_data=data, id=told.id)
        if record.ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        record = await cases.get(record.case_id) or record
