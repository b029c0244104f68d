"""Two runs of one trip's workflow: under two ids, or the second while the first can come back. And
what is seen of them from outside while they go on."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from base.errors import Unavailable
from orchestrator.trip import TRIP
from sagas.core.calls import Calls
from sagas.core.frame import forward, reverse
from sagas.core.progress import Halt, Order, Progress
from sagas.engine import activities
from sagas.records.audit import trail
from sagas.records.record import Record
from sagas.records.records import Records
from tests.unit.participants import RealActivities, Services, records, services
from tests.unit.test_resume import BROKEN, CHARGE, PARKED, Engine, World
from tests.unit.test_trip_request import VALID

__all__ = ["records", "services"]  # fixtures

NOW = datetime(2024, 12, 1, tzinfo=UTC)
BOOKED = {"t1:flight": "confirmed", "t1:hotel": "confirmed", "t1:payment": "charged"}
UNDONE = {"t1:flight": "cancelled", "t1:hotel": "cancelled", "t1:payment": "refunded"}
STALLED = BROKEN.model_copy(
    update={"halt": Halt(step="charge", reason="workflow_stalled", detail="Too large.")}
)


@pytest.fixture
def record(records: Records) -> Record:
    fresh = Record(case_id="t1", digest="", request=VALID, owner="c1", created_at=NOW)
    return asyncio.run(records.accept(fresh))


def order(record: Record) -> Order:
    return Order(case_id="t1", request=record.request, terms=record.terms, again=record.again)


def run(record: Record, **engine_does: Any) -> RealActivities:
    engine = RealActivities(**engine_does)
    engine.instance_id = record.workflow_id
    engine.run(forward(TRIP, 1)(engine, order(record)))  # type: ignore[arg-type]
    return engine


def on_record(records: Records) -> Record:
    found = asyncio.run(records.get("t1"))
    assert found is not None
    return found


def left(services: Services) -> dict[str, str]:
    return {k: v for k, v in services.states.items() if k in UNDONE}


def given_up(record: Record, records: Records) -> Record:
    """Take up the trip under another id."""
    taken = asyncio.run(records.take_up(record, record.progress, NOW, lost=True))
    assert taken is not None
    return taken


def test_a_cancellation_tells_that_the_trip_was_confirmed(
    record: Record, records: Records, services: Services
) -> None:
    run(record)
    reopened = asyncio.run(records.request_cancel("t1", NOW))
    assert reopened is not None
    known = reopened.progress.model_copy(update={"milestones": []})
    engine = RealActivities()
    engine.instance_id = reopened.workflow_id
    asked = Order(case_id="t1", request=record.request, reverses=known)
    engine.run(reverse(TRIP)(engine, asked))  # type: ignore[arg-type]
    assert left(services) == UNDONE
    assert "confirmed" in [event.event for event in trail(on_record(records), "trip")]


@pytest.mark.parametrize("offers", [["o1"], []], ids=["it would book", "it would undo"])
def test_a_run_that_was_given_up_and_comes_back_changes_nothing(
    record: Record, records: Records, services: Services, offers: list[str]
) -> None:
    taken = given_up(record, records)
    services.offers = offers
    run(record)
    assert left(services) == {}
    assert on_record(records).progress.status == "running"
    services.offers = ["o1"]
    run(taken)
    assert left(services) == BOOKED
    assert on_record(records).progress.status == "confirmed"


def test_of_two_runs_the_one_that_was_given_up_neither_undoes_nor_ends_the_trip(
    record: Record, records: Records, services: Services
) -> None:
    """It had begun to undo when another took the trip up, and comes back after that one's end."""

    taken_up: list[str] = []

    class GivenUp(RealActivities):
        def _run(self, activity: str, calls: Calls, task: Any) -> None:
            if activity == "undo hold":
                services.down.clear()
                taken = given_up(on_record(records), records)
                taken_up.append(taken.workflow_id)
                run(taken)
            super()._run(activity, calls, task)

    services.down.add("charges")
    engine = GivenUp()
    services.down = {"charges/t1:payment"}
    engine.run(forward(TRIP, 1)(engine, order(record)))  # type: ignore[arg-type]
    assert taken_up == ["t1.2"]
    assert on_record(records).progress.status in ("confirmed", "rejected")
    whole = BOOKED if on_record(records).progress.status == "confirmed" else UNDONE
    assert left(services) == whole


