"""What the caretaker does about open trips that nobody has in hand."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.trip import TRIP
from sagas.core.progress import Attention, Halt, Milestone, Progress
from sagas.engine.admission import Admission
from sagas.engine.caretaker import Caretaker
from sagas.engine.cases import Cases
from sagas.engine.endings import Endings
from sagas.records.record import Record
from sagas.records.records import Records
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

    async def start(self, record: Record) -> None:
        assert record.again, "an earlier run may have come to any point"
        self.did.append(f"start {record.workflow_id}")

    async def tell(self, workflow_id: str, event: str) -> None:
        self.did.append(f"tell {workflow_id} {event}")


def cared_for(seen: Progress | None, **facts: Any) -> tuple[list[str], Record]:
    """Return what was done to a workflow of which so much is seen, and the record after it."""
    record = Record(
        case_id="t1", digest="", request=VALID, owner="customer-123", created_at=NOW, **facts
    )
    engine, store = FakeEngine(seen), MemoryStore()
    records = Records(store, TRIP)  # type: ignore[arg-type]
    cases = Cases(TRIP, records, engine, Endings(), Admission(1, 1))  # type: ignore[arg-type]

    async def care() -> Record:
        known = await records.accept(record)
        await cases.look_after(known)
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
    results = {"flight": {"id": "t1:flight"}}
    known = Progress(results=results, milestones=[Milestone(event="resumed", at=NOW)])
    _, after = cared_for(Progress(status="needs_attention", halt=BROKEN.halt), progress=known)
    kept = after.progress
    assert (kept.status, kept.halt, kept.results) == ("needs_attention", BROKEN.halt, results)
    assert [milestone.event for milestone in kept.milestones] == ["resumed", "needs_attention"]


class Caring:
    """Cases of which one cannot be looked after."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def only_these_are_open(self, case_ids: set[str], _: float) -> None:
        self.did += sorted(case_ids)

    async def look_after(self, record: Record) -> None:
        if record.case_id == "t1":
            raise ValueError(record.case_id)
        self.did.append(f"looked after {record.case_id}")


class Open:
    """Records of three open cases. The first reading of them breaks."""

    def __init__(self) -> None:
        self.readings = 0
        self.read_thrice = asyncio.Event()

    async def open(self) -> list[SimpleNamespace]:
        self.readings += 1
        if self.readings == 1:
            raise ValueError("broken")
        if self.readings == 3:
            self.read_thrice.set()
        return [SimpleNamespace(case_id=f"t{n}") for n in range(3)]

    async def all(self, case_ids: list[str]) -> list[Record]:
        return [
            Record(case_id=case_id, digest="", request=VALID, owner="customer-123", created_at=NOW)
            for case_id in case_ids
        ]


def test_nothing_that_is_wrong_with_one_case_or_one_round_stops_the_caretaker() -> None:
    cases, records = Caring(), Open()

    async def some_rounds() -> None:
        going = asyncio.create_task(Caretaker(cases, records, seconds=0).run())  # type: ignore[arg-type]
        await asyncio.wait_for(records.read_thrice.wait(), timeout=10)
        going.cancel()

    asyncio.run(some_rounds())
    assert cases.did[:5] == ["t0", "t1", "t2", "looked after t0", "looked after t2"]
