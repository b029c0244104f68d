"""The rules of offers and of the pool, and the roster over a store in memory."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.documents import Documents
from systems.delivery import phases
from systems.delivery.driver import models as wire
from systems.delivery.driver import offers, pool
from systems.delivery.driver.dispatch import Dispatch, Pin
from systems.delivery.driver.offers import Offer
from systems.delivery.driver.pool import Slot, seen_at
from systems.delivery.driver.roster import Roster
from systems.delivery.geography import Place, distance, nearest, ride_seconds, towards
from tests.support.memory import MemoryStore, at_once
from tests.support.refusals import refused

NOW = datetime(2024, 12, 1, tzinfo=UTC)
SILENCE = timedelta(seconds=90)
HERE = Place(latitude=52.5, longitude=13.4)
LATER, TOO_LATE = NOW + timedelta(seconds=44), NOW + timedelta(seconds=45)


def north(metres: float) -> Place:
    return Place(latitude=52.5 + metres / 111_195, longitude=13.4)


def offer(status: offers.Status = "offered") -> Offer:
    return Offer(id="d1:driver-1", status=status, driver="anna", expires_at=TOO_LATE)


def brought(known: Offer) -> Offer:
    there = offers.arrived(offers.accepted(known, True, LATER))
    return offers.delivered(offers.riding(offers.picked_up(there, LATER)), True)


def test_an_offer_is_taken_and_brought() -> None:
    done = brought(offer())
    assert (done.status, done.accepted_at, done.picked_up_at) == ("delivered", LATER, LATER)
    assert brought(done) == done, "told again, it changes nothing"
    assert offers.withdrawn(done) == done
    assert offers.paid_out(offers.paid_out(done, 5), 5).payout == 5
    refused("idempotency_conflict", lambda: offers.paid_out(offers.paid_out(done, 5), 6), "")


def test_what_a_driver_tells_twice_changes_nothing() -> None:
    there = offers.arrived(offers.accepted(offer(), True, LATER))
    assert offers.arrived(there) == offers.accepted(there, True, NOW) == there
    with_food = offers.picked_up(there, LATER)
    on_the_way = offers.riding(with_food)
    for told in (with_food, on_the_way):
        assert offers.picked_up(told, TOO_LATE) == told
        assert offers.arrived(told) == offers.accepted(told, True, TOO_LATE) == told
    assert offers.riding(on_the_way) == on_the_way


def test_when_a_driver_got_rid_of_an_offer_is_noted_once() -> None:
    made, taken = offer(), offers.accepted(offer(), True, NOW)
    assert offers.ended(None, made, NOW) == made
    assert offers.ended(made, taken, NOW) == taken
    over = offers.ended(taken, offers.declined(taken), LATER)
    assert over.ended_at == LATER
    assert offers.ended(over, offers.withdrawn(over), TOO_LATE) == over
    tombstone = Offer(id="d1:driver-2", status="withdrawn")
    assert offers.ended(None, tombstone, NOW) == tombstone, "no driver ever had it"


def test_a_yes_that_comes_too_late_is_refused() -> None:
    refused("offer_expired", lambda: offers.accepted(offer(), True, TOO_LATE), "")
    refused("offer_expired", lambda: offers.accepted(offer(), False, NOW), "")
    refused("offer_over", lambda: offers.accepted(offers.withdrawn(offer()), True, NOW), "")


ENDED: list[offers.Status] = ["declined", "expired", "withdrawn", "given_back", "lost"]


@pytest.mark.parametrize("status", ENDED)
def test_an_offer_that_has_ended_does_not_begin_again(status: offers.Status) -> None:
    over = offer(status)
    refused("offer_over", lambda: offers.accepted(over, True, NOW), "")
    refused("offer_over", lambda: offers.arrived(over), "")
    refused("not_arrived", lambda: offers.picked_up(over, NOW), "")
    refused("not_riding", lambda: offers.delivered(over, True), "")
    refused("not_picked_up", lambda: offers.riding(over), "")
    refused("not_delivered", lambda: offers.paid_out(over, 1), "")
    assert offers.declined(over) == offers.withdrawn(over) == offers.lost(over) == over


def test_before_the_food_is_picked_up_a_driver_may_give_back_and_may_be_lost() -> None:
    assert offers.declined(offer()).status == "declined"
    assert offers.lost(offer()) == offer(), "who was only asked is not lost"
    for status in ("accepted", "arrived"):
        assert offers.declined(offer(status)).status == "given_back"
        assert offers.lost(offer(status)).status == "lost"
    refused("picked_up", lambda: offers.declined(offer("picked_up")), "The food is on its way")
    assert offers.lost(offer("picked_up")).status == "picked_up"
    refused("not_accepted", lambda: offers.arrived(offer()), "It has not been accepted.")


def test_a_pin_may_be_wrong_five_times() -> None:
    refused("not_riding", lambda: offers.delivered(offer("picked_up"), True), "")
    known = offer("riding")
    for _ in range(offers.MOST_WRONG_PINS):
        known = offers.delivered(known, False)
    assert known.status == "riding"
    refused("too_many_pins", lambda: offers.delivered(known, True), "")


def test_the_nearest_come_first_and_nobody_who_is_busy_silent_away_or_was_asked() -> None:
    places = {"far": 900, "near": 100, "busy": 50, "held": 60, "lapsed": 200, "silent": 10}
    places |= {"offline": 20, "asked": 30, "outside": 1_600}
    seen = {n: seen_at(n, north(m), n != "offline", NOW)(None) for n, m in places.items()}
    seen["silent"] = seen_at("silent", north(10), True, NOW - SILENCE)(None)
    slots = {
        "busy": Slot(offer="x"),
        "held": Slot(offer="y", until=TOO_LATE),
        "lapsed": Slot(offer="z", until=NOW),
        "near": Slot(),
    }
    found = pool.candidates(seen, slots, HERE, 1_500, ["asked"], NOW, SILENCE)
    assert found == ["near", "lapsed", "far"]


def test_who_stands_on_the_circle_is_within_it_and_of_those_as_near_the_name_decides() -> None:
    assert nearest({"b": HERE, "a": HERE, "c": north(1)}, HERE, 0) == ["a", "b"]


def test_a_trail_has_the_way_and_no_place_twice_while_one_stands_still() -> None:
    seen = seen_at("anna", HERE, True, NOW)(None)
    seen = seen_at("anna", HERE, True, LATER)(seen)
    assert [(spot.pair, spot.at) for spot in seen.trail] == [(HERE.pair, NOW)]
    seen = seen_at("anna", north(5), False, TOO_LATE)(seen)
    assert [(spot.pair, spot.at) for spot in seen.trail] == [
        (HERE.pair, NOW),
        (north(5).pair, TOO_LATE),
    ]
    assert (seen.driver, seen.online, seen.place, seen.at) == ("anna", False, north(5), TOO_LATE)


def test_a_trail_keeps_the_latest_hundred_and_twenty_places() -> None:
    seen = None
    for metres in range(pool.TRAIL_POINTS + 2):
        seen = seen_at("anna", north(metres), True, NOW)(seen)
    assert seen is not None
    assert [spot.pair for spot in seen.trail] == [north(n).pair for n in range(2, 122)]


def test_who_rides_east_comes_nearer_too_and_who_is_there_stays() -> None:
    east = Place(latitude=52.5, longitude=13.5)
    half = towards(HERE, east, distance(HERE, east) / 2)
    assert half.latitude == 52.5
    assert half.longitude == pytest.approx(13.45)
    assert towards(HERE, HERE, 0) == HERE


@given(st.floats(0, 20_000))
def test_on_the_way_one_comes_nearer_until_one_is_there(metres: float) -> None:
    end = north(5_000)
    there = towards(HERE, end, metres)
    assert distance(HERE, there) == pytest.approx(min(metres, 5_000), abs=3)
    assert distance(there, end) == pytest.approx(max(0, 5_000 - metres), abs=3)


def test_a_ride_takes_longer_than_the_crow_flies() -> None:
    assert ride_seconds(HERE, north(1_000)) == pytest.approx(260, abs=2)
    assert nearest({"a": north(10), "b": north(5)}, HERE, 7) == ["b"]


class Desk:
    """Dispatch over a store in memory, at a time that a test sets; ``told`` is what it told."""

    def __init__(self) -> None:
        self.now, self.told = NOW, list[tuple[str, str]]()
        self.store = MemoryStore()
        self.roster = Roster(self.store)  # type: ignore[arg-type]
        pins = Documents(self.store, "pin", Pin)  # type: ignore[arg-type]
        self.dispatch = Dispatch(self.roster, pins, self, lambda: self.now, SILENCE)  # type: ignore[arg-type]

    def tell(self, offer_id: str, _: str, word: wire.Told) -> None:
        self.told.append((offer_id, word.status))

    def see(self, driver: str, metres: float = 0) -> None:
        asyncio.run(self.roster.see(driver, seen_at(driver, north(metres), True, self.now)))

    def offer(self, offer_id: str, within: float = 1_000) -> Offer:
        return asyncio.run(self.offering(offer_id, within))

    async def offering(self, offer_id: str, within: float = 1_000) -> Offer:
        spot = {"latitude": 52.5, "longitude": 13.4}
        body = {"pickup": spot, "door": spot, "within": within, "seconds": 45}
        return await self.dispatch.offer(offer_id, wire.OfferRequest.model_validate(body))

    def say(self, offer_id: str, rule: Callable[[Offer], Offer]) -> Offer:
        return asyncio.run(self.dispatch.say(offer_id, rule))

    def accept(self, offer_id: str) -> Offer:
        return asyncio.run(
            self.dispatch.apply(offer_id, lambda o, h: offers.accepted(o, h, self.now), True)
        )

    def withdraw(self, offer_id: str) -> Offer:
        return asyncio.run(self.dispatch.withdraw(offer_id))

    def in_hand(self, driver: str) -> Offer | None:
        return asyncio.run(self.roster.in_hand(driver))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_driver_has_one_thing_in_hand(desk: Desk) -> None:
    desk.see("anna")
    first = desk.offer("a:driver-1")
    assert (first.driver, desk.offer("a:driver-1")) == ("anna", first)
    refused("no_driver", lambda: desk.offer("b:driver-1"), "")
    refused("idempotency_conflict", lambda: desk.offer("a:driver-1", 500), "")
    desk.accept("a:driver-1")
    desk.now = TOO_LATE
    desk.see("anna")
    refused("no_driver", lambda: desk.offer("b:driver-1"), "")
    gone = desk.say("a:driver-1", offers.declined)
    assert (gone.status, gone.ended_at, desk.in_hand("anna")) == ("given_back", TOO_LATE, None)
    assert desk.offer("b:driver-1").driver == "anna"
    assert [status for _, status in desk.told] == ["accepted", "given_back"]


def test_an_offer_that_lapsed_makes_room_for_another_and_a_late_yes_does_not_win(
    desk: Desk,
) -> None:
    desk.see("anna")
    desk.offer("a:driver-1")
    desk.now = TOO_LATE
    desk.see("anna")
    assert desk.offer("b:driver-1").driver == "anna"
    refused("offer_expired", lambda: desk.accept("a:driver-1"), "")
    assert desk.withdraw("a:driver-1").status == "withdrawn"
    held = desk.in_hand("anna")
    assert held is not None
    assert held.id == "b:driver-1"


def test_of_two_offers_that_meet_at_one_driver_one_wins(desk: Desk) -> None:
    desk.see("anna", 10)
    desk.see("bert", 20)
    desk.store.before_write = lambda: at_once(desk.offering("b:driver-1"))
    assert desk.offer("a:driver-1").driver == "bert", "the nearest was taken at the last moment"
    held = desk.in_hand("anna")
    assert held is not None
    assert held.id == "b:driver-1"


def test_a_withdrawal_that_comes_first_leaves_a_tombstone(desk: Desk) -> None:
    desk.see("anna")
    assert desk.withdraw("a:driver-1").status == "withdrawn"
    refused("offer_over", lambda: desk.offer("a:driver-1"), "")
    assert desk.in_hand("anna") is None


def test_who_goes_silent_on_the_way_loses_it(desk: Desk) -> None:
    desk.see("anna")
    desk.offer("a:driver-1")
    desk.accept("a:driver-1")
    desk.now = NOW + SILENCE - timedelta(seconds=1)
    asyncio.run(desk.dispatch.look_for_silent())
    assert desk.in_hand("anna") is not None
    desk.now = NOW + SILENCE
    asyncio.run(desk.dispatch.look_for_silent())
    assert desk.in_hand("anna") is None
    assert desk.told[-1] == ("a:driver-1", "lost")


def test_only_the_right_pin_delivers(desk: Desk) -> None:
    desk.see("anna")
    desk.offer("a:driver-1")
    desk.accept("a:driver-1")
    desk.say("a:driver-1", offers.arrived)
    desk.say("a:driver-1", lambda o: offers.riding(offers.picked_up(o, NOW)))
    pin = asyncio.run(desk.dispatch.pin("a"))
    assert (len(pin), asyncio.run(desk.dispatch.pin("a"))) == (4, pin)
    wrong = f"{(int(pin) + 1) % 10_000:04}"
    refused("wrong_pin", lambda: asyncio.run(desk.dispatch.deliver("a:driver-1", wrong)), "")
    assert asyncio.run(desk.dispatch.deliver("a:driver-1", pin)).status == "delivered"
    assert desk.in_hand("anna") is None


@pytest.mark.parametrize("words", [*permutations(["accepted", "arrived", "accepted", "delivered"])])
def test_words_in_any_order_come_to_the_same(words: tuple[str, ...]) -> None:
    status = "offered"
    for word in words:
        status = phases.later(status, word)
    assert status == "delivered"


@pytest.mark.parametrize("word", ["declined", "given_back", "lost"])
def test_a_word_that_ends_an_offer_counts_over_those_before(word: str) -> None:
    assert phases.later("arrived", word) == word
    assert phases.later(word, "accepted") == word
