"""Runs on the running system: a good commit goes through, a bad one stops where it must."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import psutil
import pytest

from runtime.system import System
from systems.pipeline.runner import processes
from systems.pipeline.tests.calls import call
from systems.pipeline.tests.conftest import ENV
from systems.pipeline.tests.works import BUILD, DEPLOY, SCAN, TEST, Works
from systems.pipeline.words import EXAMPLE
from tests.support.waiting import until


def test_a_good_commit_goes_to_production_and_its_app_answers(works: Works) -> None:
    run_id = works.run_id("good")
    works.start(run_id)
    run = works.at(run_id, "approval")
    release = works.asked_about(run)
    assert release == works.release_of(run_id)
    assert works.answers("staging") == {"release": release, "environment": "staging"}
    own = works.approve(run_id, release, by=" Ada ")
    assert (own.status_code, own.json()["reason"]) == (403, "own_run")
    other = works.approve(run_id, "0" * 64)
    assert (other.status_code, other.json()["reason"]) == (409, "not_waited_for")
    assert works.approve(run_id, release).status_code == 202
    assert works.ended(run_id)["status"] == "released"
    assert works.answers("production") == {"release": release, "environment": "production"}
    late = works.approve(run_id, release)
    assert late.status_code == 409
    assert "Approved by grace" in late.json()["detail"]


STOPPED = {
    "fails-build": ("build", "build_failed", "kill build"),
    "fails-tests": ("tests", "tests_failed", "kill build"),
    "fails-scan": ("scan", "gate", "kill build"),
    "leaks-secret": ("scan", "gate", "kill build"),
    "has-advisory": ("scan", "gate", "kill build"),
    "is-unknown": ("scan", "gate", "kill build"),
    "fails-staging": ("integration", "tests_failed", "restore staging"),
}


def test_a_bad_commit_stops_where_it_must_and_nothing_else_is_live(
    works: Works, first: str
) -> None:
    staged = works.environment("staging")["release"]
    runs = {branch: works.run_id(branch) for branch in STOPPED}
    for branch, run_id in runs.items():
        works.start(run_id, branch)
    for branch, run_id in runs.items():
        step, reason, undo = STOPPED[branch]
        run = works.ended(run_id)
        assert (run["status"], run["halt"]["reason"]) == ("rejected", reason), branch
        assert run["halt"]["step"] == step
        assert undo in [done["step"] for done in run["compensations"]]
    assert works.answers("production")["release"] == first
    assert works.answers("staging")["release"] == staged


@pytest.mark.parametrize(
    ("branch", "step"),
    [("sick-in-production", "deploy to production"), ("fades-in-production", "health")],
)
def test_what_is_not_well_in_production_is_put_back(
    works: Works, first: str, branch: str, step: str
) -> None:
    run_id = works.run_id("sick")
    works.start(run_id, branch)
    run = works.ended(run_id)
    assert (run["status"], run["halt"]["reason"]) == ("rejected", "unhealthy")
    assert run["halt"]["step"] == step
    undone = [done["step"] for done in run["compensations"]]
    assert undone[:2] == ["restore production", "release production"]
    assert works.answers("production")["release"] == first


def test_a_newer_run_overtakes_one_that_waits_for_its_approval(works: Works, first: str) -> None:
    """Two runs, one environment: it has one holder at a time, and the older release is void."""
    older, newer = works.run_id("older"), works.run_id("newer")
    works.start(older)
    works.at(older, "approval")
    works.start(newer, "next")
    with holders(works, "staging") as seen:
        assert works.run(older)["status"] == "running"
        run = until(
            lambda: works.run(older), lambda run: run["status"] != "running", f"{older} to end"
        )
        assert (run["status"], run["halt"]["reason"]) == ("rejected", "overtaken")
        assert newer in run["halt"]["detail"]
        works.at(newer, "approval")
    assert works.approve(older, first).status_code == 409
    assert set(seen) <= {older, newer, None}
    assert [run for run in dict.fromkeys(seen) if run] == [older, newer]
    assert works.answers("staging")["release"] == works.release_of(newer)
    assert works.ask(newer, "cancel").status_code == 202
    assert works.ended(newer)["status"] == "cancelled"
    assert works.answers("staging")["release"] == first


def test_who_comes_second_waits_as_long_as_it_takes(works: Works, first: str) -> None:
    older, newer = works.run_id("older"), works.run_id("newer")
    integration = call("integration")
    with works.proxies[TEST].fault("held", integration.matching(older), times=1) as held:
        works.start(older)
        held.wait()
        works.start(newer, "next")
        works.at(newer, "leased")
        assert works.environment("staging")["waiting"] == [newer]
        assert works.answers("staging")["release"] == first
    works.at(newer, "approval")
    assert works.ended(older)["halt"]["reason"] == "overtaken"
    assert works.answers("staging")["release"] == works.release_of(newer)
    assert works.ask(newer, "cancel").status_code == 202


@contextmanager
def holders(works: Works, name: str) -> Iterator[list[str | None]]:
    """Look who holds an environment, again and again, inside the block."""
    seen: list[str | None] = []
    over = threading.Event()

    def look() -> None:
        with httpx.Client(
            base_url=works.services[DEPLOY].base_url,
            headers=works.services[DEPLOY].headers,
            timeout=10,
        ) as client:
            while not over.wait(0.05):
                seen.append(client.get(f"/environments/{name}").json().get("holder"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def test_cancelled_in_its_tests_a_run_leaves_no_process(works: Works) -> None:
    run_id = works.run_id("cancelled")
    works.start(run_id, "takes-long")
    naps(works, run_id)
    assert works.ask(run_id, "cancel").status_code == 202
    run = works.ended(run_id)
    assert run["status"] == "cancelled"
    assert not works.processes_of(run_id)
    assert works.job(TEST, run_id, "tests")["status"] == "killed"


def test_one_fails_and_its_siblings_are_killed(works: Works) -> None:
    """The scan finds something while the tests, and what they started, would sleep for long."""
    run_id = works.run_id("siblings")
    works.start(run_id, "fails-meanwhile")
    run = works.ended(run_id)
    assert (run["status"], run["halt"]["reason"]) == ("rejected", "gate")
    assert works.job(TEST, run_id, "tests")["status"] == "killed"
    assert not works.processes_of(run_id)


def naps(works: Works, run_id: str) -> None:
    """Wait until a job of a run sleeps, and processes in and out of its group."""
    until(
        lambda: [p for p in works.processes_of(run_id) if "sleep(600)" in words(p)],
        lambda found: len(found) >= 2,
        "a job that sleeps",
        60,
    )


def words(process: psutil.Process) -> str:
    """Return the command line of a process; nothing, if it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.parametrize(
    ("branch", "service", "job"), [("builds-long", BUILD, "build"), ("takes-long", TEST, "tests")]
)
def test_a_runner_that_is_killed_leaves_no_process_and_its_job_is_lost(
    works: Works, system: System, branch: str, service: str, job: str
) -> None:
    run_id = works.run_id("lost")
    works.start(run_id, branch)
    naps(works, run_id)
    system.kill("app", service)
    until(
        lambda: works.processes_of(run_id, job),
        lambda found: not found,
        f"nothing to be left of the {job}",
        5,
    )
    system.restart()
    run = works.ended(run_id)
    assert (run["status"], run["halt"]["step"]) == ("rejected", job)
    assert run["halt"]["reason"] == "lost"
    assert works.job(service, run_id, job)["status"] == "lost"


