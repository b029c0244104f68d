"""Runs at whose door people are asked who they are: jobs are heard, approvers decide, operators
roll back."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from runtime import identity
from runtime.system import System
from sagas.people.keys import Keys
from systems.pipeline.tests.works import ORCHESTRATOR
from systems.pipeline.words import EXAMPLE
from tests.support.waiting import until
from tests.support.whole_system import beside

AUTHOR = EXAMPLE["authorId"]
# Nobody asks for the words of the jobs within this time: they have to be taken.
ENV = {ORCHESTRATOR: {"BAKE_SECONDS": "1", "LOOK_SECONDS": "600"}}

Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """The pipeline on real sidecars, with people."""
    with beside("pipeline", ENV, people=True) as system:
        yield system


@pytest.fixture(scope="module")
def ask(system: System) -> Ask:
    """Asks the orchestrator, as somebody or as nobody."""
    keys = Keys(system.home / identity.KEYS)
    proof = {
        "author": keys.make(AUTHOR, ["customer"]),
        "both": keys.make(AUTHOR, ["customer", "approver"]),
        "approver": keys.make("anna", ["approver"]),
        "operator": keys.make("olga", ["operator"]),
        "auditor": keys.make("otto", ["auditor"]),
    }

    def asked(verb: str, path: str, who: str = "", **how: Any) -> httpx.Response:
        known = {"X-API-Key": proof[who]} if who else {}
        url = system.app_url(ORCHESTRATOR) + path
        headers = {"Prefer": "respond-async"} | known
        return httpx.request(verb, url, headers=headers, timeout=60, **how)

    return asked


@pytest.fixture(scope="module")
def release(ask: Ask) -> str:
    """The release of the run r-1, which waits for its approval."""
    begun = ask("PUT", "/runs/r-1", "author", json=EXAMPLE)
    assert begun.status_code == 202, begun.text
    run = until(
        lambda: ask("GET", "/runs/r-1", "author").json(),
        lambda run: run.get("step") == "approval or overtaken" or run["status"] != "running",
        "r-1 to wait for its approval",
        60,
    )
    return str(next(wait["attempt"] for wait in run["waits"] if wait["signal"] == "approval"))


def test_nobody_but_an_approver_decides_and_not_on_a_run_of_their_own(
    ask: Ask, release: str
) -> None:
    page, word = "/console/runs/r-1/decision", {"approved": True, "attempt": release}
    form = {"release": release, "decision": "approve"}
    for who, code in (("", 401), ("author", 403), ("both", 403), ("operator", 403)):
        assert ask("POST", "/runs/r-1/signals/approval", who, json=word).status_code == code
        assert ask("POST", page, who, data=form).status_code == code
    foreign = ask("POST", "/runs/r-1/signals/approval", "approver", json=word | {"by": "grace"})
    assert (foreign.status_code, foreign.json()["reason"]) == (403, "foreign_name")
    assert ask("GET", "/runs/r-1", "author").json()["status"] == "running"


def test_an_approver_decides_in_their_own_name_whatever_the_page_says(
    ask: Ask, release: str
) -> None:
    page = "/console/runs/r-1/decision"
    shown = ask("GET", f"{page}?release={release}", "approver").text
    assert 'value="anna" readonly' in shown
    form = {"release": release, "decision": "approve", "by": "grace"}
    assert ask("POST", page, "approver", data=form).status_code == 303
    run = until(
        lambda: ask("GET", "/runs/r-1", "author").json(),
        lambda run: run["status"] != "running",
        "the end of r-1",
        60,
    )
    assert run["status"] == "released"
    audit = ask("GET", "/runs/r-1/audit", "auditor").json()
    told = [(event["event"], event["by"]) for event in audit if "by" in event]
    assert told == [("accepted", AUTHOR), ("signal_sent", "anna")]


def test_only_who_watches_sees_the_environments_and_only_an_operator_rolls_back(
    ask: Ask, release: str
) -> None:
    form = {"release": release}
    for who, sees, rolls_back in (
        ("", 401, 401),
        ("author", 403, 403),
        ("auditor", 200, 403),
        ("approver", 200, 403),
        ("operator", 200, 303),
    ):
        assert ask("GET", "/console/environments", who).status_code == sees
        rolled = ask("POST", "/console/environments/production/rollback", who, data=form)
        assert rolled.status_code == rolls_back, (who, rolled.text)
    for who, shown in (("author", False), ("auditor", True)):
        assert ('id="environments"' in ask("GET", "/", who).text) == shown
