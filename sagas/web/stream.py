"""The audit trail of a case as it grows, as server-sent events."""

from collections.abc import AsyncIterator, Callable

from fastapi.sse import ServerSentEvent

from sagas.engine.viewers import Viewers
from sagas.records.audit import Told
from sagas.records.record import Record


async def events(
    noun: str,
    record: Record,
    viewers: Viewers,
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
        record = await viewers.next_look(record.case_id) or record
