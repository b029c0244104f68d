"""The door where people are asked who they are: credentials, owners, names, sessions, attacks."""

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from sagas import Progress
from sagas.core.progress import Attention
from sagas.people.keys import Keys
from sagas.people.sessions import Login, Sessions
from tests.unit.errands import MILK, NOW, Word, World, wait
from tests.unit.peopled import OWN_PAGE, Peopled, cookie_of, through_sidecar
from tests.unit.test_door import problem

YES = {"approved": True}
HERE = {"where": "the shop"}
AT_ONCE = {"Prefer": "respond-async"}


@pytest.fixture
def world(tmp_path: Path) -> Peopled:
    return Peopled(tmp_path)


@pytest.fixture
def begun(world: Peopled) -> Peopled:
    """A world in which c1 began the errand e1."""
    headers = world.as_one("c1", "customer") | AT_ONCE
    assert world.ask("PUT", "/errands/e1", MILK, headers=headers).status_code == 202
    return world


def audit(world: Peopled) -> list[tuple[str, str | None]]:
    """Return what happened to e1, and who asked for it."""
    told = world.ask("GET", "/errands/e1/audit", headers=world.as_one("otto", "auditor")).json()
    return [(event["event"], event.get("by")) for event in told]


def test_without_people_nobody_is_asked_and_nobody_is_named() -> None:
    world = World()
    world.begin()
    told = world.ask("GET", "/errands/e1/audit", headers={"Authorization": "Bearer x"}).json()
    assert "by" not in told[0]
    assert "begun_by" not in world.store.values["case:e1"]
    for verb, path in (("GET", "/login"), ("POST", "/login"), ("POST", "/logout")):
        unknown = world.ask(verb, "/nowhere")
        answer = world.ask(verb, path)
        assert (answer.status_code, answer.content) == (404, unknown.content)


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, "Bearer"),
        ({"Authorization": "Bearer saga_0_0"}, 'Bearer error="invalid_token"'),
        ({"Authorization": "Basic YTpi"}, 'Bearer error="invalid_token"'),
        ({"Authorization": "Bearer"}, 'Bearer error="invalid_token"'),
        ({"X-API-Key": "secret"}, 'Bearer error="invalid_token"'),
        ({"Cookie": "errand_session=x.y.z"}, "Bearer"),
        ({"dapr-api-token": "guessed", "dapr-caller-app-id": "messengers"}, "Bearer"),
        ({"dapr-caller-app-id": "messengers"}, "Bearer"),
        ({"Authorization": "Bearer a.b.c"}, 'Bearer error="invalid_token"'),
    ],
    ids=str,
)
def test_who_does_not_prove_who_they_are_stays_out(
    world: Peopled, headers: dict[str, str], challenge: str
) -> None:
    answer = world.ask("PUT", "/errands/e1", {"no": "sense"}, headers=headers)
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == challenge
    assert world.store.values == {}


def test_a_key_is_taken_from_either_header(begun: Peopled) -> None:
    key = begun.key("c1", ["customer"])
    for headers in ({"Authorization": f"bearer {key}"}, {"X-API-Key": key}):
        assert begun.ask("GET", "/errands/e1", headers=headers).status_code == 200
    Keys(begun.file).revoke("c1")
    assert begun.ask("GET", "/errands/e1", headers={"X-API-Key": key}).status_code == 401


def test_a_foreign_case_is_as_one_that_there_is_not(begun: Peopled) -> None:
    stranger = begun.as_one("c2", "customer")
    for path in ("", "/audit", "/events"):
        foreign = begun.ask("GET", f"/errands/e1{path}", headers=stranger)
        nobodys = begun.ask("GET", f"/errands/e2{path}", headers=stranger)
        assert foreign.json() | {"detail": ""} == nobodys.json() | {"detail": ""}
        assert problem(foreign, 404, "unknown_errand")["detail"] == "There is no errand e1."
    problem(begun.ask("POST", "/errands/e1/cancel", headers=stranger), 404, "unknown_errand")
    assert begun.ask("GET", "/console/errands/e1", headers=stranger).status_code == 404
    assert begun.engine.told == []


