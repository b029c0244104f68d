"""What is told of a delivery on its way, and how it is drawn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sagas import Progress
from sagas.core.progress import Halt, Wait
from systems.delivery import phases
from systems.delivery.driver.models import OfferState, TrackState
from systems.delivery.geography import Place
from systems.delivery.restaurant.models import Spot
from systems.delivery.terms import DeliveryTerms
from systems.delivery.track import HEIGHT, WIDTH, Tracking, differs, drawing, tracking

NOW = datetime(2024, 12, 1, tzinfo=UTC)
COUNTER = {"latitude": 52.5, "longitude": 13.4}
DOOR = Place(latitude=52.509, longitude=13.4)  # a kilometre north: 260 s
QUOTE = {"pickup": COUNTER, "prepSeconds": 480, "rideSeconds": 260, "etaSeconds": 740}


def wait(signal: str, word: Any, attempt: str, ago: int = 0) -> Wait:
    since = NOW - timedelta(seconds=ago)
    return Wait(
        signal=signal, attempt=attempt, since=since, until=NOW, word=word, over=word is not None
    )


ANSWER = wait("answer", {"status": "accepted"}, "ticket")
FOOD = wait("food", {"status": "ready"}, "ticket")
COOKING = wait("food", None, "ticket", ago=100)
LATE = wait("food", None, "ticket", ago=481)


@pytest.mark.parametrize(
    ("progress", "phase"),
    [
        (Progress(), "placed"),
        (Progress(results={"ticket": {}}), "sent"),
        (Progress(results={"ticket": {}}, waits=[ANSWER]), "cooking"),
        (Progress(waits=[ANSWER, COOKING]), "cooking"),
        (Progress(waits=[ANSWER, FOOD]), "ready"),
        (Progress(waits=[ANSWER, FOOD], irrevocable=True), "on_the_way"),
        (Progress(status="delivered", irrevocable=True), "delivered"),
        (Progress(status="rejected"), "called_off"),
        (Progress(halt=Halt(step="x", reason="x", detail="x")), "called_off"),
    ],
)
def test_the_phase_is_what_is_on_record(progress: Progress, phase: str) -> None:
    assert phases.phase(progress) == phase


def test_who_is_at_work_is_the_one_asked_last_and_what_they_said_last() -> None:
    assert phases.at_work(Progress()) is None
    lost = [wait("driver", {"status": "lost"}, "driver-1")]
    results = {"driver-2": {"driver": "anna"}}
    waits = [*lost, wait("driver", None, "driver-2")]
    assert phases.at_work(Progress(waits=waits, results=results)) == ("driver-2", "anna", "offered")
    for said in ("accepted", "arrived"):
        waits.append(wait("driver", {"status": said}, "driver-2"))
        found = phases.at_work(Progress(waits=waits, results=results))
        assert found == ("driver-2", "anna", said)
    taken = {"driver-2": {"driver": "anna", "status": "riding"}}
    gone = phases.at_work(Progress(waits=waits, results=taken, irrevocable=True))
    assert gone == ("driver-2", "anna", "riding")


def test_who_said_nothing_until_time_was_over_is_lost_unless_the_food_is_on_its_way() -> None:
    silent = wait("driver", None, "driver-1").model_copy(update={"over": True})
    assert phases.at_work(Progress(waits=[silent])) == ("driver-1", "", "lost")
    arrived = wait("driver", {"status": "arrived"}, "driver-1")
    results = {"driver-1": {"driver": "anna"}}
    for irrevocable, status in ((False, "lost"), (True, "arrived")):
        kept = Progress(waits=[arrived, silent], results=results, irrevocable=irrevocable)
        assert phases.at_work(kept) == ("driver-1", "anna", status)


@pytest.mark.parametrize(
    ("kept", "word", "status"),
    [
        ("picked_up", "arrived", "picked_up"),
        ("riding", "delivered", "delivered"),
        ("accepted", "arrived", "arrived"),
    ],
)
def test_what_was_answered_counts_unless_the_driver_said_more_since(
    kept: str, word: str, status: str
) -> None:
    waits = [wait("driver", {"status": word}, "driver-1")]
    results = {"driver-1": {"driver": "anna", "status": kept}}
    assert phases.at_work(Progress(waits=waits, results=results)) == ("driver-1", "anna", status)


@pytest.mark.parametrize(
    ("progress", "driver", "seconds"),
    [
        (Progress(), None, None),
        (Progress(results={"quote": QUOTE}), None, 480 + 260),
        (Progress(results={"quote": QUOTE}, waits=[ANSWER, COOKING]), None, 380 + 260),
        (Progress(results={"quote": QUOTE}, waits=[ANSWER]), None, 480 + 260),
        (Progress(results={"quote": QUOTE}, waits=[ANSWER, LATE]), COUNTER, 260),
        (Progress(results={"quote": QUOTE}, waits=[ANSWER, FOOD]), None, 300 + 260),
        (Progress(results={"quote": QUOTE}, waits=[ANSWER, FOOD]), COUNTER, 260),
        (Progress(results={"quote": QUOTE}, irrevocable=True), None, 261),
        (Progress(results={"quote": QUOTE}, irrevocable=True), DOOR.model_dump(), 0),
        (Progress(results={"quote": QUOTE}, status="cancelled"), None, None),
        (Progress(results={"quote": QUOTE}, status="delivered", irrevocable=True), None, 0),
    ],
)
def test_when_it_is_there(progress: Progress, driver: Any, seconds: int | None) -> None:
    place = Place.model_validate(driver) if driver else None
    assert phases.eta_seconds(progress, DOOR, place, NOW, 1) == seconds


def test_a_kitchen_cooks_as_fast_as_time_runs() -> None:
    began = wait("food", None, "ticket", ago=10)
    cooking = Progress(results={"quote": QUOTE}, waits=[ANSWER, began])
    assert phases.eta_seconds(cooking, DOOR, None, NOW, 10) == 480 - 100 + 260


def told(progress: Progress, trail: list[Spot] | None = None) -> Tracking:
    spot = Spot(latitude=52.505, longitude=13.41)
    offer = OfferState(id="d1:driver-1", status="accepted")
    seen = TrackState(offer=offer, place=spot, seen_at=NOW, trail=trail or [spot])
    return tracking("d1", progress, DOOR, seen, DeliveryTerms(speed=10), NOW)


def test_time_that_runs_faster_is_told_as_it_is_for_us() -> None:
    on_its_way = told(Progress(results={"quote": QUOTE}, irrevocable=True))
    assert on_its_way.eta is not None
    assert 5 < (on_its_way.eta - NOW).total_seconds() < 30


def test_what_did_not_change_is_not_told_again() -> None:
    first = told(Progress(results={"quote": QUOTE}))
    assert first.eta is not None
    soon = first.model_copy(update={"eta": first.eta + timedelta(seconds=1)})
    late = first.model_copy(update={"eta": first.eta + timedelta(seconds=2)})
    moved = first.model_copy(update={"place": first.door})
    assert [differs(each, first) for each in (first, soon, late, moved)] == [0, 0, 1, 1]
    assert differs(first, None)
    assert differs(first.model_copy(update={"eta": None}), first)


def test_all_of_the_track_is_on_the_drawing_north_above_and_metres_alike() -> None:
    trail = [Spot(latitude=52.5 + n / 1000, longitude=13.4 + n / 500) for n in range(9)]
    drawn = drawing(told(Progress(results={"quote": QUOTE}), trail))
    points = [tuple(map(float, each.split(","))) for each in drawn.trail.split()]
    assert len(points) == 9
    for x, y in [*points, drawn.door, drawn.restaurant or (0, 0), drawn.driver or (0, 0)]:
        assert 0 < x < WIDTH
        assert 0 < y < HEIGHT
    assert drawn.restaurant is not None
    assert drawn.door.y < drawn.restaurant.y
    assert drawn.door.x == drawn.restaurant.x


def test_one_spot_alone_is_in_the_middle() -> None:
    alone = tracking("d1", Progress(), DOOR, None, DeliveryTerms(), NOW)
    drawn = drawing(alone)
    assert (drawn.door, drawn.trail) == ((WIDTH / 2, HEIGHT / 2), "")
    assert drawn.restaurant is None
