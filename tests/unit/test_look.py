"""Before anything is undone it is known whether it may be, however long nobody can tell."""

from itertools import pairwise

import pytest

from sagas.core.policies import Policies
from tests.unit.engine import Fault
from tests.unit.test_trip_workflow import LOOK, NO, UNDO_HOLDS, book, once_each

_TRIES = 40
"""More than a step or an undo is tried."""
DOWN_FOR_LONG = [*[Fault("down")] * (_TRIES - 1), {"again": False}]


def test_a_record_that_cannot_be_read_is_asked_for_until_it_can_be() -> None:
    engine, kept = book({"hold hotel": NO, LOOK: list(DOWN_FOR_LONG)})
    assert engine.calls.count(LOOK) == _TRIES
    first_undo = min(engine.calls.index(undo) for undo in UNDO_HOLDS)
    assert engine.calls.index(LOOK) + _TRIES == first_undo
    assert kept.status == "rejected"


def test_the_pauses_between_looks_are_those_of_their_policy() -> None:
    engine, _ = book({"hold hotel": NO, LOOK: list(DOWN_FOR_LONG)})
    policy, pauses = Policies().look, engine.pauses
    assert len(pauses) == _TRIES - 1
    for tried, pause in enumerate(pauses, 1):
        assert pause == policy.pause(tried, f"t1 {LOOK}").total_seconds()
    assert all(later > earlier for earlier, later in pairwise(pauses[:8]))
    assert max(pauses) > Policies().undo.most_seconds


@pytest.mark.parametrize("tries", [1, 3])
def test_a_cancel_does_not_end_a_look_for_then_nothing_would_be_undone(tries: int) -> None:
    looks = [*[Fault("down")] * tries, {"again": False}]
    engine, kept = book({"hold hotel": NO, LOOK: looks}, events={LOOK: ["cancel"]})
    assert engine.calls.count(LOOK) == tries + 1
    assert [call for call in once_each(engine.calls) if call in UNDO_HOLDS] == UNDO_HOLDS
    assert kept.status == "rejected"