def test_a_booking_outlives_a_record_that_cannot_be_read_for_a_moment(
    record: Record,
    records: Records,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get, tries = records.get, []

    async def away(case_id: str) -> Record | None:
        tries.append(case_id)
        if len(tries) <= 4:
            raise Unavailable("The store is away.")
        return await get(case_id)

    monkeypatch.setattr(records, "get", away)
    monkeypatch.setattr(activities, "_LOOK_PAUSES", (0.0,) * 5)
    engine = run(record)
    assert on_record(records).progress.status == "confirmed"
    assert engine.calls.count("hold flight") == 1
    assert left(services) == BOOKED


def test_what_the_caretaker_saw_does_not_hide_that_the_trip_was_parked_meanwhile() -> None:
    engine = Engine(Progress(step="refund", entries=[CHARGE]))
    world = World(engine, progress=BROKEN)
    seen = world.record

    async def look_while_it_parks() -> None:
        await world.records.keep("t1", PARKED)
        await world.cases.look_after(seen)

    asyncio.run(look_while_it_parks())
    assert world.record.progress.status == "needs_attention"
    assert world.record.progress.attention is not None


def test_a_resume_before_the_caretaker_came_keeps_what_the_run_had_told() -> None:
    world = World(Engine(STALLED))
    asyncio.run(world.cases.resume("t1"))
    assert [line.step for line in world.record.progress.entries] == ["charge"]
    told = [event.event for event in trail(world.record, "trip")]
    assert told.index("needs_attention") < told.index("resumed")


def test_a_run_is_dropped_only_when_the_next_one_is_on_record() -> None:
    engine = Engine(STALLED)
    world = World(engine)
    take_up = world.records.take_up

    async def away(*_: Any, **__: Any) -> None:
        raise Unavailable("The store is away.")

    world.records.take_up = away  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        asyncio.run(world.cases.resume("t1"))
    assert (engine.dropped, engine.started) == ([], [])
    world.records.take_up = take_up  # type: ignore[method-assign]
    asyncio.run(world.cases.resume("t1"))
    assert [started.workflow_id for started in engine.started] == ["t1.2"]


@pytest.mark.parametrize("seen_first", [True, False])
def test_a_trip_that_broke_tells_once_that_it_needed_attention(seen_first: bool) -> None:
    world = World(Engine(BROKEN))
    if seen_first:
        asyncio.run(world.cases.look_after(world.record))
        asyncio.run(world.cases.look_after(world.record))
    asyncio.run(world.cases.resume("t1"))
    told = [event.event for event in trail(world.record, "trip")]
    assert told.count("needs_attention") == 1


def test_what_another_release_wrote_is_kept_with_what_this_one_tells() -> None:
    kept = Progress.model_validate({"insurance": {"id": "t1:insurance"}})
    assert Progress(step="charge").onto(kept).model_dump()["insurance"] == {"id": "t1:insurance"}


def test_a_cancelled_trip_is_started_by_whoever_reopened_it_alone() -> None:
    engine = Engine(Progress())
    world = World(engine, progress=Progress(status="confirmed"), ended_at=NOW)
    asyncio.run(world.cases.cancel("t1"))
    asyncio.run(world.cases.cancel("t1"))
    assert [started.workflow_id for started in engine.started] == ["t1.cancellation"]
    assert world.record.cancel_requested_at is not None
    assert datetime.now(UTC) - world.record.cancel_requested_at < timedelta(minutes=1)
