"""What the caretaker does about open trips that nobody has in hand."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.admission import Admission
from orchestrator.caretaker import Caretaker
from orchestrator.endings import Endings
from orchestrator.models import (
    Attention,
    Halt,
    Milestone,
    Progress,
    Terms,
    TripRecord,
    TripRequest,
)
from orchestrator.records import TripRecords
from orchestrator.trips import Trips
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

NOW = datetime(2024, 12, 1, tzinfo=UTC)
BROKEN = Progress(status="needs_attention", halt=Halt(step="charge", reason="bug", detail="?"))
PARKED = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))


class FakeEngine:
    def __init__(self, progress: Progress | None) -> None:
        self.seen = progress
        self.did: list[str] = []

    async def progress(self, _: str) -> Progress | None:
        return self.seen

    async def start(self, record: TripRecord) -> None:
        assert record.again, "an earlier run may have come to any point"
        self.did.append(f"start {record.workflow_id}")

    async def tell(self, workflow_id: str, event: str) -> None:
        self.did.append(f"tell {workflow_id} {event}")


def cared_for(seen: Progress | None, **facts: Any) -> tuple[list[str], TripRecord]:
    """Return what was done to a workflow of which so much is seen, and the record after it."""
    request = TripRequest.model_validate(VALID)
    record = TripRecord(trip_id="t1", digest="", request=request, created_at=NOW, **facts)
    engine, store = FakeEngine(seen), MemoryStore()
    records = TripRecords(store)  # type: ignore[arg-type]
    trips = Trips(records, engine, Endings(), Admission(1, 1), Terms())  # type: ignore[arg-type]

    async def care() -> TripRecord:
        known = await records.accept(record)
        await trips.look_after(known)
        after = await records.get("t1")
        assert after is not None
        return after

    return engine.did, asyncio.run(care())


@pytest.mark.parametrize(
    ("progress", "facts", "done", "status"),
    [
        (Progress(), {}, [], "running"),
        (None, {}, ["start t1"], "running"),
        (None, {"cancel_requested_at": NOW}, ["start t1", "tell t1 cancel"], "running"),
        (Progress(), {"cancel_requested_at": NOW}, ["tell t1 cancel"], "running"),
        (
            None,
            {"cancel_requested_at": NOW, "reopened": True},
            ["start t1.cancellation"],
            "running",
        ),
        (Progress(halt=BROKEN.halt), {"cancel_requested_at": NOW}, [], "running"),
        (PARKED, {}, [], "running"),
        (BROKEN, {}, [], "needs_attention"),
        (BROKEN, {"progress": BROKEN}, [], "needs_attention"),
        (BROKEN, {"progress": PARKED}, [], "needs_attention"),
        (None, {"progress": BROKEN}, [], "needs_attention"),
        (Progress(step="charge"), {"progress": BROKEN}, [], "running"),
    ],
    ids=[
        "in hand",
        "forgotten",
        "forgotten and cancelled",
        "its cancel was lost",
        "confirmed, then cancelled, then forgotten",
        "cancelled and undoing",
        "parked",
        "broken",
        "known to be broken",
        "broken while parked",
        "known to be broken, and forgotten since",
        "held back by the engine, and gone on since",
    ],
)
def test_a_trip_gets_what_it_lacks(
    progress: Progress | None, facts: dict[str, Any], done: list[str], status: str
) -> None:
    did, after = cared_for(progress, **facts)
    assert (did, after.progress.status) == (done, status)


def test_a_trip_that_broke_while_it_was_parked_is_not_on_record_as_parked() -> None:
    _, after = cared_for(BROKEN, progress=PARKED)
    assert after.progress.attention is None
    assert after.progress.halt == BROKEN.halt


def test_a_workflow_that_broke_takes_nothing_off_the_record() -> None:
    flight = {"id": "t1:flight"}
    known = Progress(flight=flight, milestones=[Milestone(event="resumed", at=NOW)])
    _, after = cared_for(Progress(status="needs_attention", halt=BROKEN.halt), progress=known)
    kept = after.progress
    assert (kept.status, kept.halt, kept.flight) == ("needs_attention", BROKEN.halt, flight)
    assert [milestone.event for milestone in kept.milestones] == ["resumed", "needs_attention"]


class Caring:
    """Trips of which one cannot be looked after."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def only_these_are_open(self, trip_ids: set[str], _: float) -> None:
        self.did += sorted(trip_ids)

    async def look_after(self, record: TripRecord) -> None:
        if record.trip_id == "t1":
            raise ValueError(record.trip_id)
        self.did.append(f"looked after {record.trip_id}")


class Open:
    """Records of three open trips. The first reading of them breaks."""

    def __init__(self) -> None:
        self.readings = 0
        self.read_thrice = asyncio.Event()

    async def open(self) -> list[SimpleNamespace]:
        self.readings += 1
        if self.readings == 1:
            raise ValueError("broken")
        if self.readings == 3:
            self.read_thrice.set()
        return [SimpleNamespace(trip_id=f"t{n}") for n in range(3)]

    async def all(self, trip_ids: list[str]) -> list[TripRecord]:
        request = TripRequest.model_validate(VALID)
        return [
            TripRecord(trip_id=trip_id, digest="", request=request, created_at=NOW)
            for trip_id in trip_ids
        ]


def test_nothing_that_is_wrong_with_one_trip_or_one_round_stops_the_caretaker() -> None:
    trips, records = Caring(), Open()

    async def some_rounds() -> None:
        going = asyncio.create_task(Caretaker(trips, records, seconds=0).run())  # type: ignore[arg-type]
        await asyncio.wait_for(records.read_thrice.wait(), timeout=10)
        going.cancel()

    asyncio.run(some_rounds())
    assert trips.did[:5] == ["t0", "t1", "t2", "looked after t0", "looked after t2"]
