"""What the audit trail of a trip that ended has to tell, whatever happened to it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.support.variant import AHEAD

STEPS = {"search flight", "search hotel", "hold flight", "hold hotel", "charge"}
STEPS |= {"confirm flight", "confirm hotel", "send confirmation"}
UNDOS = {"hold flight": "cancel flight", "hold hotel": "cancel hotel", "charge": "refund"}
_CLOCKS_DIFFER = timedelta(seconds=AHEAD)


def check_in_flight(audits: Iterable[list[dict[str, Any]]], at: datetime) -> None:
    """At least one trip had not ended at that moment."""
    last = [_at(told[-1]) for told in audits]
    assert max(last) > at, "all trips had ended before anything was done to them"


def check_audit(trip: dict[str, Any], told: list[dict[str, Any]]) -> None:
    """Every step that was begun has its end, and everything begun was undone unless confirmed.

    Lines are in the order of their times; clocks that differ mix it up by as much.
    """
    first, last = _at(told[0]), _at(told[-1])
    [accepted], [ended] = (
        [e for e in told if e["event"] == event] for event in ("accepted", "ended")
    )
    assert _at(accepted) - first <= _CLOCKS_DIFFER >= last - _at(ended), told
    begun = [e["step"] for e in told if e["event"] == "step_started"]
    done = [e["step"] for e in told if e["event"] == "step_done"]
    ends = ("step_done", "step_refused", "step_failed")
    assert sorted(begun) == sorted(e["step"] for e in told if e["event"] in ends)
    assert len(done) == len(set(done)), f"a step of {trip['tripId']} was done twice"
    if trip["status"] == "confirmed":
        assert set(done) >= STEPS
    else:
        assert {UNDOS[step] for step in begun if step in UNDOS} <= set(done)


def _at(line: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(line["at"])