def test_a_job_is_started_once(works: Works) -> None:
    job = f"{works.run_id('once')}:tests"
    body = {"commit": "a" * 40}
    answers = [works.services[TEST].put(f"/jobs/{job}", json=body) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {202}
    ended = until(
        lambda: works.services[TEST].get(f"/jobs/{job}").json(),
        lambda state: state["status"] != "running",
        f"{job} to end",
    )
    assert (ended["status"], ended["reason"]) == ("failed", "no_workspace")
    log = works.services[TEST].get(f"/jobs/{job}/log").json()
    assert log["text"].count("failed: ") == 1
    other = works.services[TEST].put(f"/jobs/{job}", json={"commit": "b" * 40})
    assert (other.status_code, other.json()["reason"]) == (409, "idempotency_conflict")


def test_a_job_that_was_undone_first_never_starts(works: Works) -> None:
    job = f"{works.run_id('tomb')}:scan"
    assert works.services[SCAN].post(f"/jobs/{job}/undo").json()["status"] == "killed"
    late = works.services[SCAN].put(f"/jobs/{job}", json={"commit": "a" * 40})
    assert (late.status_code, late.json()["reason"]) == (409, "undone")
    assert works.services[SCAN].get(f"/jobs/{job}").json()["status"] == "killed"


def test_a_log_is_streamed_and_kept(works: Works, first: str) -> None:  # noqa: ARG001
    run_id = works.environment("production")["history"][-1]["run"]
    kept = works.services[BUILD].get(f"/jobs/{run_id}:build/log").json()
    assert kept["over"]
    assert kept["next"] == kept["size"]
    assert "Successfully built hello-1.0.0" in kept["text"]
    half = kept["size"] // 2
    told = works.services[BUILD].get(
        f"/jobs/{run_id}:build/log/events", headers={"Last-Event-ID": str(half)}
    )
    data = [json.loads(line[5:]) for line in told.text.splitlines() if line.startswith("data:")]
    assert "".join(each.get("text", "") for each in data) == kept["text"][half:]
    assert data[-1]["status"] == "passed"


def test_a_log_is_told_while_it_grows(works: Works) -> None:
    run_id = works.run_id("live")
    works.start(run_id, "takes-long")
    naps(works, run_id)
    url = f"/jobs/{run_id}:tests/log/events"
    with works.services[TEST].stream("GET", url) as told:
        lines = told.iter_lines()
        first_line = next(line for line in lines if line.startswith("data:"))
        assert "pytest" in json.loads(first_line[5:])["text"]
        assert works.job(TEST, run_id, "tests")["status"] == "running"
        assert works.ask(run_id, "cancel").status_code == 202
        assert "event: over" in list(lines)
    assert works.ended(run_id)["status"] == "cancelled"


def test_so_many_follow_a_log_at_once_and_no_more(works: Works) -> None:
    run_id = works.run_id("watched")
    works.start(run_id, "takes-long")
    naps(works, run_id)
    url = f"/jobs/{run_id}:tests/log/events"
    with ExitStack() as stack:
        for _ in range(int(ENV[TEST]["LOG_STREAMS"])):
            told = stack.enter_context(works.services[TEST].stream("GET", url))
            assert told.status_code == 200
        refused = works.services[TEST].get(url)
        assert (refused.status_code, refused.json()["reason"]) == (429, "too_many_followers")
    until(lambda: places(works, url), lambda status: status == 200, "a place to be free again")
    assert works.ask(run_id, "cancel").status_code == 202


def places(works: Works, url: str) -> int:
    """Return the status with which who would follow a log is answered just now."""
    with works.services[TEST].stream("GET", url) as told:
        return told.status_code


def test_the_sbom_lists_what_the_commit_depends_on(works: Works, first: str) -> None:  # noqa: ARG001
    run_id = works.environment("production")["history"][-1]["run"]
    sbom = works.services[SCAN].get(f"/jobs/{run_id}:scan/reports/sbom.json").json()
    assert sbom["bomFormat"] == "CycloneDX"
    assert [(c["name"], c["version"]) for c in sbom["components"]] == [("markupsafe", "3.0.4")]
    assert works.services[SCAN].get(f"/jobs/{run_id}:scan/reports/no.json").status_code == 404


BAD = [
    {"repository": "--upload-pack=touch /tmp/x"},
    {"repository": "ext::sh -c touch% /tmp/x"},
    {"repository": "ssh://-oProxyCommand=x/y"},
    {"repository": "https://ada:secret@host.example/x"},
    {"repository": "git@host.example:x.git"},
    {"repository": "../x"},
    {"repository": "/srv/../etc"},
    {"repository": "https://host.example/x?y"},
    {"commit": "--help"},
    {"commit": "a..b"},
    {"commit": "a b"},
    {"commit": "refs/heads/x.lock"},
    {"commit": ""},
    {"authorId": ""},
    {"authorEmail": "nobody"},
    {"more": 1},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_request_is_refused_and_changes_nothing(works: Works, bad: dict[str, str]) -> None:
    run_id = works.run_id("bad")
    answer = works.put(run_id, EXAMPLE | bad)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_request")
    assert works.orchestrator.get(f"/runs/{run_id}").status_code == 404


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"repository": "ssh://host.example/x.git"}, "scheme_not_allowed"),
        ({"repository": "/nowhere/at/all"}, "unreachable_repository"),
        ({"commit": "no-such-branch"}, "unknown_commit"),
        ({"commit": "0" * 40}, "unknown_commit"),
    ],
)
def test_what_cannot_be_checked_out_is_rejected(
    works: Works, asked: dict[str, str], reason: str
) -> None:
    run_id = works.run_id("gone")
    works.start(run_id, **{"commit": "main"} | asked)
    run = works.ended(run_id)
    assert (run["status"], run["halt"]["reason"]) == ("rejected", reason)


