"""Whatever dies, freezes or gets lost, every order is at the door or leaves nothing.

``make soak SYSTEM=delivery SEED=1 TRIPS=200`` runs the same for minutes: so many orders, a driver
for every four of them, and the plan of a seed is always the same.
"""

import os

from runtime.system import System
from systems.delivery.tests import crowd
from systems.delivery.tests.faults.drill import Drill
from systems.delivery.tests.town import ORCHESTRATOR, SERVICES, Town
from tests.support.drill import check_steps, targets
from tests.support.strikes import plan
from tests.support.variant import REPLICAS

SEED = int(os.environ.get("SEED", "7"))
ORDERS = int(os.environ.get("TRIPS", "20"))
ORDERS_PER_DRIVER = 4
ORDERS_PER_STRIKE = 8


def test_every_order_is_at_the_door_or_leaves_nothing(town: Town, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={ORDERS} REPLICAS={REPLICAS}")
    drill = Drill(system, town, SEED, ORDERS)
    with crowd.living(system, SEED, max(6, ORDERS // ORDERS_PER_DRIVER)):
        drill.run(plan(SEED, max(3, ORDERS // ORDERS_PER_STRIKE), targets(SERVICES, ORCHESTRATOR)))
    print(drill)
    assert drill.ends.total() == ORDERS
    assert crowd.check(town, drill.cases) == drill.ends
    for order_id in drill.cases:
        check_steps(order_id, town.audit(order_id))


def test_many_orders_few_drivers_and_nothing_goes_wrong_but_people(
    town: Town, system: System
) -> None:
    """200 orders and 50 drivers with ``TRIPS=200``; fewer of both otherwise."""
    drill = Drill(system, town, SEED + 1, ORDERS)
    with crowd.living(system, SEED, max(6, ORDERS // ORDERS_PER_DRIVER)):
        drill.run([])
    print(f"\n{drill}")
    assert drill.resumed == 0
    assert crowd.check(town, drill.cases) == drill.ends
    assert drill.ends["delivered"] > ORDERS // 2
    assert drill.ends["failed"] == 0
