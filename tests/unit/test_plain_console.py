"""The console of a kind that brings no pages of its own."""

import html
import re
from typing import Any

import pytest

from sagas import Progress
from sagas.core.progress import Attention, Halt
from tests.unit.errands import MILK, NOW, Word, World, wait

PAGE = "/console/errands/e1"
PARKED = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))


@pytest.fixture
def world() -> World:
    return World()


def shown(world: World, path: str) -> str:
    answer = world.ask("GET", path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.text


def forms(page: str) -> list[str]:
    return re.findall(r'<form method="post" action="([^"]+)"', page)


def test_the_home_page_lists_cases_and_leads_to_the_form(world: World) -> None:
    assert "/console/errands/" not in shown(world, "/")
    world.begin()
    home = shown(world, "/")
    assert f'href="{PAGE}"' in home
    assert "Fetch milk" in home
    assert re.search(r'href="/console/new">\s*Send an errand<', home)
    assert "e1" in shown(world, "/console/errands?status=running")
    assert f'href="{PAGE}"' not in shown(world, "/?status=finished")


def test_a_status_of_another_kind_is_none_of_this_one(world: World) -> None:
    assert world.ask("GET", "/?status=confirmed").status_code == 422


def test_the_form_begins_with_the_example_and_begins_a_case(world: World) -> None:
    form = shown(world, "/console/new")
    asked = re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)
    case_id = re.search(r'name="case_id" value="(errand-\w+)"', form)
    assert asked
    assert case_id
    fields = {"case_id": case_id[1], "asked": html.unescape(asked[1])}
    answer = world.ask("POST", "/console/new", data=fields)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/errands/{case_id[1]}"
    assert world.ask("GET", f"/errands/{case_id[1]}").json()["request"] == MILK


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"asked": "{"}, "Invalid JSON"),
        ({"asked": '{"clientId": "c1", "what": ""}'}, "what: "),
        ({"asked": '{"clientId": "c1", "what": "eggs"}'}, "The errand id e1 is taken by another"),
        ({"case_id": "e 1", "asked": '{"clientId": "c1", "what": "milk"}'}, "match pattern"),
    ],
    ids=["no JSON", "not allowed", "taken", "no id"],
)
def test_the_form_says_why_it_did_not_begin_and_keeps_what_was_typed(
    world: World, fields: dict[str, str], why: str
) -> None:
    world.begin()
    answer = world.ask("POST", "/console/new", data={"case_id": "e1"} | fields)
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    assert why in page
    assert fields["asked"] in page


def test_the_form_says_when_there_is_no_place() -> None:
    world = World(places=1)
    world.begin()
    fields = {"case_id": "e2", "asked": '{"clientId": "c1", "what": "milk"}'}
    answer = world.ask("POST", "/console/new", data=fields)
    assert "Too many messengers at once" in answer.text


def test_the_page_of_a_case_says_what_it_is_and_why_it_ended(world: World) -> None:
    no = Halt(step="send", reason="cancelled_by_client", detail="They cancelled the errand.")
    world.is_at(Progress(status="cancelled", halt=no))
    page = html.unescape(shown(world, PAGE))
    assert "Fetch milk" in page
    assert "Client c1" in page
    assert "the client changed their mind" in page
    assert "The errand is cancelled." in page
    assert forms(page) == []


@pytest.mark.parametrize(
    ("progress", "offered"),
    [
        (Progress(), ["cancel"]),
        (Progress(irrevocable=True), []),
        (Progress(waits=[wait("approval")]), ["signals/approval", "cancel"]),
        (Progress(waits=[wait("approval", over=True)]), ["cancel"]),
        (Progress(waits=[wait("arrived")]), ["cancel"]),
        (PARKED, ["resume", "cancel"]),
        (Progress(status="finished"), []),
    ],
    ids=["running", "past pivot", "waits", "waited", "waits for a service", "parked", "done"],
)
def test_the_page_offers_what_can_be_done(
    world: World, progress: Progress, offered: list[str]
) -> None:
    world.is_at(progress)
    assert forms(shown(world, PAGE)) == [f"{PAGE}/{deed}" for deed in offered]
    assert forms(shown(world, f"{PAGE}/live")) == [f"{PAGE}/{deed}" for deed in offered]


def test_a_button_says_its_word_about_the_attempt(world: World) -> None:
    world.is_at(Progress(waits=[wait("approval", "leg-1")]))
    page = shown(world, PAGE)
    attempt = re.search(r'name="attempt" value="([^"]*)"', page)
    choice = re.search(r'name="choice" value="([^"]*)"', page)
    assert attempt
    assert choice
    fields = {"attempt": attempt[1], "choice": choice[1]}
    answer = world.ask("POST", f"{PAGE}/signals/approval", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert world.engine.told == [("e1", "approval:leg-1", Word(approved=True, by="console"))]


@pytest.mark.parametrize(
    ("signal", "choice"), [("approval", "Let them stay"), ("weather", "Let them go")]
)
def test_there_is_no_word_but_those_on_buttons(world: World, signal: str, choice: str) -> None:
    world.is_at(Progress(waits=[wait("approval")]))
    answer = world.ask("POST", f"{PAGE}/signals/{signal}", data={"choice": choice})
    assert answer.status_code == 404
    assert world.engine.told == []


@pytest.mark.parametrize(
    ("deed", "progress", "told"),
    [
        ("cancel", Progress(), ["cancel"]),
        ("cancel", Progress(irrevocable=True), []),
        ("resume", PARKED, ["resume"]),
        ("resume", Progress(), []),
    ],
)
def test_a_deed_leads_back_to_the_page_also_when_it_comes_too_late(
    world: World, deed: str, progress: Progress, told: list[str]
) -> None:
    world.is_at(progress)
    answer = world.ask("POST", f"{PAGE}/{deed}")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert [event for _, event, _ in world.engine.told] == told


def test_what_cannot_be_read_stands_in_the_list_as_needing_help(world: World) -> None:
    world.begin()
    record: dict[str, Any] = world.store.values["case:e1"]
    record["progress"] = 7
    home = shown(world, "/")
    assert "e1" in home
    assert "needs attention" in home


def test_a_list_goes_on_where_the_page_before_ended(world: World) -> None:
    for number in range(21):
        world.begin(f"e{number:02}")
    home = shown(world, "/")
    older = re.search(r'href="(/console/older\?[^"]+)"', home)
    assert older
    rest = shown(world, html.unescape(older[1]))
    assert (home.count('href="/console/errands/'), rest.count('href="/console/errands/')) == (20, 1)
    assert 'href="/console/errands/e00"' in rest