def test_by_its_path_a_repository_gives_the_same_bytes_for_the_same_commit(
    works: Works, first: str
) -> None:
    run_id = works.run_id("path")
    works.start(run_id, repository=f"file://{works.folder / 'sample.git'}")
    works.at(run_id, "approval")
    assert works.release_of(run_id) == first
    assert works.ask(run_id, "signals/approval", by="grace", approved=False, attempt=first)
    run = works.ended(run_id)
    assert (run["status"], run["halt"]["reason"]) == ("rejected", "not_approved")


def test_the_deployer_may_be_killed_in_a_switch_and_the_link_is_old_or_new(
    works: Works, system: System, first: str
) -> None:
    run_id = works.run_id("switch")
    link = works.folder / "environments" / "production" / "current"
    seen, over = set[str](), threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add(link.readlink().name)  # it raises when there is none

    works.start(run_id, "next")
    works.at(run_id, "approval")
    release = works.release_of(run_id)
    looking = threading.Thread(target=look)
    looking.start()
    try:
        assert works.approve(run_id, release).status_code == 202
        until(lambda: beside(works, release), bool, "the new release to start")
        [deployer] = system.processes_of("app", DEPLOY)
        system.kill("app", DEPLOY)
        assert looking.is_alive()
        assert link.readlink().name in (first, release)
        assert deployer.pid
        system.restart()
        run = works.ended(run_id)
    finally:
        over.set()
        looking.join()
    live = release if run["status"] == "released" else first
    assert works.answers("production")["release"] == live
    assert seen <= {first, release}
    if live == release:
        assert works.services[DEPLOY].post("/environments/production/rollback").is_success
    assert works.answers("production")["release"] == first


