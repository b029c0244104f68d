"""The rules of a two-phase reservation, without any store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from kit import holds
from kit.holds import Change, Hold, Pool, Reservation
from tests.support.refusals import check, refused

NOW = datetime(2024, 12, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=16)
EMPTY = {"seats": Pool()}


def asked(quantity: int = 2, reservation_id: str = "r1", seats: int = 3) -> Hold:
    return Hold(
        id=reservation_id,
        request={"quantity": quantity},
        quantity=quantity,
        capacities={"seats": seats},
        details={"price": 100},
        seconds=15 * 60,
    )


def held() -> Change:
    return holds.hold(asked(), None, EMPTY, NOW)


def ran_out(change: Change) -> None:
    """It is refused, and that is on record: what it claimed is given back."""
    check(change.refusal, "hold_expired", "r1", str(NOW + timedelta(minutes=15)))
    assert change.changed
    assert change.reservation.status == "expired"
    assert all("r1" not in pool.claims for pool in change.pools.values())


def test_a_hold_takes_its_quantity_until_it_expires() -> None:
    change = held()
    assert change.reservation == Reservation(
        id="r1",
        status="held",
        request={"quantity": 2},
        quantity=2,
        pools=["seats"],
        details={"price": 100},
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
    )
    assert change.pools["seats"].taken(NOW) == 2
    assert change.pools["seats"].taken(LATER) == 0


@pytest.mark.parametrize(
    ("early", "counts"), [(timedelta(microseconds=1), True), (timedelta(), False)]
)
def test_a_hold_counts_until_its_time_and_not_at_it(early: timedelta, counts: bool) -> None:
    """What is taken, what has lapsed, and what is told agree to the moment."""
    first, at = held(), NOW + timedelta(minutes=15) - early
    seats = first.pools["seats"]
    assert seats.taken(at) == (2 if counts else 0)
    assert seats.lapsed(at) == ([] if counts else ["r1"])
    assert first.reservation.status_at(at) == ("held" if counts else "expired")
    confirmed = holds.confirm("r1", first.reservation, first.pools, at)
    assert confirmed.reservation.status == ("confirmed" if counts else "expired")
    assert holds.expire(first.reservation, first.pools, at).changed is not counts


def test_a_hold_for_more_than_is_left_is_refused() -> None:
    pools = held().pools
    refused("sold_out", lambda: holds.hold(asked(2, "r2"), None, pools, NOW), "2", "seats")


def test_the_last_seat_can_be_held() -> None:
    change = holds.hold(asked(1, "r2"), None, held().pools, NOW)
    assert change.pools["seats"].taken(NOW) == 3


def test_an_expired_hold_leaves_its_seats_to_others() -> None:
    change = holds.hold(asked(3, "r2"), None, held().pools, LATER)
    assert change.pools["seats"].taken(LATER) == 3


def test_every_night_of_a_stay_needs_room() -> None:
    two_nights = Hold("r2", {}, 1, {"mon": 1, "tue": 1}, {}, 60)
    full = Pool().with_claim("r1", holds.Claim(quantity=1, until=None))
    for mon, tue in ((Pool(), full), (full, Pool())):
        taken = {"mon": mon, "tue": tue}
        refused("sold_out", partial(holds.hold, two_nights, None, taken, NOW), "1")
    both = {"mon": full, "tue": full}
    refused("sold_out", lambda: holds.hold(two_nights, None, both, NOW), "mon, tue")


def test_a_stay_takes_every_night_and_gives_every_night_back() -> None:
    stay = Hold("r1", {}, 2, {"mon": 3, "tue": 3}, {}, 60)
    change = holds.hold(stay, None, {"mon": Pool(), "tue": Pool()}, NOW)
    assert [change.pools[night].taken(NOW) for night in ("mon", "tue")] == [2, 2]
    confirmed = holds.confirm("r1", change.reservation, change.pools, NOW)
    assert [confirmed.pools[night].taken(LATER) for night in ("mon", "tue")] == [2, 2]
    cancelled = holds.cancel("r1", confirmed.reservation, confirmed.pools, NOW)
    assert [cancelled.pools[night].claims for night in ("mon", "tue")] == [{}, {}]


@pytest.mark.parametrize("gone", ["mon", "tue"])
def test_a_stay_that_lost_one_night_is_over(gone: str) -> None:
    stay = Hold("r1", {}, 1, {"mon": 1, "tue": 1}, {}, 15 * 60)
    change = holds.hold(stay, None, {"mon": Pool(), "tue": Pool()}, NOW)
    left = {name: Pool() if name == gone else pool for name, pool in change.pools.items()}
    ran_out(holds.hold(stay, change.reservation, left, NOW))
    ran_out(holds.confirm("r1", change.reservation, left, NOW))
    ran_out(holds.extend("r1", change.reservation, left, NOW, LATER))
    assert holds.cancel("r1", change.reservation, left, NOW).reservation.status == "cancelled"


def test_a_lapsed_claim_goes_only_if_its_place_is_needed() -> None:
    pools = held().pools
    beside = holds.hold(asked(1, "r2"), None, pools, LATER)
    assert beside.pools["seats"].claims.keys() == {"r1", "r2"}
    instead = holds.hold(asked(2, "r2"), None, pools, LATER)
    assert instead.pools["seats"].claims.keys() == {"r2"}


def test_the_same_hold_again_changes_nothing() -> None:
    first = held()
    again = holds.hold(asked(), first.reservation, first.pools, NOW)
    assert again == Change(first.reservation, changed=False)


def test_the_same_id_with_another_request_is_refused() -> None:
    first = held()
    refused(
        "idempotency_conflict",
        lambda: holds.hold(asked(1), first.reservation, first.pools, NOW),
        "r1",
    )


def test_a_confirmed_reservation_no_longer_expires() -> None:
    first = held()
    confirmed = holds.confirm("r1", first.reservation, first.pools, NOW)
    assert confirmed.reservation.status_at(LATER) == "confirmed"
    assert confirmed.pools["seats"].taken(LATER) == 2


def test_confirming_twice_is_confirming_once() -> None:
    first = held()
    once = holds.confirm("r1", first.reservation, first.pools, NOW)
    twice = holds.confirm("r1", once.reservation, once.pools, LATER)
    assert twice == Change(once.reservation, changed=False)


def test_an_expired_hold_cannot_be_confirmed() -> None:
    first = held()
    ran_out(holds.confirm("r1", first.reservation, first.pools, LATER))


def test_what_nobody_held_cannot_be_confirmed() -> None:
    refused("unknown_reservation", lambda: holds.confirm("r1", None, {}, NOW), "r1")


@pytest.mark.parametrize("confirmed_first", [False, True])
def test_cancelling_gives_back_what_was_held_or_confirmed(confirmed_first: bool) -> None:
    change = held()
    if confirmed_first:
        change = holds.confirm("r1", change.reservation, change.pools, NOW)
    cancelled = holds.cancel("r1", change.reservation, change.pools, NOW)
    assert cancelled.reservation.status == "cancelled"
    assert cancelled.pools["seats"].taken(NOW) == 0


def test_cancelling_the_unknown_leaves_a_tombstone_that_refuses_the_late_hold() -> None:
    tombstone = holds.cancel("r1", None, {}, NOW)
    assert tombstone.changed
    refused(
        "reservation_cancelled",
        lambda: holds.hold(asked(), tombstone.reservation, EMPTY, NOW),
        "r1",
    )


def test_cancelling_twice_is_cancelling_once() -> None:
    once = holds.cancel("r1", None, {}, NOW)
    assert holds.cancel("r1", once.reservation, {}, LATER) == Change(
        once.reservation, changed=False
    )


def test_what_is_expired_stays_expired() -> None:
    first = held()
    gone = holds.expire(first.reservation, first.pools, LATER)
    unchanged = Change(gone.reservation, changed=False)
    assert holds.cancel("r1", gone.reservation, gone.pools, NOW) == unchanged
    assert holds.expire(gone.reservation, gone.pools, NOW) == unchanged
    again = holds.confirm("r1", gone.reservation, gone.pools, NOW)
    check(again.refusal, "hold_expired", "r1")
    assert again == replace(unchanged, refusal=again.refusal)


@pytest.mark.parametrize("again", ["hold", "confirm"])
def test_what_is_cancelled_stays_cancelled(again: str) -> None:
    first = held()
    gone = holds.cancel("r1", first.reservation, first.pools, NOW)
    calls = {
        "hold": lambda: holds.hold(asked(), gone.reservation, gone.pools, NOW),
        "confirm": lambda: holds.confirm("r1", gone.reservation, gone.pools, NOW),
    }
    refused("reservation_cancelled", calls[again])


def test_clearing_an_expired_hold_says_so_and_removes_its_claim() -> None:
    first = held()
    cleared = holds.expire(first.reservation, first.pools, LATER)
    assert cleared.reservation.status == "expired"
    assert cleared.pools["seats"].claims == {}


@pytest.mark.parametrize("at", [NOW, LATER])
def test_clearing_leaves_a_confirmed_reservation_alone(at: datetime) -> None:
    first = held()
    confirmed = holds.confirm("r1", first.reservation, first.pools, NOW)
    cleared = holds.expire(confirmed.reservation, confirmed.pools, at)
    assert cleared == Change(confirmed.reservation, changed=False)


def test_clearing_leaves_a_running_hold_alone() -> None:
    first = held()
    assert not holds.expire(first.reservation, first.pools, NOW).changed


def test_a_reservation_survives_its_way_through_json() -> None:
    made = held().reservation
    assert Reservation.model_validate(made.model_dump(mode="json")) == made


def test_an_extended_hold_lasts_longer_but_never_shorter() -> None:
    first = held()
    longer = holds.extend("r1", first.reservation, first.pools, NOW, LATER + timedelta(hours=1))
    assert longer.pools["seats"].taken(LATER) == 2
    assert longer.reservation.status_at(LATER) == "held"
    assert longer.pools["seats"].taken(LATER + timedelta(hours=1)) == 0
    for until in (LATER, LATER + timedelta(hours=1)):
        again = holds.extend("r1", longer.reservation, longer.pools, NOW, until)
        assert again == Change(longer.reservation, changed=False)


def test_a_confirmed_reservation_needs_no_extension() -> None:
    first = held()
    confirmed = holds.confirm("r1", first.reservation, first.pools, NOW)
    extended = holds.extend("r1", confirmed.reservation, confirmed.pools, NOW, LATER)
    assert extended == Change(confirmed.reservation, changed=False)


def test_a_hold_is_not_extended_beyond_all_bounds() -> None:
    first, longest = held(), NOW + timedelta(days=3)
    assert holds.extend("r1", first.reservation, first.pools, NOW, longest).changed
    longer = longest + timedelta(seconds=1)
    refused(
        "hold_too_long",
        lambda: holds.extend("r1", first.reservation, first.pools, NOW, longer),
        "3 days",
    )


def test_a_hold_is_not_extended_after_its_end() -> None:
    first = held()
    ran_out(holds.extend("r1", first.reservation, first.pools, LATER, LATER + timedelta(hours=1)))


def test_what_is_unknown_cannot_be_extended() -> None:
    refused("unknown_reservation", lambda: holds.extend("r1", None, EMPTY, NOW, LATER), "r1")