def test_nobody_begins_in_the_name_of_another_or_lists_their_cases(begun: Peopled) -> None:
    stranger = begun.as_one("c2", "customer")
    told = problem(begun.ask("PUT", "/errands/e2", MILK, headers=stranger), 403, "foreign_owner")
    assert told["detail"] == "c2 may not ask for errands of c1: clientId is to be c2."
    assert begun.ask("GET", "/errands", headers=stranger).json() == {"errands": []}
    for name in ("clientId", "owner"):
        answer = begun.ask("GET", f"/errands?{name}=c1", headers=stranger)
        problem(answer, 403, "foreign_owner")
    own = begun.ask("GET", "/errands", headers=begun.as_one("c1", "customer")).json()
    assert [errand["errandId"] for errand in own["errands"]] == ["e1"]
    assert "e1" not in begun.ask("GET", "/", headers=stranger).text
    assert "e1" not in begun.ask("GET", "/console/errands", headers=stranger).text


def test_who_did_it_stands_in_the_audit(begun: Peopled) -> None:
    begun.engine.seen = Progress(waits=[wait("approval"), wait("arrived")])
    judge, operator = begun.as_one("anna", "approver"), begun.as_one("olga", "operator")
    said = begun.ask("POST", "/errands/e1/signals/approval", YES, headers=judge)
    assert said.status_code == 202
    parked = Progress(status="needs_attention", attention=Attention(since=NOW, blocked=[]))
    begun.engine.seen = parked
    assert begun.ask("POST", "/errands/e1/resume", headers=operator).status_code == 202
    assert begun.ask("POST", "/errands/e1/cancel", headers=operator).status_code == 202
    asyncio.run(begun.records.keep("e1", Progress(status="cancelled")))
    late = through_sidecar("messengers")
    answer = begun.ask("POST", "/errands/e1/signals/arrived", HERE, headers=late)  # type: ignore[arg-type]
    assert answer.status_code == 202
    assert [event for event in audit(begun) if event[0] != "ended"] == [
        ("accepted", "c1"),
        ("signal_sent", "anna"),
        ("resume_requested", "olga"),
        ("cancel_requested", "olga"),
        ("late_signal", "messengers"),
    ]


def test_a_resume_that_starts_the_workflow_over_keeps_who_asked(begun: Peopled) -> None:
    asyncio.run(begun.records.keep("e1", Progress(status="needs_attention")))
    begun.engine.seen = None
    operator = begun.as_one("olga", "operator")
    assert begun.ask("POST", "/errands/e1/resume", headers=operator).status_code == 202
    assert begun.engine.started == ["e1", "e1"]
    assert ("resume_requested", "olga") in audit(begun)


def test_the_door_knows_the_name_under_a_decision(begun: Peopled) -> None:
    begun.engine.seen = Progress(waits=[wait("approval")])
    judge, at = begun.as_one("anna", "approver"), "/errands/e1/signals/approval"
    problem(begun.ask("POST", at, YES | {"by": "boss"}, headers=judge), 403, "foreign_name")
    assert begun.engine.told == []
    for body in (YES, YES | {"by": "anna"}):
        assert begun.ask("POST", at, body, headers=judge).status_code == 202
    button = {"choice": "Let them go"}
    page = "/console/errands/e1/signals/approval"
    assert begun.ask("POST", page, data=button, headers=judge).status_code == 303
    assert [word for *_, word in begun.engine.told] == [Word(approved=True, by="anna")] * 3


def test_without_people_a_decision_still_needs_a_name() -> None:
    world = World()
    world.is_at(Progress(waits=[wait("approval")]))
    problem(world.ask("POST", "/errands/e1/signals/approval", YES), 422, "invalid_request")


def test_nobody_decides_on_a_case_of_their_own(begun: Peopled) -> None:
    begun.engine.seen = Progress(waits=[wait("approval")])
    party = begun.as_one("c1", "customer", "approver")
    answer = begun.ask("POST", "/errands/e1/signals/approval", YES, headers=party)
    problem(answer, 403, "own_case")
    assert begun.ask("GET", "/errands/e1", headers=party).status_code == 200
    assert begun.engine.told == []


def test_who_sees_all_still_changes_only_what_is_theirs(begun: Peopled) -> None:
    both = begun.as_one("c2", "customer", "auditor")
    assert begun.ask("GET", "/errands/e1", headers=both).status_code == 200
    problem(begun.ask("POST", "/errands/e1/cancel", headers=both), 403, "not_yours")
    assert begun.engine.told == []


