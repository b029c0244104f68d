"""What the audit trail of a trip that ended has to tell, whatever happened to it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

STEPS = {"search flight", "search hotel", "hold flight", "hold hotel", "charge"}
STEPS |= {"confirm flight", "confirm hotel", "send confirmation"}
UNDOS = {"hold flight": "cancel flight", "hold hotel": "cancel hotel", "charge": "refund"}


def check_in_flight(audits: Iterable[list[dict[str, Any]]], at: datetime) -> None:
    """At least one trip had not ended at that moment."""
    last = [datetime.fromisoformat(told[-1]["at"]) for told in audits]
    assert max(last) > at, "all trips had ended before anything was done to them"


def check_audit(trip: dict[str, Any], told: list[dict[str, Any]]) -> None:
    """Every step that was begun has its end, and everything begun was undone unless confirmed."""
    assert (told[0]["event"], told[-1]["event"]) == ("accepted", "ended"), told
    begun = [e["step"] for e in told if e["event"] == "step_started"]
    done = [e["step"] for e in told if e["event"] == "step_done"]
    ends = ("step_done", "step_refused", "step_failed")
    assert sorted(begun) == sorted(e["step"] for e in told if e["event"] in ends)
    runs = 1 + sum(e["event"] == "resumed" for e in told)  # one that is begun anew repeats steps
    assert max(Counter(done).values(), default=0) <= runs, f"{trip['tripId']} did a step twice"
    if trip["status"] == "confirmed":
        assert set(done) >= STEPS
    else:
        assert {UNDOS[step] for step in begun if step in UNDOS} <= set(done)
