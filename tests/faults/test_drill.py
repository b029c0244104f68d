"""Whatever dies, freezes, fills up or gets lost, every trip ends whole or leaves nothing.

``make soak SEED=1 TRIPS=300`` runs the same for minutes; SEED and TRIPS are read from the
environment, and the plan of a seed is always the same. With ``REPLICAS=2 AHEAD=3`` the clocks of
the second replica of every app are three seconds ahead.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from runtime.system import System
from tests.conftest import SERVICES
from tests.faults.audits import check_audit
from tests.faults.drill import Drill
from tests.support.small_disk import SmallDisk
from tests.support.strikes import Targets, plan
from tests.support.variant import AHEAD, PROFILE, REPLICAS
from tests.support.world import HOTEL, ORCHESTRATOR, World

SEED = int(os.environ.get("SEED", "7"))
TRIPS = int(os.environ.get("TRIPS", "60"))
TRIPS_PER_STRIKE = 8


def test_every_trip_ends_whole_or_leaves_nothing(
    world: World, system: System, small_disk: SmallDisk | None
) -> None:
    on_files = PROFILE != "postgres"
    count = max(4, TRIPS // TRIPS_PER_STRIKE)
    targets = Targets(
        SERVICES,
        ORCHESTRATOR,
        on_small_disk=HOTEL if small_disk else "",
        lockable=SERVICES if on_files else (),
    )
    strikes = plan(SEED, count, targets)
    print(f"\nSEED={SEED} TRIPS={TRIPS} REPLICAS={REPLICAS} AHEAD={AHEAD:g}")
    if not on_files:
        print("No disk is filled and no store locked: the stores are no files.")
    elif small_disk is None:
        print("No disk is filled: mounting a tmpfs is not allowed here.")
    drill = Drill(system, world, small_disk, SEED, TRIPS)
    seats, rooms = _left(world.seats_left, drill), _left(world.rooms_left, drill)
    report = drill.run(strikes)
    print(report)
    assert report.ends.total() == TRIPS
    trips = [world.trip(trip_id) for trip_id in drill.bodies]
    world.check_invariants()
    _check_stock(trips, "flight", seats, _left(world.seats_left, drill))
    _check_stock(trips, "hotel", rooms, _left(world.rooms_left, drill))
    for trip in trips:
        check_audit(trip, world.audit(trip["tripId"]))
    open_trips = [
        trip["tripId"]
        for status in ("running", "needs_attention")
        for trip in world.orchestrator.get("/trips", params={"status": status}).json()["trips"]
    ]
    assert not set(open_trips) & set(drill.bodies)


def _left(look: Callable[[dict[str, Any]], dict[str, int]], drill: Drill) -> dict[str, int]:
    """Return what is left of everything that the trips of the drill can have taken, by day."""
    asked = {(b["flight"]["to"], b["flight"]["date"]): b for b in drill.bodies.values()}
    return {
        f"{offer} {day}": left for (_, day), b in asked.items() for offer, left in look(b).items()
    }


def _check_stock(
    trips: list[dict[str, Any]], kind: str, before: dict[str, int], after: dict[str, int]
) -> None:
    """What is gone is what confirmed trips have, and never more than there was."""
    taken = Counter[str]()
    for trip in trips:
        if trip["status"] == "confirmed":
            thing = trip["flight"]["flight"] if kind == "flight" else trip["hotel"]["stay"]
            quantity = trip["flight"]["passengers"] if kind == "flight" else thing["rooms"]
            taken[f"{thing['offerId']} {trip['request']['flight']['date']}"] += quantity
    assert {offer: before[offer] - taken[offer] for offer in before} == {
        offer: after.get(offer, 0) for offer in before
    }
