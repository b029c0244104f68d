"""Those who watch cases live: how many, and what that costs."""

import asyncio
from contextlib import ExitStack

import pytest

from sagas import Progress
from sagas.engine import viewers as module
from sagas.engine.viewers import TooManyViewers, Viewers
from sagas.records.record import Record
from tests.unit.errands import World


class Looked:
    """Counts the looks at cases."""

    def __init__(self) -> None:
        self.at: list[str] = []

    async def get(self, case_id: str) -> Record | None:
        self.at.append(case_id)
        return None


@pytest.fixture
def looked() -> Looked:
    return Looked()


def watch(viewers: Viewers, *case_ids: str, looks: int = 1) -> None:
    """Let somebody watch each of the cases for so many looks."""

    async def one(case_id: str) -> None:
        for _ in range(looks):
            await viewers.next_look(case_id)

    async def all_of_them() -> None:
        with ExitStack() as stack:
            for case_id in case_ids:
                stack.enter_context(viewers.watching(case_id))
            await asyncio.gather(*map(one, case_ids))

    asyncio.run(all_of_them())


def test_however_many_watch_a_case_it_is_looked_at_once(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0)
    watch(Viewers(looked, 100), *["e1"] * 20, *["e2"] * 3, looks=2)  # type: ignore[arg-type]
    assert sorted(looked.at) == ["e1", "e1", "e2", "e2"]


def test_the_more_watch_the_longer_are_the_pauses(
    looked: Looked, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    for count in (1, 15, 60):
        watch(Viewers(looked, 100), *[f"e{n}" for n in range(count)])  # type: ignore[arg-type]
        assert set(paused[-count:]) == {max(0.3, count / 50)}
    assert len(looked.at) == 76


def test_there_are_only_so_many_places_and_each_is_given_back(looked: Looked) -> None:
    viewers = Viewers(looked, 2)  # type: ignore[arg-type]
    with viewers.watching("e1"):
        with viewers.watching("e1"), pytest.raises(TooManyViewers), viewers.watching("e2"):
            pass
        with viewers.watching("e2"):
            pass


def test_the_door_tells_one_too_many_to_come_back() -> None:
    world = World(viewers=0)
    world.begin()
    answer = world.ask("GET", "/errands/e1/events")
    assert (answer.status_code, answer.json()["reason"]) == (429, "too_many_viewers")
    assert int(answer.headers["retry-after"]) > 0


def test_a_stream_that_has_ended_gives_its_place_back() -> None:
    world = World(viewers=1)
    world.is_at(Progress(status="finished"))
    for _ in range(3):
        assert "event-stream" in world.ask("GET", "/errands/e1/events").headers["content-type"]
