"""Records of trips over a store in memory: what is kept of their ends, their cancels and their
further runs, whoever else writes meanwhile."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from base import state
from base.errors import Unavailable
from base.state import Stored
from orchestrator.trip import TRIP
from sagas.core.progress import Entry, Milestone, Progress
from sagas.records import index, records
from sagas.records.record import Record
from sagas.records.records import CancelComesFirst, Records, UnreadableRecord
from tests.support.memory import MemoryStore, at_once
from tests.unit.test_trip_request import VALID

T = TypeVar("T")

NOW = datetime(2024, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONFIRMED, FAILED = Progress(status="confirmed"), Progress(status="failed")
PARKED = Progress(status="needs_attention")


NEIGHBOUR = "t15"
assert index.open_key(NEIGHBOUR) == index.open_key("t1"), "they share a document"


def fresh(trip_id: str, at: datetime = NOW, **facts: Any) -> Record:
    return Record(
        case_id=trip_id, digest="", request=VALID, owner="customer-123", created_at=at, **facts
    )


class World:
    """Records of t1 and its neighbour in a store that two replicas share."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.ours, self.theirs = (Records(self.store, TRIP) for _ in range(2))  # type: ignore[arg-type]
        for trip_id in ("t1", NEIGHBOUR):
            asyncio.run(self.ours.accept(fresh(trip_id)))

    @property
    def stored(self) -> Record:
        return Record.model_validate(self.store.values["case:t1"])

    @property
    def open(self) -> dict[str, datetime]:
        return {item.case_id: item.created_at for item in asyncio.run(self.ours.open())}

    def keep(self, progress: Progress) -> Record:
        return self._on_record(self.ours.keep("t1", progress))

    def cancel(self, at: datetime = NOW) -> Record:
        return self._on_record(self.ours.request_cancel("t1", at))

    def take_up(self, record: Record, lost: bool = False) -> Record | None:
        return asyncio.run(self.ours.take_up(record, record.progress, NOW, lost))

    def come_first(self, call: Callable[[Records], Coroutine[Any, Any, object]]) -> None:
        """Let the other replica make a call just before the next thing is written."""
        self.store.before_write = lambda: at_once(call(self.theirs))

    def _on_record(self, call: Coroutine[Any, Any, Record | None]) -> Record:
        answered = asyncio.run(call)
        assert answered == self.stored
        return answered


def test_what_has_not_ended_stays_open() -> None:
    world = World()
    kept = world.keep(PARKED)
    assert (kept.progress.status, kept.ended_at) == ("needs_attention", None)
    assert world.open == {"t1": NOW, NEIGHBOUR: NOW}


def test_what_was_told_before_stays_on_record() -> None:
    world = World()
    for hour, step in enumerate(("search", "charge")):
        at = NOW + hour * HOUR
        line = Entry(step=step, resource="", started_at=at, tried_at=at)
        world.keep(Progress(entries=[line], milestones=[Milestone(event="resumed", at=at)]))
    told = world.stored.progress
    assert [line.step for line in told.entries] == ["search", "charge"]
    assert [milestone.at for milestone in told.milestones] == [NOW, NOW + HOUR]


@pytest.mark.parametrize("status", ["confirmed", "rejected", "cancelled", "failed"])
def test_a_trip_that_ends_is_open_no_more_and_others_are(status: str) -> None:
    world, before = World(), datetime.now(UTC)
    kept = world.keep(Progress(status=status))
    assert kept.progress.status == status
    assert kept.ended_at is not None
    assert before <= kept.ended_at <= datetime.now(UTC)
    assert world.open == {NEIGHBOUR: NOW}


@pytest.mark.parametrize("late", [PARKED, FAILED, Progress()], ids=lambda it: it.status)
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_of_an_end_the_first_word_stands(late: Progress, when: str) -> None:
    world = World()
    if when == "before":
        world.keep(CONFIRMED)
    else:
        world.come_first(lambda theirs: theirs.keep("t1", CONFIRMED))
    kept = world.keep(late)
    assert (kept.progress, world.open) == (CONFIRMED, {NEIGHBOUR: NOW})


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_trip_that_was_cancelled_first_is_not_confirmed_but_ends_in_any_other_way(
    when: str,
) -> None:
    world = World()
    if when == "before":
        world.cancel()
    else:
        world.come_first(lambda theirs: theirs.request_cancel("t1", NOW))
    with pytest.raises(CancelComesFirst) as first:
        world.keep(CONFIRMED)
    assert str(first.value) == "It was cancelled before."
    assert (world.stored.progress, world.stored.ended) == (Progress(), False)
    assert world.keep(FAILED).ended


