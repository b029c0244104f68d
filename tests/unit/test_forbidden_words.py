"""A word that this person may not say of this case is refused, and nobody is told of it."""

import asyncio
from dataclasses import replace

import pytest

from sagas import Progress, Refused
from tests.unit.errands import APPROVAL, ERRAND, Wish, Word, World, wait
from tests.unit.test_door import YES, problem


def _not_ones_own(wish: Wish, said: Word) -> Refused | None:
    if said.by != wish.client_id:
        return None
    return Refused(reason="four_eyes", detail=f"{said.by} wants {wish.what} fetched.")


@pytest.fixture
def world() -> World:
    """The app of errands that nobody lets go whose own they are; e1 is of c1, and waits."""
    forbidding = replace(APPROVAL, forbids=_not_ones_own)
    made = World(replace(ERRAND, signals=[forbidding]))
    made.is_at(Progress(waits=[wait("approval")]))
    return made


def test_who_began_a_case_may_not_say_what_another_has_to(world: World) -> None:
    told = problem(
        world.ask("POST", "/errands/e1/signals/approval", YES | {"by": "c1"}), 403, "four_eyes"
    )
    assert (told["title"], told["detail"]) == ("Forbidden", "c1 wants milk fetched.")
    assert world.engine.told == []
    kept = asyncio.run(world.records.get("e1"))
    assert kept is not None
    assert kept.progress == Progress(waits=[wait("approval")])


def test_another_may(world: World) -> None:
    assert world.ask("POST", "/errands/e1/signals/approval", YES).status_code == 202
    assert world.engine.told == [("e1", "approval", Word(approved=True, by="bob"))]


def test_it_is_said_first_that_it_is_forbidden_also_when_it_comes_too_late(world: World) -> None:
    asyncio.run(world.records.keep("e1", Progress(status="finished")))
    own = world.ask("POST", "/errands/e1/signals/approval", YES | {"by": "c1"})
    problem(own, 403, "four_eyes")
    problem(world.ask("POST", "/errands/e1/signals/approval", YES), 409, "not_waited_for")


def test_of_a_case_that_nobody_began_nothing_is_forbidden(world: World) -> None:
    unknown = world.ask("POST", "/errands/e2/signals/approval", YES | {"by": "c1"})
    problem(unknown, 404, "unknown_errand")


def test_a_button_of_the_console_is_no_way_around_it() -> None:
    alike = replace(
        APPROVAL, forbids=_not_ones_own, choices={"Let go": Word(approved=True, by="c1")}
    )
    world = World(replace(ERRAND, signals=[alike]))
    world.is_at(Progress(waits=[wait("approval")]))
    pressed = world.ask(
        "POST",
        "/console/errands/e1/signals/approval",
        headers={"Origin": "http://localhost"},
        data={"choice": "Let go"},
    )
    problem(pressed, 403, "four_eyes")
    assert world.engine.told == []


def test_the_door_says_which_words_can_be_forbidden(world: World) -> None:
    paths = world.ask("GET", "/openapi.json").json()["paths"]
    assert "403" in paths["/errands/{errand_id}/signals/approval"]["post"]["responses"]
    plain = World().ask("GET", "/openapi.json").json()["paths"]
    assert "403" not in plain["/errands/{errand_id}/signals/approval"]["post"]["responses"]
