"""Places for bookings: who gets one, and how long the others are told to wait."""

import pytest

from sagas.engine.admission import Admission, Busy


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def full(clock: Clock, places: int = 2) -> Admission:
    admission = Admission(places, seconds=30, clock=clock)
    for n in range(places):
        assert admission.enter(f"t{n}")
    return admission


def test_a_trip_too_many_is_told_to_come_back() -> None:
    with pytest.raises(Busy) as busy:
        full(Clock()).enter("other")
    assert busy.value.retry_after >= 1


def test_the_same_trip_again_needs_no_place_of_its_own() -> None:
    assert not full(Clock()).enter("t0")


def test_a_trip_that_ended_leaves_its_place() -> None:
    admission = full(Clock())
    admission.leave("t0")
    admission.leave("t0")
    assert admission.enter("other")
    with pytest.raises(Busy):
        admission.enter("another")


def test_a_place_is_given_up_after_a_while() -> None:
    clock = Clock()
    admission = full(clock)
    clock.now += 29
    with pytest.raises(Busy):
        admission.enter("other")
    clock.now += 1
    assert admission.enter("other")


def test_the_wait_is_about_the_time_in_which_all_places_become_new() -> None:
    clock = Clock()
    admission = full(clock, places=40)
    for n in range(21):  # one every half a second: forty places take twenty seconds
        admission.leave(f"t{n}")
        clock.now += 0.5
    for n in range(21):
        admission.enter(f"u{n}")
    with pytest.raises(Busy) as busy:
        admission.enter("other")
    assert 10 <= busy.value.retry_after <= 30


def test_only_a_place_of_some_age_is_given_up_for_a_trip_that_is_not_open() -> None:
    clock = Clock()
    admission = full(clock, places=3)
    clock.now += 6
    admission.leave("t2")
    assert admission.enter("young")
    admission.leave_all_but({"t0"}, older_than=5)
    assert not admission.enter("t0")
    assert not admission.enter("young")
    assert admission.enter("t1")
