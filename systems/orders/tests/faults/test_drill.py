"""Whatever dies, freezes or gets lost, every order is whole or leaves nothing.

``make soak SYSTEM=orders SEED=1 TRIPS=200`` runs the same for minutes: so many orders, and the plan
of a seed is always the same.
"""

import os

from runtime.system import System
from systems.orders.tests.faults.drill import Drill
from systems.orders.tests.shop import BOWL, ORCHESTRATOR, SERVICES, Shop
from tests.support.striker import listed
from tests.support.strikes import Targets, plan
from tests.support.variant import PROFILE, REPLICAS

SEED = int(os.environ.get("SEED", "7"))
ORDERS = int(os.environ.get("TRIPS", "30"))
ORDERS_PER_STRIKE = 8


def test_every_order_is_whole_or_leaves_nothing(shop: Shop, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={ORDERS} REPLICAS={REPLICAS}")
    shop.have(BOWL, berlin=3, chicago=3, osaka=3 + ORDERS // 8)
    on_files = PROFILE != "postgres"
    targets = Targets(SERVICES, ORCHESTRATOR, lockable=SERVICES if on_files else ())
    drill = Drill(system, shop, SEED, ORDERS)
    drill.run(plan(SEED, max(4, ORDERS // ORDERS_PER_STRIKE), targets))
    print(f"  ended       {listed(drill.ends)}; resumed by hand {drill.resumed}")
    print(f"  struck      {listed(drill.striker.strikes)}")
    print(f"  requests    {listed(drill.striker.hits)}")
    assert drill.ends.total() == ORDERS
    for order_id in drill.orders:
        begun = [e["step"] for e in shop.audit(order_id) if e["event"] == "step_started"]
        ended = [
            e["step"]
            for e in shop.audit(order_id)
            if e["event"] in ("step_done", "step_refused", "step_failed")
        ]
        assert sorted(begun) == sorted(ended), order_id
