"""Outages of days: what a workflow sends and hears must fit into its history.

Dapr stalls a workflow whose history is above 95 % of the largest message, 4 MiB.
"""

from typing import Any

import pytest

from orchestrator.trip import TRIP
from sagas.core.frame import forward
from sagas.core.policies import Policies
from sagas.core.progress import Order
from tests.unit.engine import FakeEngine, Fault
from tests.unit.test_trip_request import VALID
from tests.unit.test_trip_workflow import NO, replies

LARGEST = 4 * 1024 * 1024 * 0.95
OF_EACH_TRY = 400  # bytes of a try besides what it sends and hears; 240 to 310 were measured
WEEK = 7 * 24 * 3600
DOWN = Fault("The service is down, and says so at such a length that all is used: " + "x" * 300)


def run(changes: dict[str, Any], **engine_does: Any) -> FakeEngine:
    engine = FakeEngine(replies() | changes, **engine_does)
    order = Order(case_id="t1", request=VALID)
    engine.run(forward(TRIP, 1)(engine, order))  # type: ignore[arg-type]
    return engine


def size(engine: FakeEngine) -> float:
    return engine.history + len(engine.together) * OF_EACH_TRY


def tries_in(seconds: float, retry: Any) -> int:
    """Return how many tries fit into so long an outage."""
    tried, passed = 0, 0.0
    while passed < seconds:
        tried += 1
        passed += retry.pause(tried, "t1").total_seconds()
    return tried


def test_a_store_that_is_down_for_a_week_leaves_room_in_the_history() -> None:
    down = [DOWN] * tries_in(WEEK, Policies().record)
    engine = run({"keep record": [*down, {}]})
    assert engine.kept.status == "confirmed"
    assert sum(engine.pauses) > WEEK * 0.8
    assert size(engine) < LARGEST / 2


def test_a_mail_server_that_is_down_for_a_week_leaves_room_in_the_history() -> None:
    mail = Policies().mail
    assert mail.tries is not None
    resumed = [("resume", None)] * 6  # somebody looks once a day, in vain
    engine = run({"send confirmation": [*[DOWN] * mail.tries * 6, {}]}, waiting=resumed)
    assert engine.kept.status == "confirmed"
    assert sum(engine.pauses) > WEEK * 0.7
    assert size(engine) < LARGEST / 2


def test_a_refund_that_is_resumed_fifty_times_leaves_room_in_the_history() -> None:
    undo = Policies().undo
    assert undo.tries is not None
    times = 50
    engine = run(
        {"confirm flight": NO, "refund": [*[DOWN] * undo.tries * times, {}]},
        waiting=[("resume", None)] * times,
    )
    assert engine.kept.status == "failed"
    assert size(engine) < LARGEST / 2
    assert max(map(len, engine.statuses)) < 20_000


def test_each_round_of_an_undo_is_on_record_though_it_was_sent_once() -> None:
    tries = Policies().undo.tries or 0
    engine = run(
        {"confirm flight": NO, "refund": [*[DOWN] * tries * 2, {}]},
        waiting=[("resume", None)] * 2,
    )
    refunds = [line for line in engine.kept.entries if line.step == "refund"]
    assert [line.result for line in refunds] == ["failed", "failed", "done"]
    assert [m.event for m in engine.kept.milestones] == ["needs_attention", "resumed"] * 2
    assert [line.step for line in engine.kept.entries][:2] == ["search flight", "search hotel"]


def test_the_record_is_sent_with_the_mail_once_and_then_only_when_the_mail_is_gone() -> None:
    engine = run({"send confirmation": [DOWN, DOWN, {}]})
    mail, record = "send confirmation", "keep record"
    assert engine.together[-4:] == [[mail, record], [mail], [mail], [record]]


@pytest.mark.parametrize("policy", [Policies().record, Policies().mail])
def test_a_pause_is_hardly_longer_than_the_outage_before_it(policy: Any) -> None:
    passed = policy.pause(1, "t1").total_seconds()
    for tried in range(2, 40):
        pause = policy.pause(tried, "t1").total_seconds()
        assert pause < 3 * passed
        passed += pause
