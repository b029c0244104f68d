"""The saga of a run on a fake engine: what is said, in which order, and what is not said."""

from itertools import permutations
from typing import Any

import pytest

from sagas.core.calls import Refused
from sagas.core.frame import forward
from sagas.core.progress import Order, Progress
from systems.pipeline.deployer.models import LeaseState
from systems.pipeline.release import RUN
from systems.pipeline.terms import RunTerms
from systems.pipeline.words import EXAMPLE
from tests.kinds.examples import EXAMPLES
from tests.unit.engine import FakeEngine

[_EXAMPLE] = [example for example in EXAMPLES if example.kind is RUN]
QUEUED = LeaseState(environment="staging", run="c1", status="queued", before=1)
PENDING = Refused(reason="pending", detail="Not yet.")
CHECKS = ("build", "tests", "scan")
WORDS = dict(_EXAMPLE.told)
"""What is said to a run that goes through."""
[APPROVAL] = [event for event in WORDS if event.startswith("approval:")]
OVERTAKEN = APPROVAL.replace("approval", "overtaken")
TERMS = RunTerms()

Words = list[tuple[str, Any]]


def said(*events: str, **otherwise: Any) -> Words:
    """Return the words of a run that goes through, but for those that are said otherwise."""
    return [(event, otherwise.get(event, WORDS[event])) for event in events]


def run(words: Words, **replies: Any) -> FakeEngine:
    """Drive a run in which this is said."""
    known = {"look at record": {"again": False}} | _EXAMPLE.answers
    known |= {step: PENDING for step in RUN.placed if step.startswith("look at ")}
    known |= {step.replace("_", " "): reply for step, reply in replies.items()}
    engine = FakeEngine(known, waiting=words)
    order = Order(case_id="c1", request=EXAMPLE)
    engine.run(forward(RUN, 1)(engine, order))  # type: ignore[arg-type]
    return engine


def stopped(kept: Progress) -> tuple[str, str]:
    """Return at which step it stopped, and why."""
    assert kept.halt is not None
    assert kept.status == "rejected"
    return kept.halt.step, kept.halt.reason


def undone(engine: FakeEngine) -> list[str]:
    undos = {step.undo.name for row in RUN.rows.values() for step in row if step.undo}
    return [call for call in engine.calls if call in undos]


@pytest.mark.parametrize("order", list(permutations(CHECKS)))
def test_build_tests_and_scan_may_end_in_any_order(order: tuple[str, ...]) -> None:
    engine = run(said(*order, "integration", APPROVAL))
    assert engine.kept.status == "released"
    digest = WORDS["build"]["result"]["digest"]
    for place in ("staging", "production"):
        assert engine.inputs[f"deploy to {place}"].body == {"release": digest, "fence": 1}
    assert undone(engine) == []


@pytest.mark.parametrize("bad", CHECKS)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_the_first_check_that_does_not_pass_stops_it_and_all_three_are_killed(
    bad: str, before: int
) -> None:
    passed = [check for check in CHECKS if check != bad][:before]
    failed = {"status": "failed", "reason": "gate", "detail": "It is bad."}
    engine = run(said(*passed, bad, **{bad: failed}))
    assert stopped(engine.kept) == (bad, "gate")
    assert set(undone(engine)) == {"kill build", "kill tests", "kill scan", "clear workspace"}
    assert "lease staging" not in engine.calls


@pytest.mark.parametrize("lost", CHECKS)
def test_a_word_that_got_lost_is_asked_for(lost: str) -> None:
    heard = [check for check in CHECKS if check != lost]
    answers = {f"look_at_{lost}": [PENDING, WORDS[lost]]}
    engine = run(said(*heard, "integration", APPROVAL), **answers)
    assert engine.kept.status == "released"
    assert engine.pauses.count(TERMS.look_seconds) >= 2


def test_a_check_that_is_never_heard_of_stops_it() -> None:
    engine = run(said("build", "scan"))
    assert stopped(engine.kept) == ("tests", "tests_timed_out")
    assert "kill tests" in undone(engine)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ((APPROVAL, {"by": "bob", "approved": False}), "not_approved"),
        ((OVERTAKEN, {"by": "c2"}), "overtaken"),
        (None, "approval_timed_out"),
    ],
)
def test_what_is_not_approved_in_time_is_taken_from_staging(word: Any, reason: str) -> None:
    engine = run([*said(*CHECKS, "integration"), *([word] if word else [])])
    assert stopped(engine.kept) == ("approval or overtaken", reason)
    assert undone(engine)[:3] == ["kill integration", "restore staging", "release staging"]
    assert "lease production" not in engine.calls


def test_an_approval_after_it_was_overtaken_changes_nothing() -> None:
    engine = run([*said(*CHECKS, "integration"), (OVERTAKEN, {"by": "c2"}), *said(APPROVAL)])
    assert stopped(engine.kept)[1] == "overtaken"
    assert f"told to {APPROVAL}" not in engine.calls


def test_who_waits_for_an_environment_deploys_under_the_number_that_is_told() -> None:
    words = [*said(*CHECKS), ("leased:staging", {"status": "held", "fence": 7})]
    engine = run(
        [*words, *said("integration", APPROVAL)], lease_staging=QUEUED.model_dump(mode="json")
    )
    assert engine.kept.status == "released"
    assert engine.inputs["deploy to staging"].body["fence"] == 7


def test_who_waits_for_too_long_gives_its_place_up_and_its_history_stays_small() -> None:
    engine = run(said(*CHECKS), lease_staging=QUEUED.model_dump(mode="json"))
    assert stopped(engine.kept) == ("leased", "leased_timed_out")
    assert engine.history < 250_000  # Dapr stalls a workflow near 4 MiB
    assert "release staging" in undone(engine)
    assert "restore staging" not in undone(engine)


def test_a_release_that_fades_while_it_proves_itself_is_not_kept() -> None:
    unwell = ("health:production", {"status": "unhealthy", "detail": "It answers 500."})
    engine = run([*said(*CHECKS, "integration", APPROVAL), unwell])
    assert stopped(engine.kept) == ("health", "unhealthy")
    assert undone(engine)[:2] == ["restore production", "release production"]
    assert "keep in production" not in engine.calls


def test_one_that_nobody_complains_of_is_kept_after_its_time() -> None:
    engine = run(said(*CHECKS, "integration", APPROVAL))
    assert engine.kept.status == "released"
    assert TERMS.bake_seconds in engine.pauses
    assert engine.inputs["keep in production"].body == {"fence": 1}