def test_keys_that_others_can_read_let_nobody_in(world: Peopled) -> None:
    key = world.key("c1", ["customer"])
    cookie = world.logged_in("c1", "customer")
    world.file.chmod(0o644)
    told = problem(world.ask("GET", "/kind", headers={"X-API-Key": key}), 503, "unavailable")
    assert str(world.file) not in told["detail"]
    assert world.ask("GET", "/kind", headers=cookie).status_code == 401
    assert login(world, key).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        through_sidecar("payment-service"),
        through_sidecar(),
        through_sidecar("messengers", "payment-service"),
        through_sidecar("messengers", token="guessed"),
    ],
    ids=["no participant", "nobody", "two", "no sidecar"],
)
def test_a_participants_word_is_taken_only_from_a_participant(begun: Peopled, headers: Any) -> None:
    begun.engine.seen = Progress(waits=[wait("arrived")])
    answer = begun.ask("POST", "/errands/e1/signals/arrived", HERE, headers=headers)
    assert answer.status_code in (401, 403)
    assert begun.engine.told == []


def test_without_a_token_of_the_sidecar_its_word_counts_for_nothing(tmp_path: Path) -> None:
    world = Peopled(tmp_path, app_api_token="")
    headers: Any = through_sidecar("messengers", token="")
    assert (
        world.ask("POST", "/errands/e1/signals/arrived", HERE, headers=headers).status_code == 401
    )


def test_a_person_who_calls_through_a_sidecar_is_that_person(begun: Peopled) -> None:
    headers: Any = [*through_sidecar("messengers"), *begun.as_one("c2", "customer").items()]
    assert begun.ask("GET", "/errands/e1", headers=headers).status_code == 404


def test_who_asks_too_often_is_told_when_to_come_back_whatever_address_they_claim(
    tmp_path: Path,
) -> None:
    world = Peopled(tmp_path, rate_limit="3/minute")
    one, other = world.as_one("c1", "customer"), world.as_one("c2", "customer")
    codes = [
        world.ask("GET", "/kind", headers=one | {"X-Forwarded-For": f"10.0.0.{n}"}).status_code
        for n in range(5)
    ]
    assert codes == [200, 200, 200, 429, 429]
    refused = world.ask("GET", "/kind", headers=one)
    problem(refused, 429, "too_often")
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert world.ask("GET", "/kind", headers=other).status_code == 200
    guesses = [
        world.ask("GET", "/kind", headers={"X-API-Key": f"guess-{n}"}).status_code for n in range(5)
    ]
    assert guesses == [401, 401, 401, 429, 429]
    assert world.ask("GET", "/healthz").status_code == 200


# --- the console ---


def login(world: Peopled, key: str, then: str = "/", **headers: str) -> httpx.Response:
    form = {"key": key, "next": then}
    return world.ask("POST", "/login", data=form, headers=OWN_PAGE | headers)


