"""The rules of environments: one holder, first come, first served; numbers; what is put back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import Refusal
from systems.pipeline.deployer import environments as rules
from systems.pipeline.deployer.environments import Change, Environment
from tests.support.refusals import refused

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW_DAY = NOW + timedelta(days=1)
OLD, NEW = "a" * 64, "b" * 64


def held_by(*runs: str, live: str | None = OLD) -> Environment:
    """Return an environment that these runs asked for, in this order."""
    env = Environment(name="staging")
    for run in runs:
        env = rules.asked(env, run, live, NOW, HOUR)
    return env


def test_the_first_holds_it_and_the_others_wait_in_their_order() -> None:
    env = held_by("one", "two", "three")
    assert [claim.run for claim in env.queue] == ["one", "two", "three"]
    assert [claim.fence for claim in env.queue] == [1, None, None]
    env = rules.released(env, "one", OLD, NOW, HOUR)
    assert [claim.fence for claim in env.queue] == [2, None]
    assert env.holder
    assert env.holder.run == "two"


def test_asking_again_changes_nothing() -> None:
    env = held_by("one", "two")
    assert rules.asked(env, "two", NEW, NOW + HOUR, HOUR) == env


def test_who_leaves_the_queue_is_left_out() -> None:
    env = rules.released(held_by("one", "two", "three"), "two", OLD, NOW, HOUR)
    assert [claim.run for claim in env.queue] == ["one", "three"]


def test_a_run_that_is_done_with_it_gets_it_no_more_also_if_it_never_had_it() -> None:
    env = rules.released(Environment(name="staging"), "one", None, NOW, HOUR)
    with pytest.raises(Refusal) as no:
        rules.asked(env, "one", None, NOW, HOUR)
    assert no.value.reason == "released"


def test_that_a_run_is_done_with_it_is_remembered_once() -> None:
    env = rules.released(held_by("one"), "one", OLD, NOW, HOUR)
    env = rules.released(env, "one", OLD, NOW, HOUR)
    assert list(env.over) == ["one"]
    told = "one is done with staging."
    refused("released", lambda: rules.asked(env, "one", OLD, NOW, HOUR), told)


@pytest.mark.parametrize(
    ("release", "live", "kept"),
    [(NEW, NEW, [OLD, NEW]), (OLD, OLD, [OLD]), (NEW, OLD, [OLD]), (None, OLD, [OLD])],
)
def test_what_a_run_leaves_live_is_kept(
    release: str | None, live: str | None, kept: list[str]
) -> None:
    env = held_by("one").model_copy(update={"kept": [OLD]})
    env = rules.deployed(env, "one", 1, release) if release else env
    assert list(rules.released(env, "one", live, NEW_DAY, HOUR).kept) == kept


def test_what_is_kept_again_is_the_newest_of_those_kept() -> None:
    env = held_by("one").model_copy(update={"kept": [OLD, NEW]})
    env = rules.kept(rules.deployed(env, "one", 1, OLD), "one", 1)
    assert list(env.kept) == [NEW, OLD]


@pytest.mark.parametrize(
    ("run", "fence", "reason"),
    [("one", 1, "stale_fence"), ("two", 1, "stale_fence"), ("three", 2, "not_holder")],
)
def test_only_the_holder_deploys_with_its_own_number(run: str, fence: int, reason: str) -> None:
    env = rules.released(held_by("one", "two", "three"), "one", OLD, NOW, HOUR)
    with pytest.raises(Refusal) as no:
        rules.deployed(env, run, fence, NEW)
    assert no.value.reason == reason


def test_a_number_is_stale_as_soon_as_its_run_is_done_also_if_nobody_came_after_it() -> None:
    env = rules.released(held_by("one"), "one", OLD, NOW, HOUR)
    stale = "staging has been given on since: 1 is not its number."
    refused("stale_fence", lambda: rules.deployed(env, "one", 1, NEW), stale)
    refused("not_holder", lambda: rules.deployed(env, "one", 2, NEW), "one does not hold staging.")


def test_a_number_that_is_not_the_holders_is_told_with_the_one_that_is() -> None:
    env = held_by("one")
    for fence in (0, 2):
        told = f"staging is held with 1: {fence} is not its number."
        refused("stale_fence", lambda n=fence: rules.held(env, "one", n), told)  # type: ignore[misc]
    held = rules.held(env, "one", 1)
    assert (held.fence, held.until, held.previous) == (1, NOW + HOUR, OLD)


def test_what_was_live_at_the_hold_is_put_back_however_often() -> None:
    env = rules.deployed(held_by("one"), "one", 1, NEW)
    for _ in range(3):
        hold = rules.to_restore(env, "one")
        assert hold
        assert hold.previous == OLD


def test_what_the_run_before_broke_is_not_what_the_next_one_puts_back() -> None:
    env = rules.deployed(held_by("one", "two"), "one", 1, NEW)
    env = rules.released(env, "one", OLD, NOW, HOUR)  # its release was taken back before
    env = rules.deployed(env, "two", 2, NEW)
    hold = rules.to_restore(env, "two")
    assert hold
    assert hold.previous == OLD


def test_the_first_deployment_ever_has_nothing_to_put_back() -> None:
    hold = rules.to_restore(rules.deployed(held_by("one", live=None), "one", 1, NEW), "one")
    assert hold
    assert hold.previous is None


def test_a_run_that_put_nothing_there_or_holds_nothing_puts_nothing_back() -> None:
    env = held_by("one", "two")
    assert rules.to_restore(env, "one") is None
    assert rules.to_restore(env, "two") is None
    assert rules.to_restore(env, "nobody") is None
    env = rules.deployed(env, "one", 1, NEW)
    assert rules.to_restore(env, "two") is None, "it waits, and what is there is another's"
    assert rules.to_restore(Environment(name="staging"), "one") is None


def test_what_is_kept_is_not_put_back() -> None:
    env = rules.kept(rules.deployed(held_by("one"), "one", 1, NEW), "one", 1)
    assert rules.to_restore(env, "one") is None
    assert list(env.kept) == [NEW]
    assert rules.kept(env, "one", 1) == env


def test_what_is_not_well_is_not_kept() -> None:
    env = rules.sick(rules.deployed(held_by("one"), "one", 1, NEW), "one", "It coughs.")
    with pytest.raises(Refusal) as no:
        rules.kept(env, "one", 1)
    assert (no.value.reason, no.value.detail) == ("unhealthy", "It coughs.")


def test_only_what_its_holder_put_there_and_has_not_kept_can_be_sick() -> None:
    env = rules.deployed(held_by("one", "two"), "one", 1, NEW)
    assert rules.sick(env, "two", "It coughs.") == env
    assert rules.sick(Environment(name="staging"), "one", "It coughs.").queue == ()
    kept = rules.kept(env, "one", 1)
    assert rules.sick(kept, "one", "It coughs.") == kept
    sick = rules.sick(env, "one", "It coughs.")
    assert rules.sick(sick, "one", "It sneezes.") == sick, "the first word of it counts"


def test_what_was_never_put_there_is_not_kept() -> None:
    told = "one put nothing there."
    refused("not_deployed", lambda: rules.kept(held_by("one"), "one", 1), told)


def test_one_hold_is_for_one_release() -> None:
    env = rules.deployed(held_by("one"), "one", 1, NEW)
    assert rules.deployed(env, "one", 1, NEW) == env
    with pytest.raises(Refusal) as no:
        rules.deployed(env, "one", 1, OLD)
    assert no.value.reason == "other_release"
    assert no.value.detail == f"one put {NEW} there already."


def test_a_roll_back_is_absolute_and_not_while_it_is_held() -> None:
    env = Environment(name="production", kept=[OLD, NEW])
    assert rules.to_roll_back(env, None) == OLD
    assert rules.to_roll_back(env, NEW) == NEW
    for wanted, there in ((None, [OLD]), ("c" * 64, [OLD, NEW]), (None, [])):
        with pytest.raises(Refusal) as no:
            rules.to_roll_back(env.model_copy(update={"kept": there}), wanted)
        assert no.value.reason == "no_such_release"
        told = "has no other." if wanted is None else f"has not kept {wanted}."
        assert no.value.detail == f"production {told}"
    with pytest.raises(Refusal) as no:
        rules.to_roll_back(rules.asked(env, "one", NEW, NOW, HOUR), None)
    assert no.value.reason == "held"
    assert no.value.detail == "one holds production; cancel that run, and it is put back."


def test_the_latest_hundred_changes_are_noted() -> None:
    env = Environment(name="staging")
    for number in range(101):
        env = rules.noted(env, Change(release=str(number), run="one", why="deployed", at=NOW))
    assert [each.release for each in env.history] == [str(number) for number in range(1, 101)]


def test_a_hold_runs_out() -> None:
    env = held_by("one")
    assert rules.expired(env, NOW + timedelta(minutes=59)) is None
    assert rules.expired(env, NOW + HOUR)
    assert rules.expired(Environment(name="staging"), NOW) is None


def test_a_hold_is_overtaken_once_its_release_is_there_and_another_run_waits() -> None:
    assert rules.overtaken(held_by("one", "two")) is None
    assert rules.overtaken(rules.deployed(held_by("one"), "one", 1, NEW)) is None
    found = rules.overtaken(rules.deployed(held_by("one", "two"), "one", 1, NEW))
    assert found
    assert (found[0].run, found[1]) == ("one", "two")


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), max_size=30))
def test_there_is_never_more_than_one_holder_and_numbers_only_rise(
    deeds: list[tuple[bool, str]],
) -> None:
    env, numbers = Environment(name="staging"), list[int]()
    for asks, run in deeds:
        try:
            change = rules.asked if asks else rules.released
            env = change(env, run, None, NOW, HOUR)
        except Refusal:
            continue
        holding = [claim for claim in env.queue if claim.fence is not None]
        assert len(holding) == min(1, len(env.queue))
        assert [claim.run for claim in holding] == [c.run for c in list(env.queue)[:1]]
        numbers += [claim.fence for claim in holding if claim.fence and claim.fence not in numbers]
    assert numbers == sorted(numbers)
