"""A drill: customers order while one thing after the other goes wrong."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import httpx

from runtime.system import System
from systems.delivery.tests import crowd
from systems.delivery.tests.town import ORCHESTRATOR, TERMINAL, Town
from tests.support import reach
from tests.support.striker import Striker, insist
from tests.support.strikes import Strike

_CUSTOMERS = 24
_LONGEST_PAUSE_SECONDS = 4.0
_LOOK_SECONDS = 0.5
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 300.0


@dataclass
class Drill:
    """Places ``count`` orders while the strikes of a plan fall; ``ends`` are how they ended."""

    system: System
    town: Town
    seed: int
    count: int
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    def __post_init__(self) -> None:
        self.striker = Striker(self.system, self.town.proxies, None, self.seed)
        self.orders = [self.town.order_id(f"drill{self.seed}") for _ in range(self.count)]

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every order has ended."""
        with ThreadPoolExecutor(_CUSTOMERS + 1) as pool:
            striking = pool.submit(self.striker.run, strikes)
            self.ends.update(pool.map(self._customer, self.orders))
            striking.result()

    def _customer(self, order_id: str) -> str:
        """Order until that is accepted, perhaps cancel it, and see it to its end."""
        draw = random.Random(f"{self.seed} {self.orders.index(order_id)}")
        wanted, cancels = crowd.body(draw), draw.random() < 0.15
        self.town.orders.append(order_id)
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, ORCHESTRATOR, 15) as client:
            headers = {"Prefer": "respond-async"}
            path = f"/deliveries/{order_id}"
            insist(lambda: client.put(path, json=wanted, headers=headers))
            if cancels:
                time.sleep(draw.uniform(0, 12))
                insist(lambda: client.post(f"{path}/cancel"))
            return self._see_to_its_end(client, path)

    def _see_to_its_end(self, client: httpx.Client, path: str) -> str:
        """Mend what blocks, until it has ended."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            order = insist(lambda: client.get(path)).json()
            if order["status"] in TERMINAL:
                return str(order["status"])
            assert time.monotonic() < deadline, f"{path} did not end: {order}"
            time.sleep(_LOOK_SECONDS)
            if order["status"] == "needs_attention":
                self.resumed += 1
                insist(partial(client.post, f"{path}/resume"))
                time.sleep(_MENDING_SECONDS)