def beside(works: Works, release: str) -> bool:
    return (works.folder / "environments" / "production" / "instances" / f"{release}.json").exists()


def test_an_older_number_of_a_hold_is_refused(works: Works, first: str) -> None:
    deployer = works.services[DEPLOY]
    one, two = works.run_id("fence"), works.run_id("fence")
    lease = "/environments/staging/leases"
    older = deployer.put(f"{lease}/{one}").json()
    assert older["status"] == "held"
    queued = deployer.put(f"{lease}/{two}").json()
    assert (queued["status"], queued["before"]) == ("queued", 1)
    deployer.post(f"{lease}/{one}/release").raise_for_status()
    newer = deployer.get(f"{lease}/{two}").json()
    assert newer["status"] == "held"
    assert newer["fence"] > older["fence"]
    body = {"release": first, "fence": older["fence"]}
    for run in (one, two):
        stale = deployer.put(f"/environments/staging/deployments/{run}", json=body)
        assert (stale.status_code, stale.json()["reason"]) == (409, "stale_fence")
    again = deployer.put(f"{lease}/{one}")
    assert (again.status_code, again.json()["reason"]) == (409, "released")
    deployer.post(f"{lease}/{two}/release").raise_for_status()


def test_undone_three_times_it_is_still_the_old_release(works: Works, first: str) -> None:
    deployer, run = works.services[DEPLOY], works.run_id("thrice")
    run_id = works.run_id("built")
    works.start(run_id, "next")
    works.at(run_id, "approval")
    release = works.release_of(run_id)
    assert works.ask(run_id, "cancel").status_code == 202
    works.ended(run_id)
    held = deployer.put(f"/environments/production/leases/{run}").json()
    assert held["previous"] == first
    deployment = f"/environments/production/deployments/{run}"
    body = {"release": release, "fence": held["fence"]}
    for _ in range(2):
        assert deployer.put(deployment, json=body).json()["release"] == release
    for _ in range(3):
        assert deployer.post(f"{deployment}/undo").json()["release"] == first
        assert works.answers("production")["release"] == first
    deployer.post(f"/environments/production/leases/{run}/release").raise_for_status()


def test_an_environment_is_rolled_back_on_demand(works: Works, first: str) -> None:
    deployer = works.services[DEPLOY]
    unknown = deployer.post("/environments/nowhere/rollback")
    assert (unknown.status_code, unknown.json()["reason"]) == (404, "unknown_environment")
    never = deployer.post("/environments/production/rollback", json={"release": "0" * 64})
    assert (never.status_code, never.json()["reason"]) == (404, "no_such_release")
    run_id = works.run_id("newer")
    works.start(run_id, "next")
    works.at(run_id, "health")
    held = deployer.post("/environments/production/rollback")
    assert (held.status_code, held.json()["reason"]) == (409, "held")
    assert works.ended(run_id)["status"] == "released"
    for _ in range(2):  # it is absolute: twice is once
        assert deployer.post("/environments/production/rollback").json()["release"] == first
        assert works.answers("production")["release"] == first


def test_what_is_live_and_dies_is_started_again(works: Works, first: str) -> None:
    mark = f"{works.folder.resolve()}|production|{first}"
    for process in processes.carrying(mark, "PIPELINE_APP"):
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: works.environment("production")["healthy"], bool, "production to be well again")
    assert works.answers("production")["release"] == first
