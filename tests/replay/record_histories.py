"""Records the histories that `test_replay` replays, of the version that trips are started with.

Run it when a version is new: ``python -m pytest tests/replay/record_histories.py``. What a version
that is older ran is never recorded again.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.trip import TRIP
from runtime.system import System
from tests.integration.test_versions import THIS_RELEASE, deployed
from tests.replay.recording import HISTORIES
from tests.support.fault_proxy import about
from tests.support.waiting import until
from tests.support.world import FLIGHT, HOTEL, NOTIFICATION, PAYMENT, World

KEPT = Path(__file__).parent / "histories" / str(len(TRIP.workflows))
RECORDING = "tests.replay.recording:app"


def _booked(world: World, trip_id: str) -> None:
    world.book(trip_id, world.request())


def _offers_named(world: World, trip_id: str) -> None:
    body = world.request()
    flight, hotel = next(iter(world.seats_left(body))), next(iter(world.rooms_left(body)))
    body["flight"]["offerId"], body["hotel"]["offerId"] = flight, hotel
    world.book(trip_id, body)


def _declined(world: World, trip_id: str) -> None:
    world.book(trip_id, world.request(paymentMethod="pm_card_chargeDeclined"))


def _hold_failed_twice(world: World, trip_id: str) -> None:
    with world.proxies[HOTEL].fault("error", about(trip_id, "PUT"), times=2):
        world.book(trip_id, world.request())


def _hold_failed_for_good(world: World, trip_id: str) -> None:
    with world.proxies[FLIGHT].fault("error", about(trip_id, "PUT")):
        world.book(trip_id, world.request())


def _mail_failed_twice(world: World, trip_id: str) -> None:
    with world.proxies[NOTIFICATION].fault("error", about(trip_id), times=2):
        world.book(trip_id, world.request())


def _cancelled_at_the_charge(world: World, trip_id: str) -> None:
    with world.proxies[PAYMENT].fault("held", about(trip_id, "PUT"), times=1) as fault:
        world.book(trip_id, world.request(), Prefer="respond-async")
        fault.wait()
        world.orchestrator.post(f"/trips/{trip_id}/cancel")


def _cancelled_once_confirmed(world: World, trip_id: str) -> None:
    world.book(trip_id, world.request())
    world.orchestrator.post(f"/trips/{trip_id}/cancel")
    world.ended(trip_id, but_not="confirmed")


def _approved(world: World, trip_id: str) -> None:
    _wait_for_approval(world, trip_id)
    world.orchestrator.post(f"/trips/{trip_id}/approval", json={"approved": True, "by": "bob"})


def _approved_by_nobody(world: World, trip_id: str) -> None:
    _wait_for_approval(world, trip_id)


def _refund_resumed(world: World, trip_id: str) -> None:
    with (
        world.proxies[PAYMENT].fault("down", about(trip_id, "POST", "/refund")),
        world.proxies[FLIGHT].fault("error", about(trip_id, "POST", "/confirm")),
    ):
        world.book(trip_id, world.request(), Prefer="respond-async")
        until(
            lambda: world.trip(trip_id)["status"],
            lambda status: status == "needs_attention",
            "the trip to need attention",
        )
    world.orchestrator.post(f"/trips/{trip_id}/resume")


def _wait_for_approval(world: World, trip_id: str) -> None:
    dear = world.request(flight={"to": "SIN", "passengers": 9})
    world.book(trip_id, dear, Prefer="respond-async")
    until(lambda: world.trip(trip_id).get("step"), lambda step: step == "approval", "approval")


SCENARIOS: list[Callable[[World, str], None]] = [
    _booked,
    _offers_named,
    _declined,
    _hold_failed_twice,
    _hold_failed_for_good,
    _mail_failed_twice,
    _cancelled_at_the_charge,
    _cancelled_once_confirmed,
    _approved,
    _approved_by_nobody,
    _refund_resumed,
]


@pytest.fixture(scope="module")
def recorded(system: System) -> Iterator[Path]:
    """Run the recording release, and say where it writes."""
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    with deployed(system, THIS_RELEASE, RECORDING):
        yield system.home / HISTORIES


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.__name__.strip("_"))
def test_a_history_is_recorded(
    world: World, recorded: Path, scenario: Callable[[World, str], None]
) -> None:
    name = scenario.__name__.strip("_")
    trip_id = world.trip_id(name)
    scenario(world, trip_id)
    world.ended(trip_id, but_not="running")
    world.works_again()
    histories = list(recorded.glob(f"{trip_id}*.jsonl"))
    assert histories
    for history in histories:
        shutil.copy(history, KEPT / history.name.replace(trip_id, name))
