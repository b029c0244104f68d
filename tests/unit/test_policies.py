"""Retry policies: how long between tries, and how many."""

from datetime import timedelta

import pytest

from sagas.core.policies import Policies, Retry

POLICY = Retry(tries=3, first_seconds=1, most_seconds=10)


def test_pauses_double_up_to_the_longest_give_or_take_a_fifth() -> None:
    pauses = [POLICY.pause(tried, "t1").total_seconds() for tried in range(1, 8)]
    assert pauses == pytest.approx([1, 2, 4, 8, 10, 10, 10], rel=0.2)


def test_some_wait_longer_than_the_pause_and_some_shorter() -> None:
    pauses = [POLICY.pause(1, f"t{n}").total_seconds() for n in range(100)]
    assert min(pauses) < 0.85
    assert max(pauses) > 1.15


def test_a_replay_by_the_next_release_waits_as_long() -> None:
    assert POLICY.pause(1, "t1") == timedelta(seconds=0.85768)
    assert POLICY.pause(2, "t1") == timedelta(seconds=2.193397)


def test_a_replay_waits_as_long_and_another_case_does_not() -> None:
    assert POLICY.pause(1, "t1") == POLICY.pause(1, "t1")
    assert len({POLICY.pause(1, f"t{n}") for n in range(20)}) == 20


def test_tries_are_bounded_or_endless() -> None:
    assert [POLICY.allows(tried) for tried in (1, 2, 3)] == [True, True, False]
    insist = Policies().record
    assert insist.allows(10**6)
    assert insist.pause(10**6, "t1").total_seconds() <= insist.most_seconds * 1.2


def test_a_customer_does_not_wait_for_a_breaker_but_an_undo_does() -> None:
    assert not Policies().step.waits_for_breaker
    assert Policies().undo.waits_for_breaker
