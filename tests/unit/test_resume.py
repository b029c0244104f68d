"""Asking a trip to go on, when its workflow is parked, broke, or was never started."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from base.errors import Unavailable
from orchestrator.approval import APPROVAL, Decision, TripTerms
from orchestrator.request import TripRequest
from orchestrator.trip import TRIP
from sagas.core.progress import Attention, Entry, Halt, Progress, Wait
from sagas.engine.admission import Admission, Busy
from sagas.engine.cases import Cases, NotNow, OtherRequest
from sagas.engine.endings import Endings
from sagas.engine.engine import Unreadable
from sagas.records.record import Record, digest
from sagas.records.records import Records
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

NOW = datetime(2024, 12, 1, tzinfo=UTC)
REQUEST = TripRequest.model_validate(VALID)
CHARGE = Entry(step="charge", resource="t1:payment", started_at=NOW, tried_at=NOW)
BROKEN = Progress(
    status="needs_attention",
    step="charge",
    halt=Halt(step="charge", reason="workflow_failed", detail="A bug."),
    entries=[CHARGE],
)
PARKED = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))
WAITING = Wait(signal="approval", since=NOW, until=NOW + timedelta(days=1))
YES = Decision(approved=True, by="bob")


class Engine:
    """An engine in which a workflow has come so far; ``down``: nothing can be started in it."""

    def __init__(
        self, seen: Progress | Unreadable | None, down: bool = False, deaf: bool = False
    ) -> None:
        self.seen, self.down, self.deaf = seen, down, deaf
        self.started: list[Record] = []
        self.told: list[str] = []
        self.dropped: list[str] = []

    async def progress(self, _: str) -> Progress | None:
        if isinstance(self.seen, Unreadable):
            raise self.seen
        return self.seen

    async def start(self, record: Record) -> None:
        if self.down:
            raise Unavailable("The engine is away.")
        self.started.append(record)

    async def drop(self, workflow_id: str) -> None:
        if isinstance(self.seen, Unreadable):
            raise self.seen
        self.dropped.append(workflow_id)

    async def tell(self, _: str, event: str, word: Any = None) -> bool:  # noqa: ARG002
        self.told.append(event)
        return not self.deaf


class World:
    """Cases with an engine, and the record of trip t1."""

    def __init__(
        self, engine: Engine, places: int = 1, unreadable_looks: int = 1, **facts: Any
    ) -> None:
        self.records = Records(MemoryStore(), TRIP)  # type: ignore[arg-type]
        self.admission = Admission(places, 30)
        self.cases = Cases(
            TRIP,
            self.records,
            engine,  # type: ignore[arg-type]
            Endings(),
            self.admission,
            TripTerms(),
            unreadable_looks=unreadable_looks,
        )
        given = {
            "case_id": "t1",
            "digest": digest(REQUEST),
            "request": VALID,
            "owner": REQUEST.customer_id,
            "created_at": NOW,
        }
        asyncio.run(self.records.accept(Record(**(given | facts))))

    @property
    def record(self) -> Record:
        return asyncio.run(self.known())

    async def known(self) -> Record:
        found = await self.records.get("t1")
        assert found is not None
        return found


def test_a_parked_trip_is_told() -> None:
    engine = Engine(PARKED)
    asyncio.run(World(engine, progress=PARKED).cases.resume("t1"))
    assert (engine.told, engine.started) == (["resume"], [])


@pytest.mark.parametrize("kept", [Progress(), BROKEN, PARKED], ids=["unseen", "seen", "parked"])
def test_a_broken_trip_is_started_once_more_and_owes_what_it_may_have_done(kept: Progress) -> None:
    engine = Engine(BROKEN)
    world = World(engine, progress=kept)
    asyncio.run(world.cases.resume("t1"))
    assert [record.again for record in engine.started] == [True]
    assert engine.told == []
    assert (world.record.again, world.record.progress.status) == (True, "running")


def test_a_resume_whose_start_fails_does_not_forget_that_the_trip_ran() -> None:
    world = World(Engine(BROKEN, down=True))
    with pytest.raises(Unavailable):
        asyncio.run(world.cases.resume("t1"))
    assert world.record.again
    engine = Engine(None)
    cases = Cases(TRIP, world.records, engine, Endings(), Admission(1, 1), TripTerms())  # type: ignore[arg-type]
    asyncio.run(cases.look_after(world.record))
    assert [record.again for record in engine.started] == [True]


def test_a_parked_trip_that_nobody_hears_is_started_once_more() -> None:
    engine = Engine(PARKED, deaf=True)
    asyncio.run(World(engine, progress=PARKED).cases.resume("t1"))
    assert [record.again for record in engine.started] == [True]


def test_what_the_broken_run_left_unfinished_is_told_as_such() -> None:
    world = World(Engine(BROKEN), progress=BROKEN)
    asyncio.run(world.cases.resume("t1"))
    [line] = world.record.progress.entries
    assert (line.result, line.reason) == ("failed", "interrupted")
    assert line.detail == "The workflow ended before it had an answer."
    assert line.ended_at is not None
    assert [m.event for m in world.record.progress.milestones] == ["needs_attention", "resumed"]


def test_a_trip_that_has_gone_on_meanwhile_is_not_started() -> None:
    engine = Engine(BROKEN)
    world = World(engine, progress=BROKEN)
    late = world.record
    asyncio.run(world.cases.resume("t1"))
    with pytest.raises(NotNow, match="gone on"):
        asyncio.run(world.cases._start_over(late, late.progress))
    assert len(engine.started) == 1


@pytest.mark.parametrize("status", ["running", "confirmed", "failed"])
def test_a_trip_that_needs_nobody_is_not_resumed(status: Any) -> None:
    world = World(Engine(Progress()), progress=Progress(status=status))
    with pytest.raises(NotNow, match=status):
        asyncio.run(world.cases.resume("t1"))


def test_a_workflow_that_broke_while_it_waited_for_approval_is_not_approved() -> None:
    world = World(Engine(BROKEN.model_copy(update={"step": "approval", "waits": [WAITING]})))
    with pytest.raises(NotNow, match="needs_attention"):
        asyncio.run(world.cases.signal("t1", APPROVAL, "", YES))


def test_an_approval_that_nobody_hears_is_not_accepted() -> None:
    world = World(Engine(Progress(step="approval", entries=[CHARGE], waits=[WAITING]), deaf=True))
    with pytest.raises(NotNow):
        asyncio.run(world.cases.signal("t1", APPROVAL, "", YES))


def test_a_trip_that_is_in_hand_is_answered_though_all_places_are_taken() -> None:
    engine = Engine(Progress())
    world = World(engine, places=1)
    world.admission.enter("another")
    known = asyncio.run(world.cases.begin("t1", REQUEST))
    assert known.case_id == "t1"
    assert engine.started == []
    with pytest.raises(Busy):
        asyncio.run(world.cases.begin("t2", REQUEST))


def test_another_request_under_a_known_id_is_told_so_though_all_places_are_taken() -> None:
    world = World(Engine(Progress()), places=1)
    world.admission.enter("another")
    other = REQUEST.model_copy(update={"customer_id": "somebody else"})
    with pytest.raises(OtherRequest):
        asyncio.run(world.cases.begin("t1", other))


@pytest.mark.parametrize(("age", "starts"), [(0, 0), (60, 1)], ids=["young", "old"])
def test_a_look_starts_a_forgotten_trip_but_none_that_is_just_being_accepted(
    age: int, starts: int
) -> None:
    engine = Engine(None)
    world = World(engine, created_at=datetime.now(UTC) - timedelta(seconds=age))
    asyncio.run(world.cases.get("t1"))
    assert len(engine.started) == starts


TORN = Unreadable("inbox key declared in metadata but missing from state store")


def test_a_trip_whose_workflow_cannot_be_read_for_a_moment_is_shown_as_it_is_on_record() -> None:
    world = World(Engine(TORN), unreadable_looks=2, progress=Progress(step="charge"))
    shown = asyncio.run(world.cases.get("t1"))
    asyncio.run(world.cases.look_after(world.record))
    assert shown == world.record
    assert world.record.progress == Progress(step="charge")


def test_a_trip_whose_workflow_stays_unreadable_needs_attention_and_goes_on_under_another_id() -> (
    None
):
    engine = Engine(TORN)
    world = World(engine, progress=PARKED)
    asyncio.run(world.cases.look_after(world.record))
    assert world.record.progress.halt is not None
    assert world.record.progress.halt.reason == "workflow_unreadable"
    asyncio.run(world.cases.resume("t1"))
    [started] = engine.started
    assert (started.workflow_id, started.again) == ("t1.2", True)
    assert engine.told == []


def test_a_workflow_that_can_be_read_again_was_not_lost() -> None:
    engine = Engine(TORN)
    world = World(engine, unreadable_looks=3)
    for seen in (TORN, TORN, Progress(), TORN, TORN):
        engine.seen = seen
        asyncio.run(world.cases.look_after(world.record))
    assert world.record.progress == Progress()
    asyncio.run(world.cases.look_after(world.record))
    assert world.record.progress.status == "needs_attention"


def test_what_was_seen_of_trips_that_have_ended_is_forgotten() -> None:
    world = World(Engine(TORN), unreadable_looks=2)
    asyncio.run(world.cases.look_after(world.record))
    world.cases.only_these_are_open(set(), 0)
    asyncio.run(world.cases.look_after(world.record))
    assert world.record.progress == Progress()


def test_a_stalled_trip_is_dropped_from_the_engine_and_goes_on_under_another_id() -> None:
    stalled = Halt(step="charge", reason="workflow_stalled", detail="Too large.")
    engine = Engine(BROKEN.model_copy(update={"halt": stalled}))
    world = World(engine)
    asyncio.run(world.cases.resume("t1"))
    assert engine.dropped == ["t1"]
    assert [record.workflow_id for record in engine.started] == ["t1.2"]
    assert world.record.workflow_id == "t1.2"


def test_a_trip_that_broke_in_another_way_keeps_its_id() -> None:
    engine = Engine(BROKEN)
    asyncio.run(World(engine).cases.resume("t1"))
    assert (engine.dropped, [record.workflow_id for record in engine.started]) == ([], ["t1"])
