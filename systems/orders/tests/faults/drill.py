"""A drill: orders are placed while one thing after the other goes wrong."""

import random
from collections.abc import Mapping
from typing import Any

from systems.orders.tests.shop import ORCHESTRATOR, TERMINAL, Shop, lines
from tests.support import drill


class Drill(drill.Drill[Shop]):
    """Places orders while the strikes of a plan fall."""

    app_id, plural, terminal = ORCHESTRATOR, "orders", TERMINAL

    def new_id(self, name: str) -> str:
        return self.desk.order_id(name)

    def body(self, case_id: str, draw: random.Random) -> dict[str, Any]:
        wanted = draw.choice(
            [None, None, lines(kettle=1), lines(bowl=2), lines(bowl=3, kettle=1), lines(tin=1)]
        )
        declined = {"paymentMethod": "pm_card_chargeDeclined"} if draw.random() < 0.07 else {}
        self.desk.orders.append(case_id)
        return self.desk.request(case_id, wanted, **declined)

    def word(self, case: Mapping[str, Any], draw: random.Random) -> tuple[str, object] | None:
        if case.get("step") != "shortage":
            return None
        return "shortage", {"choice": draw.choice(["ship", "cancel"])}
