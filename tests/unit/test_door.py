"""The HTTP door of a kind of which no code but its own knows anything."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sagas import Progress
from sagas.core.progress import Attention, Halt
from tests.unit.errands import ERRAND, MILK, NOW, Place, Word, World, wait

NO = Halt(step="send", reason="no_messenger", detail="All are out.")
PARKED = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))
YES, HERE = {"approved": True, "by": "bob"}, {"where": "the shop"}
SAID = Word(approved=True, by="bob").model_dump(mode="json")
NOBODY = "/errands/nobody"


@pytest.fixture
def world() -> World:
    return World()


def problem(answer: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    """Check that the answer is this problem; return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (answer.status_code, told["status"], told["reason"]) == (status, status, reason)
    return told


def test_a_case_that_does_not_end_at_once_is_accepted(world: World) -> None:
    answer = world.begin()
    assert answer.status_code == 202
    assert answer.headers["location"] == "/errands/e1"
    assert answer.headers["preference-applied"] == "respond-async"
    told = answer.json()
    assert told.pop("createdAt").endswith("Z")
    assert told == {
        "errandId": "e1",
        "status": "running",
        "clientId": "c1",
        "request": MILK,
        "results": {},
        "waits": [],
        "steps": [],
        "compensations": [],
    }
    assert world.engine.started == ["e1"]


def test_a_case_is_waited_for_up_to_a_time(world: World) -> None:
    world.app.state.wait_seconds = 0.02
    answer = world.ask("PUT", "/errands/e1", MILK)
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert "preference-applied" not in answer.headers


def test_one_that_ends_well_is_answered_with_its_end(world: World) -> None:
    world.engine.ends = Progress(status="finished", results={"run": {"id": "e1:run"}})
    answer = world.ask("PUT", "/errands/e1", MILK)
    assert (answer.status_code, answer.json()["status"]) == (200, "finished")
    assert answer.json()["results"] == {"run": {"id": "e1:run"}}
    assert "endedAt" in answer.json()
    assert world.ask("PUT", "/errands/e1", MILK).json() == answer.json()
    assert world.engine.started == ["e1"]


def test_one_that_does_not_end_well_is_a_problem_that_says_why_and_how_it_stands(
    world: World,
) -> None:
    world.engine.ends = Progress(status="rejected", halt=NO)
    told = problem(world.ask("PUT", "/errands/e1", MILK), 409, "no_messenger")
    assert (told["type"], told["title"]) == ("errand_rejected", "Errand rejected")
    assert (told["step"], told["detail"]) == ("send", "send: All are out.")
    assert (told["compensations"], told["errand"]["errandId"]) == ([], "e1")


def test_an_id_is_that_of_one_request(world: World) -> None:
    world.begin()
    assert world.begin().status_code == 202
    told = problem(world.begin(what="eggs"), 409, "idempotency_conflict")
    assert told["title"] == "Errand id is taken"
    assert told["detail"] == "e1 was sent with another request; choose another id."
    assert world.engine.started == ["e1"]


@pytest.mark.parametrize(
    ("path", "wish", "where"),
    [
        ("/errands/e1", MILK | {"what": ""}, "body.what"),
        ("/errands/e1", MILK | {"why": "thirst"}, "body.why"),
        ("/errands/e1", {}, "body.clientId"),
        ("/errands/e.1", MILK, "path.errand_id"),
        (f"/errands/{'e' * 65}", MILK, "path.errand_id"),
    ],
    ids=["too short", "unknown", "missing", "no id", "id too long"],
)
def test_what_makes_no_sense_is_told_by_its_place(
    world: World, path: str, wish: Any, where: str
) -> None:
    told = problem(world.ask("PUT", path, wish), 422, "invalid_request")
    assert told["detail"].startswith(where)
    assert world.engine.started == []


def test_who_comes_when_all_places_are_taken_is_told_when_to_come_back() -> None:
    world = World(places=1)
    world.begin()
    answer = world.begin("e2")
    told = problem(answer, 429, "busy")
    assert told["title"] == "Too many messengers"
    assert told["detail"].startswith("Too many messengers at once; ask again in ")
    assert int(answer.headers["retry-after"]) > 0
    assert world.ask("GET", "/errands/e2").status_code == 404


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("GET", NOBODY, None),
        ("GET", f"{NOBODY}/audit", None),
        ("GET", f"{NOBODY}/events", None),
        ("POST", f"{NOBODY}/cancel", None),
        ("POST", f"{NOBODY}/resume", None),
        ("POST", f"{NOBODY}/signals/approval", YES),
        ("POST", f"{NOBODY}/signals/arrived", HERE),
    ],
    ids=str,
)
def test_of_a_case_that_nobody_began_nothing_is_known(
    world: World, verb: str, path: str, body: Any
) -> None:
    told = problem(world.ask(verb, path, body), 404, "unknown_errand")
    assert (told["title"], told["detail"]) == ("Unknown errand", "There is no errand nobody.")


