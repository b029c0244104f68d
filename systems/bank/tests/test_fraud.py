"""The fraud score: points and reasons, what is remembered, and when a payee is known."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from systems.bank.fraud import rules
from systems.bank.fraud.rules import Facts, Profile, Seen
from systems.bank.fraud.scores import Score, Scores
from tests.support.memory import MemoryStore
from tests.support.refusals import refused_later

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAIN = Facts(payee="B", named="Bert Brinkman", holder="Bert Brinkman", amount=5_000, busy=3)
KNOWN = Profile(payees={"B": 1}, largest=5_000)


def codes(facts: Facts, profile: Profile = KNOWN) -> list[str]:
    return [reason.code for reason in rules.reasons(facts, profile, NOW)]


def lately(count: int, minutes: float) -> Profile:
    seen = Seen(at=NOW - timedelta(minutes=minutes), amount=1)
    return KNOWN.model_copy(update={"recent": [seen] * count})


def test_nothing_is_unusual_about_what_was_done_before() -> None:
    assert codes(PLAIN) == []
    assert rules.score([]) == 0


def test_a_payee_who_was_never_paid_is_new() -> None:
    assert codes(PLAIN, Profile()) == ["new_payee"]


@pytest.mark.parametrize(
    ("named", "differs"),
    [("Brinkman, Bert", False), ("Bert Brinkmann", False), ("Berta Brick", True), ("?", True)],
)
def test_a_name_that_is_not_the_holders_is_told(named: str, differs: bool) -> None:
    assert ("payee_name_differs" in codes(replace(PLAIN, named=named))) == differs


def test_a_name_that_is_as_like_as_asked_for_is_the_holders() -> None:
    """17 of 20 letters are those of the holder: 0.85."""
    facts = replace(PLAIN, named="Maximilian Schmidt Eva", holder="Maximilian Schmidt Tom")
    assert codes(facts) == []


@pytest.mark.parametrize(
    ("amount", "points"),
    [(999_999, 0), (1_000_000, 30), (2_499_999, 30), (2_500_000, 50)],
)
def test_a_large_amount_counts_from_a_sum_on(amount: int, points: int) -> None:
    found = rules.reasons(replace(PLAIN, amount=amount), KNOWN, NOW)
    assert sum(reason.points for reason in found if reason.code == "large_amount") == points


@pytest.mark.parametrize(
    ("count", "minutes", "many"), [(2, 59, False), (3, 59, True), (3, 60, False)]
)
def test_many_transfers_are_so_many_within_an_hour(count: int, minutes: float, many: bool) -> None:
    assert ("many_transfers" in codes(PLAIN, lately(count, minutes))) == many


@pytest.mark.parametrize(
    ("paid", "amount", "unusual"), [(3, 25_000, False), (3, 25_001, True), (2, 25_001, False)]
)
def test_an_amount_is_unusual_for_one_who_has_habits(paid: int, amount: int, unusual: bool) -> None:
    profile = Profile(payees={"B": paid}, largest=5_000)
    assert ("unusual_amount" in codes(replace(PLAIN, amount=amount), profile)) == unusual


def test_the_reason_with_most_points_comes_first_and_100_are_the_most() -> None:
    facts = replace(PLAIN, named="Nobody", amount=2_500_000)
    found = rules.reasons(facts, Profile(recent=lately(3, 1).recent), NOW)
    assert [reason.code for reason in found] == [
        "large_amount",
        "payee_name_differs",
        "many_transfers",
        "new_payee",
    ]
    assert sum(reason.points for reason in found) == 115
    assert rules.score(found) == 100


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    kept = rules.remembered(lately(3, 60), 7, NOW)
    assert kept.recent == [Seen(at=NOW, amount=7)]


def test_a_completed_transfer_counts_for_its_payee_and_for_what_is_usual() -> None:
    once = rules.completed(KNOWN, "C", 4_000)
    assert (once.payees, once.largest, once.paid) == ({"B": 1, "C": 1}, 5_000, 2)
    twice = rules.completed(once, "C", 6_000)
    assert (twice.payees, twice.largest, twice.paid) == ({"B": 1, "C": 2}, 6_000, 3)


def test_a_transfer_is_scored_once_and_its_payee_known_once_it_was_completed() -> None:
    async def live() -> None:
        scores = Scores(MemoryStore(), lambda: NOW)  # type: ignore[arg-type]

        async def score(name: str) -> Score:
            return await scores.score(name, {"n": name[0]}, "A", PLAIN)

        first = await score("1")
        assert [reason.code for reason in first.reasons] == ["new_payee"]
        assert [reason.code for reason in (await score("2")).reasons] == ["new_payee"]
        assert (await scores.complete("1")).status == "completed"
        await scores.complete("1")
        assert await score("1") == first.model_copy(update={"status": "completed"})
        assert (await score("3")).reasons == []
        await refused_later("unknown_score", scores.complete("4"))
        await refused_later("idempotency_conflict", scores.score("1", {"n": "other"}, "A", PLAIN))

    asyncio.run(live())


def test_scores_of_one_payer_at_once_are_all_remembered() -> None:
    async def live() -> None:
        state = MemoryStore()
        one, other = (Scores(state, lambda: NOW) for _ in range(2))  # type: ignore[arg-type]
        made = await asyncio.gather(
            *((one if n % 2 else other).score(str(n), {"n": n}, "A", PLAIN) for n in range(10))
        )
        assert sorted(len(score.reasons) for score in made) == [1] * 3 + [2] * 7
        assert len(state.values["profile:A"]["recent"]) == 10

    asyncio.run(live())
