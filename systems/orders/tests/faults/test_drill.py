"""Whatever dies, freezes or gets lost, every order is whole or leaves nothing.

``make soak SYSTEM=orders SEED=1 TRIPS=200`` runs the same for minutes: so many orders, and the plan
of a seed is always the same.
"""

import os

from runtime.system import System
from systems.orders.tests.faults.drill import Drill
from systems.orders.tests.shop import BOWL, ORCHESTRATOR, SERVICES, Shop
from tests.support.drill import check_steps, targets
from tests.support.strikes import plan
from tests.support.variant import REPLICAS

SEED = int(os.environ.get("SEED", "7"))
ORDERS = int(os.environ.get("TRIPS", "30"))
ORDERS_PER_STRIKE = 8


def test_every_order_is_whole_or_leaves_nothing(shop: Shop, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={ORDERS} REPLICAS={REPLICAS}")
    shop.have(BOWL, berlin=3, chicago=3, osaka=3 + ORDERS // 8)
    drill = Drill(system, shop, SEED, ORDERS)
    drill.run(plan(SEED, max(4, ORDERS // ORDERS_PER_STRIKE), targets(SERVICES, ORCHESTRATOR)))
    print(drill)
    assert drill.ends.total() == ORDERS
    for order_id in drill.cases:
        check_steps(order_id, shop.audit(order_id))
