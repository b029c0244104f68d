"""Beyond one machine's worth: other stores, and several replicas of which one dies for good.

The whole suite runs on a profile with ``make test PROFILE=postgres REPLICAS=3``; this is a look.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import pytest

from runtime.blocks import on_free_ports
from runtime.errors import SetupError
from runtime.system import System
from runtime.template import Changes
from tests.conftest import HISTORY_KEPT, PROJECT, SERVICES
from tests.faults.audits import check_in_flight
from tests.support import reach
from tests.support.variant import PROFILE, REPLICAS, SECURE
from tests.support.world import ORCHESTRATOR, World

HOME = PROJECT / ".profile-system"
TRIPS = 30
CASES = [("postgres", 3), ("redis", 1), ("", 3)]
MAY_STOP = {"unavailable", "circuit_open"}


@pytest.fixture(scope="module", params=CASES, ids=["postgres x3", "redis", "sqlite x3"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[System]:
    """A system on other stores, or with several replicas."""
    if PROFILE or REPLICAS > 1:
        pytest.skip("the whole suite runs on a profile or with replicas")
    profile, replicas = request.param
    System(PROJECT, HOME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    many = {ORCHESTRATOR: {"OPEN_CASES_PER_OWNER": "0"}}
    wished = Changes(
        profile=profile, replicas=replicas, history_kept=HISTORY_KEPT, env=many, secure=SECURE
    )
    with on_free_ports(PROJECT, wished) as changes:
        system = System(PROJECT, HOME, changes, say=print)
        try:
            system.start()
        except SetupError as why:
            if "not installed" not in str(why):
                raise
            pytest.skip(str(why))
        yield system
        system.stop()


@pytest.fixture
def there(elsewhere: System) -> Iterator[World]:
    """That system as a test meets it; after the test, the invariants hold."""
    with ExitStack() as stack:
        clients = {
            app: stack.enter_context(reach.app(elsewhere, app)) for app in (*SERVICES, ORCHESTRATOR)
        }
        orchestrator = clients.pop(ORCHESTRATOR)
        world = World(orchestrator, clients, {}, elsewhere.home / "data" / "mails")
        yield world
        world.check_invariants()


def test_trips_are_booked_refused_and_cancelled_there(there: World) -> None:
    booked, declined = there.trip_id("booked"), there.trip_id("declined")
    assert there.book(booked, there.request()).status_code == 200
    card = there.request(paymentMethod="pm_card_chargeDeclined")
    assert there.book(declined, card).json()["reason"] == "card_declined"
    there.orchestrator.post(f"/trips/{booked}/cancel")
    there.ended(booked, but_not="confirmed")
    assert [trip["tripId"] for trip in there.orchestrator.get("/trips").json()["trips"]] == [
        declined,
        booked,
    ]


def test_what_dies_with_trips_in_flight_loses_none(there: World, elsewhere: System) -> None:
    """One replica of every app for good; of a single one, its database, which comes back."""
    trip_ids = [there.trip_id("flight") for _ in range(TRIPS)]
    with ThreadPoolExecutor(TRIPS) as pool:
        book = partial(there.book, Prefer="respond-async")
        list(pool.map(book, trip_ids, [there.request() for _ in trip_ids]))
    struck = datetime.now(UTC)
    if elsewhere.changes.replicas > 1:
        for app_id in (ORCHESTRATOR, *SERVICES):
            elsewhere.kill("app", app_id, replica=2)
            elsewhere.kill("sidecar", app_id, replica=2)
    else:
        elsewhere.kill("redis-server")
        elsewhere.restart()
    trips = [there.ended(trip_id, within=120) for trip_id in trip_ids]
    check_in_flight([there.audit(trip_id) for trip_id in trip_ids], struck)
    reasons = {trip["halt"]["reason"] for trip in trips if trip["status"] != "confirmed"}
    assert reasons <= MAY_STOP
    there.works_again()
