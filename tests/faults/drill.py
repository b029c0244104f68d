"""A drill: trips are booked while one thing after the other goes wrong; then it is checked that
every trip ended, and left what it should."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from runtime.system import System
from tests.support import reach
from tests.support.small_disk import SmallDisk
from tests.support.striker import Striker, insist, listed
from tests.support.strikes import Strike
from tests.support.world import ORCHESTRATOR, TERMINAL, World, fresh_day

_CUSTOMERS = 12
_LONGEST_PAUSE_SECONDS = 4.0
_LOOK_SECONDS = 0.25
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 240.0


@dataclass
class Report:
    """What a drill saw."""

    seed: int
    trips: int
    ends: Counter[str] = field(default_factory=Counter)
    strikes: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    resumed: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        waits = sorted(self.recoveries) or [0.0]
        return "\n".join(
            [
                f"Drill with seed {self.seed}: {self.trips} trips in {self.seconds:.0f} s",
                f"  ended       {listed(self.ends)}; resumed by hand {self.resumed}",
                f"  struck      {listed(self.strikes)}",
                f"  requests    {listed(self.hits)}",
                f"  from a strike to the next trip's end: median {waits[len(waits) // 2]:.1f} s, "
                f"longest {waits[-1]:.1f} s",
            ]
        )


@dataclass
class Drill:
    """Books ``trips`` trips on ``system`` while the strikes of a plan fall."""

    system: System
    world: World
    disk: SmallDisk | None
    seed: int
    trips: int
    _ended_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.report = Report(self.seed, self.trips)
        self.striker = Striker(self.system, self.world.proxies, self.disk, self.seed)
        self.report.strikes, self.report.hits = self.striker.strikes, self.striker.hits
        # A few days only, so that trips fight for the same seats and rooms.
        self.days = [fresh_day() for _ in range(3)]
        self.bodies = {
            self.world.trip_id(f"drill{self.seed}"): self._body(n) for n in range(self.trips)
        }
        self.world.trips += self.bodies

    def run(self, strikes: list[Strike]) -> Report:
        """Run the drill and return its report; the checks are the caller's."""
        began = time.monotonic()
        with ThreadPoolExecutor(_CUSTOMERS + 1) as pool:
            striking = pool.submit(self.striker.run, strikes)
            ends = list(pool.map(self._customer, self.bodies))
            striking.result()
        self.report.ends.update(ends)
        self.report.recoveries = [
            min(at for at in self._ended_at if at > struck) - struck
            for struck in self.striker.struck_at
            if struck < max(self._ended_at)
        ]
        self.report.seconds = time.monotonic() - began
        return self.report

    def _body(self, n: int) -> dict[str, Any]:
        draw = random.Random(f"{self.seed} {n}")
        changes: dict[str, Any] = {}
        if draw.random() < 0.1:
            changes["paymentMethod"] = "pm_card_chargeDeclined"
        elif draw.random() < 0.08:
            changes["flight"] = {"to": "SIN", "passengers": 9}
        return self.world.request(draw.choice(self.days), **changes)

    def _customer(self, trip_id: str) -> str:
        """Book until it is accepted, perhaps change one's mind, and wait for the end."""
        draw = random.Random(f"{self.seed} {trip_id} customer")
        cancels = draw.random() < 0.12
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, ORCHESTRATOR, timeout=15) as client:
            insist(lambda: self._book(client, trip_id))
            if cancels:
                time.sleep(draw.uniform(0, 1.5))
                insist(lambda: client.post(f"/trips/{trip_id}/cancel"))
            return self._see_to_its_end(client, trip_id, draw)

    def _book(self, client: httpx.Client, trip_id: str) -> httpx.Response:
        headers = {"Prefer": "respond-async"}
        return client.put(f"/trips/{trip_id}", json=self.bodies[trip_id], headers=headers)

    def _see_to_its_end(self, client: httpx.Client, trip_id: str, draw: random.Random) -> str:
        """Do what a trip waits for: approve it or not, mend what blocks it; until it has ended."""
        approves = draw.random() < 0.5
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            trip = insist(lambda: client.get(f"/trips/{trip_id}")).json()
            if trip["status"] in TERMINAL:
                self._ended_at.append(time.monotonic())
                return str(trip["status"])
            assert time.monotonic() < deadline, f"{trip_id} did not end: {trip}"
            time.sleep(_LOOK_SECONDS)
            if trip.get("step") == "approval":
                decision = {"approved": approves, "by": "drill"}
                insist(partial(client.post, f"/trips/{trip_id}/approval", json=decision))
            elif trip["status"] == "needs_attention":
                self.report.resumed += 1
                insist(partial(client.post, f"/trips/{trip_id}/resume"))
                time.sleep(_MENDING_SECONDS)