def test_a_workflow_of_no_trip_keeps_nothing() -> None:
    world = World()
    with pytest.raises(AssertionError, match=r"^a workflow is started only for a case on record$"):
        asyncio.run(world.ours.keep("t0", FAILED))


def test_a_trip_that_runs_is_cancelled_once() -> None:
    world = World()
    asked = world.cancel(NOW)
    assert (asked.cancel_requested_at, asked.progress, asked.reopened) == (NOW, Progress(), False)
    assert world.cancel(NOW + HOUR) == asked


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_to_cancel_a_confirmed_trip_opens_it_again(when: str) -> None:
    world = World()
    if when == "before":
        world.keep(CONFIRMED)
    else:
        world.come_first(lambda theirs: theirs.keep("t1", CONFIRMED))
    asked = world.cancel(NOW + HOUR)
    assert (asked.reopened, asked.cancel_requested_at, asked.ended_at) == (True, NOW + HOUR, None)
    assert asked.progress.status == "running"
    [confirmed] = asked.progress.milestones
    assert confirmed.event == "confirmed"
    assert datetime.now(UTC) - HOUR < confirmed.at <= datetime.now(UTC)
    assert world.open == {"t1": NOW, NEIGHBOUR: NOW}
    assert world.cancel(NOW + 2 * HOUR) == asked


def test_a_trip_that_does_not_say_when_it_was_confirmed_was_so_when_it_is_cancelled() -> None:
    world = World()
    world.keep(CONFIRMED)
    del world.store.values["case:t1"]["ended_at"]
    [confirmed] = world.cancel(NOW + HOUR).progress.milestones
    assert confirmed == Milestone(event="confirmed", at=NOW + HOUR)


@pytest.mark.parametrize("status", ["rejected", "cancelled", "failed"])
def test_of_a_trip_that_ended_in_another_way_there_is_nothing_to_cancel(status: str) -> None:
    world = World()
    ended = world.keep(Progress(status=status))
    assert world.cancel(NOW + HOUR) == ended


def test_of_a_trip_that_is_not_there_nothing_is_cancelled() -> None:
    assert asyncio.run(World().ours.request_cancel("t0", NOW)) is None


class ForgetfulOnce(MemoryStore):
    """A store that once, read for several keys, tells them all as not there."""

    forgets = False

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        found = await super().read(keys)
        if self.forgets and len(keys) > 1:
            self.forgets = False
            return dict.fromkeys(keys, Stored())
        return found


def test_a_trip_that_seems_absent_is_cancelled_all_the_same() -> None:
    store = ForgetfulOnce()
    world = World(store)
    store.forgets = True
    assert world.cancel().cancel_requested_at == NOW


@pytest.mark.parametrize("lost", [False, True])
def test_another_run_is_on_record_before_it_is_started(lost: bool) -> None:
    world = World()
    taken = world.take_up(world.keep(PARKED), lost)
    assert taken == world.stored
    assert (taken.again, taken.lost, taken.progress.status) == (True, int(lost), "running")
    once_more = world.take_up(taken, lost=True)
    assert once_more is not None
    assert once_more.lost == lost + 1


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_no_run_is_taken_up_of_a_trip_that_has_changed_since_it_was_looked_at(when: str) -> None:
    world = World()
    seen = world.stored
    if when == "before":
        world.keep(PARKED)
    else:
        world.come_first(lambda theirs: theirs.take_up(seen, seen.progress, NOW, lost=False))
    assert world.take_up(seen, lost=True) is None
    assert world.stored.lost == 0


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_id_is_one_trip_whoever_accepts_it(when: str) -> None:
    world = World()
    theirs_is, ours = fresh("t0", NOW), fresh("t0", NOW + HOUR)
    if when == "before":
        asyncio.run(world.theirs.accept(theirs_is))
    else:
        world.come_first(lambda theirs: theirs.accept(theirs_is))
    assert asyncio.run(world.ours.accept(ours)) == theirs_is
    assert world.open["t0"] == NOW


