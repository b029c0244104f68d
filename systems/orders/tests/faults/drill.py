"""A drill: orders are placed while one thing after the other goes wrong."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from runtime.system import System
from systems.orders.tests.shop import ORCHESTRATOR, TERMINAL, Shop, lines
from tests.support import reach
from tests.support.striker import Striker, insist
from tests.support.strikes import Strike

_CUSTOMERS = 12
_LONGEST_PAUSE_SECONDS = 4.0
_LOOK_SECONDS = 0.25
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 240.0


@dataclass
class Drill:
    """Places ``count`` orders while the strikes of a plan fall; ``ends`` are how they ended."""

    system: System
    shop: Shop
    seed: int
    count: int
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    def __post_init__(self) -> None:
        self.striker = Striker(self.system, self.shop.proxies, None, self.seed)
        self.orders = [self.shop.order_id(f"drill{self.seed}") for _ in range(self.count)]

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every order has ended."""
        with ThreadPoolExecutor(_CUSTOMERS + 1) as pool:
            striking = pool.submit(self.striker.run, strikes)
            self.ends.update(pool.map(self._customer, self.orders))
            striking.result()

    def _customer(self, order_id: str) -> str:
        """Place an order until it is accepted, perhaps cancel it, and see it to its end."""
        draw = random.Random(f"{self.seed} {order_id.rpartition('-')[2]}")
        body, cancels = self._body(order_id, draw), draw.random() < 0.15
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, ORCHESTRATOR, timeout=15) as client:
            headers = {"Prefer": "respond-async"}
            path = f"/orders/{order_id}"
            insist(lambda: client.put(path, json=body, headers=headers))
            if cancels:
                time.sleep(draw.uniform(0, 3))
                insist(lambda: client.post(f"{path}/cancel"))
            return self._see_to_its_end(client, path, draw)

    def _body(self, order_id: str, draw: random.Random) -> dict[str, Any]:
        wanted = draw.choice(
            [None, None, lines(kettle=1), lines(bowl=2), lines(bowl=3, kettle=1), lines(tin=1)]
        )
        declined = {"paymentMethod": "pm_card_chargeDeclined"} if draw.random() < 0.07 else {}
        self.shop.orders.append(order_id)
        return self.shop.request(order_id, wanted, **declined)

    def _see_to_its_end(self, client: httpx.Client, path: str, draw: random.Random) -> str:
        """Decide where that is waited for, mend what blocks; until it has ended."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            order = insist(lambda: client.get(path)).json()
            if order["status"] in TERMINAL:
                return str(order["status"])
            assert time.monotonic() < deadline, f"{path} did not end: {order}"
            time.sleep(_LOOK_SECONDS)
            if order.get("step") == "shortage":
                choice = {"choice": draw.choice(["ship", "cancel"])}
                insist(partial(client.post, f"{path}/signals/shortage", json=choice))
            elif order["status"] == "needs_attention":
                self.resumed += 1
                insist(partial(client.post, f"{path}/resume"))
                time.sleep(_MENDING_SECONDS)
