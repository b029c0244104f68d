"""Every call of a run is refused, fails, is lost, cancelled, cut short by a crash: the commit is in
production, or nothing of it is left. The fixture `works` checks which of the two."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from runtime.system import System
from systems.pipeline.tests.calls import (
    CALLS,
    FORWARD,
    GIVE_BACK,
    KEEP,
    call,
    undone_up_to,
)
from systems.pipeline.tests.works import ORCHESTRATOR, Works
from tests.support.every_call import Call

pytestmark = pytest.mark.usefixtures("first")


def check_undone(run: dict[str, Any], step: str) -> None:
    """Every step up to this one that leaves something is undone, in reverse order."""
    done = run["compensations"]
    assert list(dict.fromkeys(entry["step"] for entry in done)) == undone_up_to(step)
    assert {entry["result"] for entry in done} <= {"done"}


@pytest.mark.parametrize("refused", CALLS, ids=lambda call: call.step)
def test_a_refused_call_undoes_all_before_it(works: Works, refused: Call, first: str) -> None:
    run_id = works.run_id("refused")
    with works.proxies[refused.service].fault("refused", refused.matching(run_id)) as fault:
        works.start(run_id, "next")
        run = works.ended(run_id)
    assert fault.hits == 1
    assert run["status"] == "rejected"
    assert (run["halt"]["step"], run["halt"]["reason"]) == (refused.step, "no")
    check_undone(run, refused.step)
    assert works.answers("production")["release"] == first


@pytest.mark.parametrize("step", ["scan", "deploy to staging", "deploy to production"])
def test_a_call_that_fails_for_good_undoes_all_before_it_and_itself(
    works: Works, step: str, first: str
) -> None:
    run_id, failing = works.run_id("failing"), call(step)
    with works.proxies[failing.service].fault("lost answer", failing.matching(run_id)) as fault:
        works.start(run_id, "next")
        run = works.ended(run_id)
    assert fault.hits == 4
    assert (run["status"], run["halt"]["step"]) == ("failed", step)
    check_undone(run, step)
    assert works.answers("production")["release"] == first


def test_calls_whose_answers_are_lost_are_done_once(works: Works) -> None:
    run_id = works.run_id("lost")
    with ExitStack() as stack:
        faults = [
            stack.enter_context(
                works.proxies[each.service].fault("lost answer", each.matching(run_id), times=1)
            )
            for each in (*CALLS, *FORWARD)
        ]
        works.start(run_id)
        run = works.ended(run_id)
    assert [fault.hits for fault in faults] == [1] * len(faults)
    assert run["status"] == "released"
    history = works.environment("staging")["history"]
    assert [change["why"] for change in history if change.get("run") == run_id] in (
        [],
        ["deployed"],
    )


@pytest.mark.parametrize(
    "step", ["check out", "tests", "lease staging", "integration", "deploy to production"]
)
def test_a_cancel_during_a_call_undoes_all_before_it_and_itself(
    works: Works, step: str, first: str
) -> None:
    run_id, held = works.run_id("cancelled"), call(step)
    with works.proxies[held.service].fault("held", held.matching(run_id), times=1) as fault:
        works.start(run_id, "next")
        approve_until(works, run_id, fault)
        assert works.ask(run_id, "cancel").status_code == 202
    run = works.ended(run_id)
    assert run["status"] == "cancelled"
    check_undone(run, step)
    assert works.answers("production")["release"] == first


def test_a_run_goes_on_after_each_crash_of_orchestrator_and_sidecar(
    works: Works, system: System
) -> None:
    run_id = works.run_id("killed")
    for step in ("tests", "deploy to staging", "approval", "lease production", KEEP.step):
        with held_at(works, run_id, step):
            system.kill("sidecar", ORCHESTRATOR)
            system.kill("app", ORCHESTRATOR)
        system.restart()
    assert works.ended(run_id)["status"] == "released"


@contextmanager
def held_at(works: Works, run_id: str, step: str) -> Iterator[None]:
    """Have a run be at a step inside the block; that starts it, if it has not begun."""
    if step == "approval":
        works.at(run_id, step)
        yield
        return
    held = call(step)
    with works.proxies[held.service].fault("held", held.matching(run_id), times=1) as fault:
        works.start(run_id)
        approve_until(works, run_id, fault)
        yield


def test_a_run_cancelled_right_before_a_crash_is_undone_after_it(
    works: Works, system: System, first: str
) -> None:
    run_id, held = works.run_id("both"), call("deploy to production")
    with works.proxies[held.service].fault("held", held.matching(run_id), times=1) as fault:
        works.start(run_id, "next")
        approve_until(works, run_id, fault)
        assert works.ask(run_id, "cancel").status_code == 202
        system.kill("sidecar", ORCHESTRATOR)
        system.kill("app", ORCHESTRATOR)
    system.restart()
    run = works.ended(run_id)
    assert run["status"] == "cancelled"
    check_undone(run, "deploy to production")
    assert works.answers("production")["release"] == first


def test_a_pivot_that_is_refused_undoes_all(works: Works, first: str) -> None:
    run_id = works.run_id("kept")
    with works.proxies[KEEP.service].fault("refused", KEEP.matching(run_id)):
        works.start(run_id, "next")
        run = works.ended(run_id)
    assert (run["status"], run["halt"]["step"]) == ("rejected", KEEP.step)
    check_undone(run, "deploy to production")
    assert works.answers("production")["release"] == first


def test_past_the_pivot_what_fails_waits_for_a_person_and_goes_on(works: Works) -> None:
    run_id = works.run_id("forward")
    with works.proxies[GIVE_BACK.service].fault("error", GIVE_BACK.matching(run_id)):
        works.start(run_id)
        run = works.parked(run_id)
        assert {each["step"] for each in run["attention"]["blocked"]} == {GIVE_BACK.step}
        refused = works.ask(run_id, "cancel")
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
    assert works.ask(run_id, "resume").status_code == 202
    run = works.ended(run_id)
    assert run["status"] == "released"
    assert not run["compensations"]


def approve_until(works: Works, run_id: str, fault: Any) -> None:
    """Approve the run when it is asked for, until a call of it meets the fault."""
    works.see(run_id, lambda _: fault.hit.is_set(), "meet the fault")
