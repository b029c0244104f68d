"""What the command line makes of answers, and how it shows them: claims as any kind, and trips."""

import io
import json
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from rich.console import Console
from typer.testing import CliRunner, Result

from cli import saga, show, trip
from cli.exits import NOT_DONE, OK, STILL_RUNNING, UNREACHABLE, WRONG
from cli.models import read_case
from tests.support.claims import (
    EXAMPLE,
    Desk,
    blocked,
    claims,
    halt,
    line,
    orchestrator,
    wait,
)
from tests.support.served import served

PROJECT = Path(__file__).resolve().parent.parent.parent
STORED = PROJECT / "tests" / "integration" / "answers"


@pytest.fixture(scope="module")
def office() -> Iterator[tuple[str, Desk]]:
    """An orchestrator of claims, where it is, and the desk that it works at."""
    desk = Desk()
    with served(orchestrator(desk, claims())) as url:
        yield url, desk


@pytest.fixture
def url(office: tuple[str, Desk], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SAGA_URL", office[0])
    return office[0]


@pytest.fixture
def desk(office: tuple[str, Desk], url: str) -> Desk:  # noqa: ARG001 the program finds it there
    """The desk, with nothing on it."""
    office[1].clear()
    return office[1]


def terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what is written on a terminal of so many columns."""
    written = io.StringIO()
    monkeypatch.setattr(show, "console", Console(file=written, width=width, highlight=False))
    return written


def run(*words: str, said: str = "") -> Result:
    return CliRunner().invoke(saga.app, words, input=said)


def lines(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]


def said(result: Result) -> str:
    """Return what was said on stderr, however it was broken into lines."""
    return " ".join(result.stderr.split())


def test_without_a_file_the_example_is_started(desk: Desk) -> None:
    done = run("start", "--id", "c1")
    assert done.exit_code == OK, done.stderr
    assert desk.asked["c1"].model_dump(mode="json", by_alias=True) == EXAMPLE | {"note": None}
    assert lines(done)[0] == "c1 paid"


def test_an_id_is_made_up_of_the_noun(desk: Desk) -> None:
    assert run("start").exit_code == OK
    [case_id] = desk.asked
    assert case_id.startswith("claim-")


def test_a_request_is_read_from_a_file_or_from_standard_input(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(EXAMPLE | {"note": "von Jürgen"}), encoding="utf-8")
    assert run("start", "--id", "c1", "--file", str(file)).exit_code == OK
    again = json.dumps(EXAMPLE | {"note": "piped"})
    assert run("start", "--id", "c2", "--file", "-", said=again).exit_code == OK
    assert [desk.asked[c].note for c in ("c1", "c2")] == ["von Jürgen", "piped"]


def test_nobody_waits_who_does_not_want_to(desk: Desk) -> None:
    started = run("start", "--id", "c1", "--no-wait", "--json")
    assert started.exit_code == OK
    assert json.loads(started.stdout)["status"] == "running"
    assert desk.records["c1"].progress.status == "running"


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("text", ["{", '{"amount": NaN}', "\x00"])
def test_a_file_that_is_no_json_is_told_of(text: str) -> None:
    done = run("start", "--file", "-", said=text)
    assert (done.exit_code, "no JSON" in said(done)) == (WRONG, True)


@pytest.mark.usefixtures("desk")
def test_a_wrong_request_a_taken_id_and_a_crowd_are_told_apart() -> None:
    wrong = run("start", "--file", "-", said='{"memberId": "jane"}')
    assert (wrong.exit_code, "amount" in said(wrong)) == (WRONG, True)
    run("start", "--id", "c1")
    taken = run("start", "--id", "c1", "--file", "-", said=json.dumps(EXAMPLE | {"note": "x"}))
    assert (taken.exit_code, "another request" in said(taken)) == (WRONG, True)
    busy = run("start", "--id", "busy")
    assert (busy.exit_code, "ask again in 7 s" in said(busy)) == (UNREACHABLE, True)
    assert run("show", "nobody").exit_code == WRONG


def test_a_kind_without_an_example_says_what_to_do() -> None:
    with served(orchestrator(Desk(), claims(example=None))) as elsewhere:
        done = run("start", "--url", elsewhere)
    assert done.exit_code == WRONG
    assert "no example of a claim: give a request with --file" in said(done)
    assert "saga kind" in said(done)


def test_a_case_is_shown_with_what_its_kind_tells(desk: Desk) -> None:
    price = {"amount": 119900, "currency": "EUR"}
    results = {"r": {"status": "reserved", "price": price}, "payout": price, "hidden": [1]}
    waits = [wait("first", over=True), wait("second")]
    desk.put("c1", "running", step="assessment", results=results, waits=waits)
    shown = run("show", "c1")
    assert shown.exit_code == STILL_RUNNING
    assert lines(shown) == [
        "c1 running assessment",
        "member: jane",
        "created: 2024-12-01T00:00:00.000Z",
        "r: reserved, 1,199.00 EUR",
        "payout: 1,199.00 EUR",
        "waits for: assessment --attempt second, until 2024-12-01T00:01:00.000Z",
    ]


def test_why_a_case_is_not_done_is_shown_and_what_happened_in_order(desk: Desk) -> None:
    entries = [
        line("reserve [r]", 1, tries=3),
        line("tell", 4, result="failed"),
        line("undo [r]", 3, compensation=True),
        line("undo more", 2, compensation=True),
    ]
    desk.put("c1", "rejected", halt=halt("not_covered"), entries=entries)
    shown = run("show", "c1")
    assert shown.exit_code == NOT_DONE
    assert lines(shown)[3:] == [
        "assessment: not_covered: It says [so].",
        "reserve [r] done 3 tries",
        "undo more done",
        "undo [r] done",
        "tell failed",
    ]


def test_json_is_what_the_orchestrator_answered(desk: Desk) -> None:
    desk.put("c1", "paid")
    shown = json.loads(run("show", "c1", "--json").stdout)
    assert (shown["claimId"], shown["memberId"], shown["request"]) == ("c1", "jane", EXAMPLE)


def test_cases_are_listed_with_their_step_or_why(desk: Desk) -> None:
    desk.put("c1", "running", step="reserve")
    desk.put("c2", "rejected", halt=halt("no_[cover]"))
    listed = run("list", "--owner", "jane", "--status", "rejected", "--limit", "7")
    assert desk.wished == [("jane", "rejected", 7)]
    assert lines(listed) == [
        "claim status step member created",
        "c1 running reserve jane 2024-12-01T00:00:00.000Z",
        "c2 rejected no_[cover] jane 2024-12-01T00:00:00.000Z",
    ]
    found = json.loads(run("list", "--json").stdout)
    assert desk.wished[1] == (None, None, 20)
    assert [case["claimId"] for case in found] == ["c1", "c2"]


@pytest.mark.usefixtures("desk")
def test_a_status_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    listed = run("list", "--status", "confirmed")
    assert (listed.exit_code, "'paid'" in said(listed)) == (WRONG, True)


def test_a_case_is_watched_to_its_end(desk: Desk) -> None:
    desk.put("c1", "cancelled", halt=halt("cancelled_by_member"), entries=[line("reserve", 1)])
    watched = run("watch", "c1")
    assert watched.exit_code == NOT_DONE
    assert lines(watched) == [
        "00:00:00.000 accepted",
        "00:00:01.000 step started reserve",
        "00:00:09.000 ended cancelled_by_member The claim is cancelled.",
    ]
    events = [json.loads(text) for text in run("watch", "c1", "--json").stdout.splitlines()]
    assert [event["event"] for event in events] == ["accepted", "step_started", "ended"]
    assert run("watch", "nobody").exit_code == WRONG


def test_a_case_is_cancelled(desk: Desk) -> None:
    desk.put("c1", "running")
    cancelled = run("cancel", "c1")
    assert (cancelled.exit_code, lines(cancelled)[0]) == (OK, "c1 cancelled")


def test_that_nothing_was_cancelled_is_said(desk: Desk) -> None:
    desk.put("c1", "paid")
    late = run("cancel", "c1")
    assert (late.exit_code, lines(late)[0]) == (UNREACHABLE, "c1 paid")
    assert said(late) == "Nothing was cancelled: the claim is paid."


def test_a_case_that_needs_attention_says_so_and_is_resumed(desk: Desk) -> None:
    desk.put("c1", "needs_attention", attention=blocked())
    shown = run("show", "c1")
    assert shown.exit_code == STILL_RUNNING
    assert lines(shown)[-1] == "blocked: withdraw reserve: Down."
    [_, listed] = lines(run("list"))
    assert listed.startswith("c1 needs_attention withdraw reserve ")
    assert run("resume", "c1").exit_code == OK
    again = run("resume", "c1")
    assert (again.exit_code, "nothing to resume" in said(again)) == (WRONG, True)


def test_a_signal_says_values_of_the_types_that_it_has(desk: Desk) -> None:
    desk.put("c1", "running")
    words = ["covered=true", "percent=80", "verdict=ask", "note=80", 'tags=["a"]']
    told = run("signal", "c1", "assessment", *words, "--attempt", "second")
    assert told.exit_code == OK, told.stderr
    word = {"covered": True, "percent": 80, "verdict": "ask", "note": "80", "tags": ["a"]}
    assert desk.told == [("assessment", "second", word)]
    assert run("signal", "c1", "receipt").exit_code == OK
    assert desk.told[1:] == [("receipt", "", {})]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["assesment"], "There are: assessment covered=true|false percent=INTEGER"),
        (["assessment", "covered"], "no key=value"),
        (["assessment", "cover=true"], "has no cover"),
        (["assessment", "covered=true", "percent=many"], "percent=many: this is to be INTEGER"),
        (["assessment", "covered=true"], "percent: Field required"),
    ],
)
def test_what_a_signal_cannot_say_is_told_and_not_sent(
    desk: Desk, words: list[str], why: str
) -> None:
    desk.put("c1", "running")
    told = run("signal", "c1", *words)
    assert (told.exit_code, desk.told) == (WRONG, [])
    assert why in said(told)


@pytest.mark.usefixtures("desk")
def test_a_kind_is_told_in_short_and_in_whole() -> None:
    told = run("kind")
    assert told.exit_code == OK
    shown = " ".join(lines(told))
    for words in (
        "kind claim",
        "done paid",
        "statuses running, paid, rejected, cancelled, failed, needs_attention",
        "owner memberId",
        "steps reserve",
        "request memberId, amount, [note]",
        "[verdict=pay|ask|refuse]",
        "(a participant says it)",
    ):
        assert words in shown
    assert json.loads(told.stdout[told.stdout.index("{") :]) == EXAMPLE
    whole = json.loads(run("kind", "--json").stdout)
    assert whole["request"]["properties"]["amount"] == {"$ref": "#/$defs/Money"}


def test_where_the_orchestrator_is_can_be_said_after_a_command(
    desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("c1", "paid")
    monkeypatch.setenv("SAGA_URL", "http://127.0.0.1:9")
    away = run("start", "--id", "c1")
    assert away.exit_code == UNREACHABLE
    assert "make up" in said(away)
    assert run("watch", "c1").exit_code == UNREACHABLE
    assert run("show", "c1", "--url", f"{url}/").exit_code == OK
    assert run("list", "--url", "http://[").exit_code == UNREACHABLE


def test_who_gets_no_answer_is_told_how_to_ask_for_the_same(desk: Desk) -> None:
    app = orchestrator(desk, claims())
    broken = Response("", headers={"Content-Length": "1"})
    app.router.routes.insert(0, APIRoute("/claims/{_}", lambda: broken, methods=["PUT"]))
    with served(app) as there:
        done = run("start", "--id", "c1", "--url", there)
    assert done.exit_code == UNREACHABLE
    assert said(done).endswith("With --id c1 it is the same claim.")


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"noun": 1}'])
def test_what_is_no_orchestrator_is_told_of(body: str) -> None:
    with served(FastAPI()) as nothing:
        assert "no kind at /kind" in said(run("list", "--url", nothing))
    app = FastAPI()
    app.add_api_route("/kind", lambda: Response(body, media_type="application/json"))
    with served(app) as other:
        done = run("show", "c1", "--url", other)
    assert (done.exit_code, "is no orchestrator" in said(done)) == (UNREACHABLE, True)


@pytest.mark.parametrize("width", [40, 80])
def test_ids_are_shown_in_full_on_a_narrow_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = terminal(width, monkeypatch)
    about = {
        "status": "confirmed",
        "customerId": "customer-123",
        "createdAt": "2024-12-01T00:00:00Z",
    }
    ids = ["t" * 64, "short"]
    trips = trip.VOICE.client("").kind
    cases = [read_case(trips, about | {"tripId": trip_id}) for trip_id in ids]
    show.show_list(trips, cases, trip.VOICE.showing)
    assert all(trip_id in written.getvalue().split() for trip_id in ids)


class Trips:
    """An orchestrator of trips that answers what one answered before, and knows of no other route.
    ``asked`` are the requests that came, but for reading ones."""

    def __init__(self, name: str) -> None:
        stored = json.loads((STORED / f"{name}.json").read_text())
        self.asked: list[tuple[str, Any]] = []
        self._answers = {
            answer["path"]: (answer["status"], "\n\n".join(answer["text"]).replace("TIME", NOON))
            for answer in stored
        }

    async def answer(self, path: str, request: Request) -> Response:
        if request.method != "GET":
            body = await request.body()
            self.asked.append((f"{request.method} /{path}", json.loads(body) if body else None))
        status, text = self._answers.get(f"/{path}", (404, "{}"))
        return Response(text, status)


NOON = "2024-12-01T12:00:00.000Z"


def ask(name: str, *words: str) -> tuple[Result, Trips]:
    trips = Trips(name)
    app = FastAPI()
    app.add_api_route("/{path:path}", trips.answer, methods=["GET", "PUT", "POST"])
    with served(app) as url:
        return CliRunner().invoke(trip.app, words, env={"TRIP_URL": url}), trips


def test_trip_shows_where_the_price_and_the_charge() -> None:
    shown, _ = ask("cancelled", "show", "stored-cancelled")
    assert shown.exit_code == NOT_DONE
    assert shown.stdout.splitlines()[:4] == [
        "stored-cancelled  cancelled  SFO → JFK, New York",
        "  1,019.00 USD  refunded",
        "  cancel: cancelled_by_customer: The customer cancelled the confirmed trip.",
        "   search flight      done   ",
    ]
    waiting, _ = ask("not-approved", "cancel", "stored-not-approved")
    assert waiting.exit_code == WRONG
    booked, _ = ask("booked", "show", "stored-booked")
    assert (booked.exit_code, booked.stdout.splitlines()[1]) == (OK, "  1,019.00 USD  charged")


def test_trip_lists_what_it_always_did(monkeypatch: pytest.MonkeyPatch) -> None:
    written = terminal(120, monkeypatch)
    assert ask("declined", "list", "--customer", "customer-123")[0].exit_code == OK
    assert [" ".join(line.split()) for line in written.getvalue().splitlines()] == [
        "trip status step total customer booked",
        f"stored-declined rejected card_declined 1,019.00 USD customer-123 {NOON}",
    ]


def test_trip_list_has_a_column_for_a_price_that_no_trip_has_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = terminal(120, monkeypatch)
    show.show_list(trip.VOICE.client("").kind, [], trip.VOICE.showing)
    assert written.getvalue().split() == ["trip", "status", "step", "total", "customer", "booked"]


def test_trip_books_what_was_asked_for() -> None:
    words = ["--from", "SFO", "--to", "sin", "--date", "2030-01-30", "--people", "9"]
    _, trips = ask("booked", "book", *words, "--id", "stored-booked")
    [(route, body)] = trips.asked
    assert route == "PUT /trips/stored-booked"
    assert body == {
        "customerId": "customer-123",
        "customerEmail": "alice@example.com",
        "paymentMethod": "pm_card_visa",
        "flight": {"from": "SFO", "to": "sin", "date": "2030-01-30", "passengers": 9},
        "hotel": {
            "city": "Singapore",
            "checkIn": "2030-01-30",
            "checkOut": "2030-02-02",
            "guests": 9,
        },
    }
    assert ask("booked", "book", *words[:4], "--date", "tomorrow")[0].exit_code == WRONG


def test_trip_approves_and_refuses() -> None:
    _, approved = ask("approved", "approve", "t1", "--by", "bob")
    _, refused = ask("approved", "approve", "t1", "--by", "bob", "--refuse")
    route = "POST /trips/t1/signals/approval"
    assert approved.asked == [(route, {"approved": True, "by": "bob"})]
    assert refused.asked == [(route, {"approved": False, "by": "bob"})]


@pytest.mark.parametrize(("status", "code"), [(404, 2), (409, 2), (429, 3), (503, 3)])
def test_what_may_pass_is_told_from_what_is_wrong(status: int, code: int) -> None:
    app = FastAPI()
    problem = json.dumps({"title": "No", "detail": "[because]"})
    app.add_api_route("/trips/t1", lambda: Response(problem, status))
    with served(app) as url:
        done = CliRunner().invoke(trip.app, ["show", "t1"], env={"TRIP_URL": url})
    assert (done.exit_code, said(done)) == (code, "No: [because]")


@pytest.mark.parametrize("program", ["saga", "trip"])
def test_the_programs_that_are_installed_are_there(program: str) -> None:
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts[program].partition(":")
    assert callable(getattr(import_module(module), function))
