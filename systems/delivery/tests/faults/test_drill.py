"""Whatever dies, freezes or gets lost, every order is at the door or leaves nothing.

``make soak SYSTEM=delivery SEED=1 TRIPS=200`` runs the same for minutes: so many orders, a driver
for every four of them, and the plan of a seed is always the same.
"""

import os

from runtime.system import System
from systems.delivery.tests import crowd
from systems.delivery.tests.faults.drill import Drill
from systems.delivery.tests.town import ORCHESTRATOR, SERVICES, Town
from tests.support.striker import listed
from tests.support.strikes import Targets, plan
from tests.support.variant import PROFILE, REPLICAS

SEED = int(os.environ.get("SEED", "7"))
ORDERS = int(os.environ.get("TRIPS", "20"))
ORDERS_PER_DRIVER = 4
ORDERS_PER_STRIKE = 8


def test_every_order_is_at_the_door_or_leaves_nothing(town: Town, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={ORDERS} REPLICAS={REPLICAS}")
    targets = Targets(SERVICES, ORCHESTRATOR, lockable=SERVICES if PROFILE != "postgres" else ())
    drill = Drill(system, town, SEED, ORDERS)
    with crowd.living(system, SEED, max(6, ORDERS // ORDERS_PER_DRIVER)):
        drill.run(plan(SEED, max(3, ORDERS // ORDERS_PER_STRIKE), targets))
    print(f"  ended       {listed(drill.ends)}; resumed by hand {drill.resumed}")
    print(f"  struck      {listed(drill.striker.strikes)}")
    print(f"  requests    {listed(drill.striker.hits)}")
    assert drill.ends.total() == ORDERS
    assert crowd.check(town, drill.orders) == drill.ends
    for order_id in drill.orders:
        trail = town.audit(order_id)
        begun = [each["step"] for each in trail if each["event"] == "step_started"]
        over = ("step_done", "step_refused", "step_failed")
        assert sorted(begun) == sorted(e["step"] for e in trail if e["event"] in over), order_id


def test_many_orders_few_drivers_and_nothing_goes_wrong_but_people(
    town: Town, system: System
) -> None:
    """200 orders and 50 drivers with ``TRIPS=200``; fewer of both otherwise."""
    drill = Drill(system, town, SEED + 1, ORDERS)
    with crowd.living(system, SEED, max(6, ORDERS // ORDERS_PER_DRIVER)):
        drill.run([])
    print(f"\n  ended       {listed(drill.ends)}; resumed by hand {drill.resumed}")
    assert drill.resumed == 0
    assert crowd.check(town, drill.orders) == drill.ends
    assert drill.ends["delivered"] > ORDERS // 2
    assert drill.ends["failed"] == 0