def test_a_case_can_be_looked_at(world: World) -> None:
    begun = world.begin().json()
    assert world.ask("GET", "/errands/e1").json() == begun
    world.engine.seen = Progress(step="send", waits=[wait("approval")])
    seen = world.ask("GET", "/errands/e1").json()
    assert seen["step"] == "send"
    [waits] = seen["waits"]
    assert (waits["signal"], waits["attempt"], waits["over"]) == ("approval", "", False)


def test_cases_are_listed_by_owner_and_status_newest_first(world: World) -> None:
    for number in range(3):
        world.begin(f"e{number}", clientId=f"c{number % 2}")

    def listed(asked: str) -> list[str]:
        page = world.ask("GET", f"/errands{asked}").json()
        assert set(page) <= {"errands", "next"}
        return [errand["errandId"] for errand in page["errands"]]

    assert listed("") == ["e2", "e1", "e0"]
    assert listed("?clientId=c0") == ["e2", "e0"]
    assert listed("?owner=c1") == ["e1"]
    asyncio.run(world.records.keep("e1", Progress(status="finished")))
    assert listed("?status=finished") == ["e1"]
    assert listed("?status=running") == ["e2", "e0"]
    first = world.ask("GET", "/errands?limit=2").json()
    assert listed(f"?limit=2&cursor={first['next']}") == ["e0"]


def test_a_case_in_a_list_is_a_summary_of_it(world: World) -> None:
    world.begin()
    [errand] = world.ask("GET", "/errands").json()["errands"]
    assert set(errand) == {"errandId", "status", "clientId", "createdAt"}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("status=confirmed", "invalid_request"),  # the word of another kind
        ("limit=0", "invalid_request"),
        ("cursor=bm9uZQ", "invalid_cursor"),
    ],
)
def test_a_list_that_cannot_be_is_refused(world: World, asked: str, reason: str) -> None:
    problem(world.ask("GET", f"/errands?{asked}"), 422, reason)