def test_what_others_keep_changing_is_tried_thirty_times_after_short_pauses_that_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, pauses = World(), list[float]()

    async def paused(seconds: float) -> None:
        pauses.append(seconds)

    def come_first() -> None:
        at_once(world.theirs.keep("t1", PARKED))
        world.store.before_write = come_first

    monkeypatch.setattr(state.asyncio, "sleep", paused)  # type: ignore[attr-defined]
    come_first()
    with pytest.raises(
        Unavailable, match=r"^Other requests kept changing the same records; try again\.$"
    ):
        asyncio.run(world.ours.keep("t1", FAILED))
    assert len(pauses) == 30
    assert 0 <= min(pauses) < 0.02 < 0.03 < max(pauses) <= 0.05
    assert world.stored.progress == PARKED


def test_an_unknown_trip_is_looked_for_once() -> None:
    world = World()
    world.store.reads = 0
    assert asyncio.run(world.ours.get("t0")) is None
    assert world.store.reads == 1


def test_pages_that_are_lost_are_named() -> None:
    with pytest.raises(Unavailable, match=r"^memory has lost cases:all\.0\.1, cases:all\.0\.2$"):
        asyncio.run(World().ours.pages(["cases:all.0.1", "cases:all.0.2"]))


@pytest.mark.parametrize(
    "call",
    [
        lambda trips: trips.get("t1"),
        lambda trips: trips.keep("t1", FAILED),
        lambda trips: trips.request_cancel("t1", NOW),
        lambda trips: trips.take_up(fresh("t1"), FAILED, NOW, lost=False),
        lambda trips: trips.accept(fresh("t1")),
    ],
    ids=["get", "keep", "cancel", "take up", "accept"],
)
def test_who_needs_a_record_that_cannot_be_read_is_told_which_and_why(call: Any) -> None:
    world = World()
    world.store.values["case:t1"] = {"request": {}, "progress": {"status": "?"}}
    with pytest.raises(UnreadableRecord, match=r"read case:t1: case_id: Field") as it:
        asyncio.run(call(world.ours))
    assert (it.value.case_id, it.value.owner) == ("t1", "")


def test_why_a_record_cannot_be_read_says_where_in_it_but_not_what_is_there() -> None:
    world = World()
    world.store.values["case:t1"]["progress"]["status"] = "secret"
    with pytest.raises(UnreadableRecord) as found:
        asyncio.run(world.ours.get("t1"))
    assert "progress.status: it is none of running" in str(found.value)
    assert "secret" not in str(found.value)
    assert found.value.owner == "customer-123"


def test_a_record_that_cannot_be_read_is_logged_with_its_trip(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.store.values["case:t1"] = []
    with caplog.at_level(logging.ERROR, logger="sagas"):
        [found] = asyncio.run(world.ours.all(["t1"]))
    [said] = caplog.records
    assert said.getMessage() == str(found)
    assert said.__dict__["case_id"] == "t1"


class Hanging:
    """A sidecar whose store never answers."""

    name = "trip-store"

    async def read(self, *_: Any) -> Any:
        await asyncio.Event().wait()


def test_who_waits_to_be_recorded_is_told_when_the_store_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(records, "_QUEUED_SECONDS", 0.01)
    trips = Records(Hanging(), TRIP)  # type: ignore[arg-type]

    async def both() -> None:
        first = asyncio.create_task(trips.accept(fresh("one")))
        await asyncio.sleep(0)
        try:
            await trips.accept(fresh("other"))
        finally:
            first.cancel()

    with pytest.raises(Unavailable, match="others wait to be recorded"):
        asyncio.run(both())


def test_a_workflow_that_was_given_up_is_not_heard_and_the_one_that_counts_is() -> None:
    world = World()
    taken = world.take_up(world.stored, lost=True)
    asyncio.run(world.ours.keep("t1", FAILED, by="t1"))
    assert world.stored == taken
    asyncio.run(world.ours.keep("t1", FAILED, by="t1.2"))
    assert world.stored.ended
