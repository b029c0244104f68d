"""Accepting trips while the store hangs."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from base.errors import Unavailable
from orchestrator import records
from orchestrator.models import TripRecord, TripRequest
from orchestrator.records import TripRecords
from tests.unit.test_trip_request import VALID


class Hanging:
    """A sidecar whose store never answers."""

    name = "trip-store"

    async def read(self, *_: Any) -> Any:
        await asyncio.Event().wait()


def test_who_waits_to_be_recorded_is_told_when_the_store_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_QUEUED_SECONDS", 0.01)
    trips = TripRecords(Hanging())  # type: ignore[arg-type]
    request = TripRequest.model_validate(VALID)
    one, other = (
        TripRecord(trip_id=name, digest="", request=request, created_at=datetime.now(UTC))
        for name in ("one", "other")
    )

    async def both() -> None:
        first = asyncio.create_task(trips.accept(one))
        await asyncio.sleep(0)
        try:
            await trips.accept(other)
        finally:
            first.cancel()

    with pytest.raises(Unavailable, match="others wait to be recorded"):
        asyncio.run(both())