def test_the_audit_speaks_of_the_kind_and_so_do_its_events(world: World) -> None:
    world.is_at(Progress(status="finished"))
    audit = world.ask("GET", "/errands/e1/audit").json()
    assert [event["event"] for event in audit] == ["accepted", "ended"]
    assert audit[-1]["detail"] == "The errand is finished."
    stream = world.ask("GET", "/errands/e1/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    told = [line for line in stream.text.splitlines() if line.startswith("data: ")]
    assert len(told) == 2
    assert "The errand is finished." in told[-1]


def test_a_cancel_is_put_on_record_and_told(world: World) -> None:
    world.begin()
    answer = world.ask("POST", "/errands/e1/cancel")
    assert (answer.status_code, "cancelRequestedAt" in answer.json()) == (202, True)
    assert world.engine.told == [("e1", "cancel", None)]


def test_past_the_pivot_there_is_no_cancel(world: World) -> None:
    world.is_at(Progress(irrevocable=True))
    told = problem(world.ask("POST", "/errands/e1/cancel"), 409, "too_late")
    assert told["detail"] == "e1 is past the point of no return and will be finished."
    assert world.engine.told == []


def test_only_of_a_kind_that_reverses_is_a_case_undone_that_was_done() -> None:
    for kind, started, status in (
        (ERRAND, ["e1"], "finished"),
        (replace(ERRAND, reverses=True), ["e1", "e1.cancellation"], "running"),
    ):
        world = World(kind)
        world.is_at(Progress(status="finished"))
        world.engine.seen = None
        answer = world.ask("POST", "/errands/e1/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, status)
        assert world.engine.started == started


def test_a_case_that_needs_nobody_is_not_resumed(world: World) -> None:
    world.begin()
    told = problem(world.ask("POST", "/errands/e1/resume"), 409, "nothing_to_resume")
    assert told["detail"] == "The errand is running: there is nothing to resume."


def test_a_parked_case_is_resumed(world: World) -> None:
    world.is_at(PARKED)
    answer = world.ask("POST", "/errands/e1/resume")
    assert (answer.status_code, answer.json()["attention"]["blocked"]) == (202, [])
    assert world.engine.told == [("e1", "resume", None)]


@pytest.mark.parametrize(
    "seen",
    [
        Progress(),
        Progress(waits=[wait("arrived")]),
        Progress(waits=[wait("approval", "second")]),
        Progress(waits=[wait("approval", over=True)]),
    ],
    ids=["nothing", "another signal", "another attempt", "no more"],
)
def test_a_persons_word_that_nobody_waits_for_is_refused(world: World, seen: Progress) -> None:
    world.is_at(seen)
    answer = world.ask("POST", "/errands/e1/signals/approval", YES)
    told = problem(answer, 409, "not_waited_for")
    assert told["detail"] == "The errand is running and does not wait for approval."
    assert world.engine.told == []


def test_a_persons_word_comes_too_late_after_the_end_or_after_anothers(world: World) -> None:
    world.is_at(Progress(waits=[wait("approval", over=True, word=SAID)]))
    said = world.ask("POST", "/errands/e1/signals/approval", YES)
    assert problem(said, 409, "not_waited_for")["detail"] == (
        "It has been said already: Approved by bob."
    )
    asyncio.run(world.records.keep("e1", Progress(status="finished", waits=[wait("approval")])))
    late = world.ask("POST", "/errands/e1/signals/approval", YES)
    assert "finished" in problem(late, 409, "not_waited_for")["detail"]
    assert world.engine.told == []


@pytest.mark.parametrize(
    ("attempt", "event"), [({}, "approval"), ({"attempt": "leg-2"}, "approval:leg-2")]
)
def test_a_persons_word_that_is_waited_for_is_told(
    world: World, attempt: dict[str, str], event: str
) -> None:
    world.is_at(Progress(waits=[wait("approval", attempt.get("attempt", ""))]))
    answer = world.ask("POST", "/errands/e1/signals/approval", YES | attempt)
    assert (answer.status_code, answer.json()["errandId"]) == (202, "e1")
    assert world.engine.told == [("e1", event, Word(approved=True, by="bob"))]


def test_a_persons_word_that_no_workflow_hears_is_refused(world: World) -> None:
    world.is_at(Progress(waits=[wait("approval")]))
    world.engine.deaf = True
    problem(world.ask("POST", "/errands/e1/signals/approval", YES), 409, "not_waited_for")


@pytest.mark.parametrize(
    ("signal", "word"),
    [
        ("approval", {"approved": "yes", "by": "bob"}),
        ("approval", YES | {"why": "because"}),
        ("approval", YES | {"attempt": "no spaces"}),
        ("arrived", {}),
    ],
    ids=str,
)
def test_a_word_that_makes_no_sense_is_refused(world: World, signal: str, word: Any) -> None:
    world.is_at(Progress(waits=[wait("approval"), wait("arrived")]))
    problem(world.ask("POST", f"/errands/e1/signals/{signal}", word), 422, "invalid_request")
    assert world.engine.told == []


def test_a_word_on_what_is_no_signal_finds_no_door(world: World) -> None:
    world.begin()
    assert world.ask("POST", "/errands/e1/signals/weather", {}).status_code == 404


@pytest.mark.parametrize(
    "seen",
    [
        Progress(),
        Progress(waits=[wait("arrived", "leg-1")]),
        Progress(waits=[wait("arrived", "leg-1", over=True, word=HERE)]),
        PARKED,
    ],
    ids=["early", "waited for", "told twice", "parked"],
)
def test_a_participants_word_is_told_also_if_nobody_waits_yet(world: World, seen: Progress) -> None:
    world.is_at(seen)
    answer = world.ask("POST", "/errands/e1/signals/arrived", HERE | {"attempt": "leg-1"})
    assert answer.status_code == 202
    assert world.engine.told == [("e1", "arrived:leg-1", Place(where="the shop"))]
    audit = world.ask("GET", "/errands/e1/audit").json()
    assert "late_signal" not in [event["event"] for event in audit]


@pytest.mark.parametrize(
    "seen",
    [
        Progress(waits=[wait("arrived", "leg-1", over=True)]),
        Progress(status="finished"),
        Progress(status="cancelled"),
    ],
    ids=["after the wait", "after the end", "after a cancel"],
)
def test_a_participants_late_word_is_in_the_audit_and_changes_nothing(
    world: World, seen: Progress
) -> None:
    world.is_at(seen)
    answer = world.ask("POST", "/errands/e1/signals/arrived", HERE | {"attempt": "leg-1"})
    assert (answer.status_code, answer.json()["status"]) == (202, seen.status)
    assert world.engine.told == []
    audit = world.ask("GET", "/errands/e1/audit").json()
    [late] = [event for event in audit if event["event"] == "late_signal"]
    assert late["detail"] == "arrived:leg-1"


def test_a_participant_whom_no_workflow_hears_now_is_told_to_come_back(world: World) -> None:
    world.is_at(Progress())
    world.engine.deaf = True
    answer = world.ask("POST", "/errands/e1/signals/arrived", HERE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    detail = answer.json()["detail"]
    assert detail == ("Try again, with the same errand id: No workflow of e1 hears arrived now.")


def test_routes_have_the_other_names_that_the_kind_gives_them(world: World) -> None:
    assert (
        world.ask("POST", "/send/e1", MILK, headers={"Prefer": "respond-async"}).status_code == 202
    )
    assert world.ask("POST", "/look/e1").json() == world.ask("GET", "/errands/e1").json()
    world.engine.seen = Progress(waits=[wait("approval")])
    assert world.ask("POST", "/approve/e1", YES).status_code == 202
    assert [event for _, event, _ in world.engine.told] == ["approval"]


@pytest.mark.parametrize(
    "says",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere"}],
    ids=["fetch metadata", "origin"],
)
def test_a_page_of_another_site_begins_nothing(world: World, says: dict[str, str]) -> None:
    problem(world.ask("PUT", "/errands/e1", MILK, headers=says), 403, "other_origin")
    assert world.engine.started == []


def test_a_kind_describes_itself(world: World) -> None:
    told = world.ask("GET", "/kind").json()
    assert (told["noun"], told["nouns"], told["done"]) == ("errand", "errands", "finished")
    assert set(told["statuses"]) == set(ERRAND.statuses)
    assert (told["owner"], told["steps"]) == ("clientId", ["send", "tell"])
    approval, arrived = told["signals"]
    assert (approval["name"], approval["by"]) == ("approval", "person")
    assert approval["says"]["properties"]["approved"]["type"] == "boolean"
    assert (arrived["name"], arrived["by"]) == ("arrived", "participant")
    assert arrived["says"]["required"] == ["where"]
    assert told["request"]["properties"]["what"]["maxLength"] == 20
    assert told["example"] == MILK


def test_the_openapi_has_typed_requests_and_views(world: World) -> None:
    api = world.ask("GET", "/openapi.json").json()
    schemas = api["components"]["schemas"]

    def body(verb: str, path: str) -> dict[str, Any]:
        return named(api["paths"][path][verb]["requestBody"])

    def answer(verb: str, path: str, status: str) -> dict[str, Any]:
        return named(api["paths"][path][verb]["responses"][status])

    def named(content: Any) -> dict[str, Any]:
        ref = content["content"]["application/json"]["schema"]["$ref"]
        found: dict[str, Any] = schemas[ref.rpartition("/")[2]] | {"name": ref.rpartition("/")[2]}
        return found

    one = "/errands/{errand_id}"
    wish, view = body("put", one), answer("put", one, "200")
    assert wish["properties"]["what"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 20,
        "title": "What",
    }
    assert (wish["required"], wish["additionalProperties"]) == (["clientId", "what"], False)
    assert view["name"] == "ErrandView"
    assert set(view["properties"]["status"]["enum"]) == set(ERRAND.statuses)
    assert {"errandId", "clientId", "request", "results", "waits", "steps"} <= set(view["required"])
    for verb, path, status in (
        ("put", one, "202"),
        ("get", one, "200"),
        ("post", f"{one}/cancel", "202"),
        ("post", f"{one}/resume", "202"),
        ("post", f"{one}/signals/approval", "202"),
        ("post", f"{one}/signals/arrived", "202"),
    ):
        assert answer(verb, path, status)["name"] == "ErrandView"
    listed = answer("get", "/errands", "200")
    assert listed["properties"]["errands"]["items"]["$ref"].endswith("/ErrandSummary")
    word = body("post", f"{one}/signals/approval")["properties"]
    assert (word["approved"]["type"], word["attempt"]["default"]) == ("boolean", "")
    assert set(body("post", f"{one}/signals/arrived")["properties"]) == {"where", "attempt"}
    assert "404" not in api["paths"][one]["put"]["responses"]
    assert {"409", "422", "429", "503"} <= set(api["paths"][one]["put"]["responses"])
