"""Trips that cost more than their limit: what they wait for, and how long."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator.approval import ApprovalView, TripTerms, shown
from orchestrator.trip import TRIP
from sagas.core.progress import Entry, Progress
from tests.unit.engine import FakeEngine
from tests.unit.test_trip_workflow import book

WAITS = timedelta(seconds=60)  # as `book` has it


def ask(**engine_does: Any) -> tuple[FakeEngine, Progress, ApprovalView, Entry]:
    """Book a trip that costs too much; return what was asked of whom, and the line about it."""
    engine, kept = book({}, limit=499, **engine_does)
    [line] = [line for line in kept.entries if line.step == "approval"]
    asked = shown(kept, TripTerms(approval_limit=499))
    assert asked is not None
    return engine, kept, asked, line


def test_what_is_held_is_held_until_the_trip_can_be_charged_and_confirmed_after_the_deadline() -> (
    None
):
    engine, _, asked, _ = ask()
    for step in ("extend flight", "extend hotel"):
        until = datetime.fromisoformat(engine.inputs[step].body["until"])
        assert timedelta(minutes=14) < until - asked.deadline <= timedelta(minutes=15)


def test_it_waits_as_long_as_it_was_asked_to_and_no_longer() -> None:
    engine, kept, asked, line = ask()
    assert engine.pauses == [WAITS.total_seconds()]
    assert (asked.limit, asked.deadline - asked.asked_at) == (499, WAITS)
    assert line.ended_at is not None
    assert line.ended_at - line.started_at == pytest.approx(WAITS, abs=timedelta(seconds=1))
    assert kept.halt is not None
    assert (line.reason, line.detail) == (kept.halt.reason, kept.halt.detail)
    assert (line.reason, line.detail) == (
        "approval_timed_out",
        f"Nobody decided by {asked.deadline}.",
    )


@pytest.mark.parametrize(
    ("word", "approved", "told"),
    [
        (("approval", {"approved": True, "by": "bob"}), True, ("done", None, "Approved by bob.")),
        (
            ("approval", {"approved": False, "by": "bob"}),
            False,
            ("refused", "approval_refused", "Refused by bob."),
        ),
        (
            ("cancel", None),
            None,
            ("refused", TRIP.cancelled_by, "The customer cancelled the trip."),
        ),
    ],
    ids=["approved", "refused", "cancelled"],
)
def test_a_word_ends_the_wait_and_its_line_tells_whose_it_was(
    word: Any, approved: bool | None, told: Any
) -> None:
    _, _, asked, line = ask(waiting=[word])
    assert (asked.approved, asked.by) == (approved, None if approved is None else "bob")
    assert (line.result, line.reason, line.detail) == told
    assert line.ended_at is not None
    assert line.ended_at - line.started_at < timedelta(seconds=1)
