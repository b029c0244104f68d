"""A drill: customers order while one thing after the other goes wrong."""

import random
from typing import Any

from systems.delivery.tests import crowd
from systems.delivery.tests.town import ORCHESTRATOR, TERMINAL, Town
from tests.support import drill


class Drill(drill.Drill[Town]):
    """Places orders while the strikes of a plan fall."""

    app_id, plural, terminal = ORCHESTRATOR, "deliveries", TERMINAL
    customers, cancel_within, look_seconds = 24, 12.0, 0.5

    def new_id(self, name: str) -> str:
        return self.desk.order_id(name)

    def body(self, case_id: str, draw: random.Random) -> dict[str, Any]:
        self.desk.orders.append(case_id)
        return crowd.body(draw)