def test_a_browser_is_led_to_the_login_and_back(begun: Peopled) -> None:
    page = "/console/errands/e1?status=running"
    led = begun.ask("GET", page, headers={"Accept": "text/html,*/*"})
    assert led.status_code == 303
    form = begun.ask("GET", led.headers["location"])
    assert 'name="next" value="/console/errands/e1?status=running"' in form.text
    back = login(begun, begun.key("c1", ["customer"]), page)
    assert (back.status_code, back.headers["location"]) == (303, page)
    set_cookie = back.headers["set-cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=lax" in set_cookie
    cookie = {"Cookie": cookie_of(back)}
    shown = begun.ask("GET", page, headers=cookie)
    assert shown.status_code == 200
    assert "Log out" in shown.text
    fragment = begun.ask("GET", "/console/errands", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_the_login_leads_nowhere_else(world: Peopled, then: str) -> None:
    back = login(world, world.key("c1", ["customer"]), then)
    assert (back.status_code, back.headers["location"]) == (303, "/")
    form = world.ask("GET", "/login", params={"next": then})
    assert "evil" not in form.text


def test_a_false_key_logs_nobody_in(world: Peopled) -> None:
    answer = login(world, "saga_000000000000_" + "A" * 43)
    assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)
    assert "There is no such key" in answer.text


def test_a_session_that_was_there_before_a_login_is_none_after_it(world: Peopled) -> None:
    planted = world.logged_in("mallory", "customer")
    back = login(world, world.key("c1", ["customer"]), **planted)
    fresh = {"Cookie": cookie_of(back)}
    assert fresh != planted
    assert world.ask("GET", "/kind", headers=planted).status_code == 401
    assert "c1" in world.ask("GET", "/", headers=fresh).text


def test_a_logout_ends_the_session_also_for_who_copied_its_cookie(world: Peopled) -> None:
    cookie = world.logged_in("c1", "customer")
    assert world.ask("GET", "/kind", headers=cookie).status_code == 200
    out = world.ask("POST", "/logout", headers=cookie | OWN_PAGE)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert 'errand_session=""' in out.headers["set-cookie"]
    assert world.ask("GET", "/kind", headers=cookie).status_code == 401


def test_a_session_ends_with_the_key_that_it_was_begun_with(world: Peopled) -> None:
    cookie = world.logged_in("c1", "customer")
    Keys(world.file).revoke("c1")
    assert world.ask("GET", "/kind", headers=cookie).status_code == 401


def test_a_cookie_is_good_for_its_purpose_and_its_signer_only(world: Peopled) -> None:
    facts = Login(state="s", nonce="n", verifier="v", next="/")
    assert world.people.sessions.identity(world.people.sessions.remember(facts)) is None
    forged = Sessions(b"x" * 32, 600).remember(facts)
    assert world.people.sessions.login(forged) is None
    over = Sessions(b"x" * 32, -60)
    assert over.login(over.remember(facts)) is not None  # a login has its own time
    session, _ = over.begin(world.people.keys.identity(world.key("c1", ["customer"])))  # type: ignore[union-attr,arg-type]
    assert over.identity(session) is None


@pytest.mark.parametrize(
    "says",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {},
    ],
    ids=str,
)
def test_no_other_page_acts_in_the_name_of_who_is_logged_in(
    begun: Peopled, says: dict[str, str]
) -> None:
    cookie = begun.logged_in("c1", "customer")
    for path in ("/errands/e1/cancel", "/console/errands/e1/cancel", "/logout"):
        answer = begun.ask("POST", path, headers=cookie | says)
        problem(answer, 403, "other_origin")
    key = {"key": begun.key("mallory", ["customer"])}
    problem(begun.ask("POST", "/login", data=key, headers=says), 403, "other_origin")
    assert begun.engine.told == []
    assert begun.ask("GET", "/kind", headers=cookie).status_code == 200


def test_over_https_the_cookie_stays_there_and_is_the_hosts_alone(tmp_path: Path) -> None:
    world = Peopled(tmp_path, public_url="https://errands.example")
    set_cookie = login(world, world.key("c1", ["customer"])).headers["set-cookie"]
    assert set_cookie.startswith("__Host-errand_session=")
    assert "Secure" in set_cookie


def forms(page: str) -> list[str]:
    return re.findall(r'action="/console/errands/e1/([^"]+)"', page)


@pytest.mark.parametrize(
    ("name", "role", "offered"),
    [
        ("c1", "customer", ["cancel"]),
        ("olga", "operator", ["cancel"]),
        ("anna", "approver", ["signals/approval"]),
        ("c1", "approver", []),
        ("otto", "auditor", []),
    ],
)
def test_a_page_offers_what_who_is_logged_in_may_do(
    begun: Peopled, name: str, role: Any, offered: list[str]
) -> None:
    begun.engine.seen = Progress(waits=[wait("approval")])
    cookie = begun.logged_in(name, role)
    page = begun.ask("GET", "/console/errands/e1", headers=cookie).text
    assert forms(page) == offered
    assert ('href="/console/new"' in page) == (role == "customer")
    assert ('hx-get="/console/apps"' in page) == (role != "customer")
    assert f"<span>{name} <small>{role}</small></span>" in page


def test_the_form_begins_with_an_example_of_ones_own(world: Peopled) -> None:
    cookie = world.logged_in("c7", "customer")
    page = html.unescape(world.ask("GET", "/console/new", headers=cookie).text)
    assert '"clientId": "c7"' in page
    begun = {"case_id": "e1", "asked": '{"clientId": "c7", "what": "milk"}'}
    answer = world.ask("POST", "/console/new", data=begun, headers=cookie | OWN_PAGE)
    assert answer.status_code == 303
    assert audit(world) == [("accepted", "c7")]


def test_a_live_stream_ends_when_its_listener_is_let_in_no_more(begun: Peopled) -> None:
    key = begun.key("otto", ["auditor"])

    async def listened() -> int:
        asked = asyncio.create_task(
            asyncio.to_thread(begun.ask, "GET", "/errands/e1/events", None, {"X-API-Key": key})
        )
        done, _ = await asyncio.wait([asked], timeout=1)
        assert not done
        Keys(begun.file).revoke("otto")
        return (await asyncio.wait_for(asked, 10)).status_code

    assert asyncio.run(listened()) == 200
