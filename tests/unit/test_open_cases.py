"""How many cases that have not ended one owner may have, whoever asks at the same time."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from sagas.core.progress import Progress
from sagas.records.index import PAGE, logs_of, unsettled
from sagas.records.record import Record
from sagas.records.records import Records, TooManyOpen
from tests.support.memory import MemoryStore, at_once
from tests.unit.errands import ERRAND, MILK, World

MOST = 3


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def records(store: MemoryStore) -> Records:
    return Records(store, ERRAND, MOST)  # type: ignore[arg-type]


def fresh(case_id: str, owner: str = "c1") -> Record:
    age = timedelta(minutes=1)
    now = datetime.now(UTC) - age
    return Record(case_id=case_id, digest="x", request=MILK, owner=owner, created_at=now)


def accept(records: Records, *case_ids: str, owner: str = "c1") -> list[str]:
    """Return the ids of those that are accepted."""
    accepted = []
    for case_id in case_ids:
        with suppress(TooManyOpen):
            asyncio.run(records.accept(fresh(case_id, owner)))
            accepted.append(case_id)
    return accepted


def end(records: Records, case_id: str) -> None:
    asyncio.run(records.keep(case_id, Progress(status="finished")))


def names(count: int) -> list[str]:
    return [f"e{n}" for n in range(count)]


def test_sixty_requests_of_one_owner_are_not_sixty_cases(records: Records) -> None:
    assert accept(records, *names(60)) == names(MOST)
    assert [item.case_id for item in asyncio.run(records.open())] == list(reversed(names(MOST)))


def test_what_was_refused_left_nothing(records: Records, store: MemoryStore) -> None:
    accept(records, *names(MOST))
    before = dict(store.values)
    assert accept(records, "more") == []
    assert store.values == before


def test_each_that_ends_makes_room_for_one(records: Records) -> None:
    accept(records, *names(MOST))
    for n in range(2 * PAGE):
        assert accept(records, f"refused-{n}") == []
        end(records, f"e{n}")
        assert accept(records, f"e{n + MOST}", "one-too-many") == [f"e{n + MOST}"]


def test_owners_are_counted_apart(records: Records) -> None:
    assert accept(records, *names(MOST + 1)) == names(MOST)
    assert accept(records, "other", owner="c2") == ["other"]


def test_a_known_id_is_the_same_case_however_many_there_are(records: Records) -> None:
    accept(records, *names(MOST))
    assert accept(records, *names(MOST)) == names(MOST)


def test_two_replicas_that_accept_the_last_one_at_once_do_not_both(
    records: Records, store: MemoryStore
) -> None:
    accept(records, *names(MOST - 1))
    other = Records(store, ERRAND, MOST)  # type: ignore[arg-type]
    store.before_write = lambda: at_once(_accepted(other, fresh("first")))
    assert accept(records, "second") == []
    assert accept(records, "first") == ["first"]


async def _accepted(records: Records, record: Record) -> None:
    await records.accept(record)


def test_without_a_bound_nothing_is_counted_nor_kept(store: MemoryStore) -> None:
    free = Records(store, ERRAND)  # type: ignore[arg-type]
    assert accept(free, *names(60)) == names(60)
    [log] = logs_of("c1")
    assert len(unsettled(store.values[log])) <= 1


def test_the_door_says_that_it_is_the_owners_and_takes_them_again_later() -> None:
    world = World(most_open=MOST)
    for case_id in names(MOST):
        assert world.begin(case_id).status_code == 202
    refused = world.begin("more")
    assert (refused.status_code, refused.json()["reason"]) == (429, "too_many_open")
    assert "This client has 3 errands that have not ended" in refused.json()["detail"]
    assert world.engine.started == names(MOST)
    assert world.ask("GET", "/errands/more").status_code == 404
    end(world.records, "e0")
    assert world.begin("more").status_code == 202


def test_the_console_says_it_too() -> None:
    world = World(most_open=MOST)
    for case_id in names(MOST):
        world.begin(case_id)
    form = {"case_id": "more", "asked": '{"clientId": "c1", "what": "milk"}'}
    page = world.ask("POST", "/console/new", data=form)
    assert (page.status_code, "have not ended" in page.text) == (422, True)
