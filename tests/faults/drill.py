"""A drill: trips are booked while one thing after the other goes wrong; then it is checked that
every trip ended, and left what it should."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from runtime.system import System
from tests.faults.plan import Strike
from tests.support.fault_proxy import Kind
from tests.support.small_disk import SmallDisk
from tests.support.world import ORCHESTRATOR, TERMINAL, World, fresh_day

_CUSTOMERS = 12
_LONGEST_PAUSE_SECONDS = 4.0
_LOOK_SECONDS = 0.25
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 240.0
_HIT_ONE_IN = 2


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
                f"  ended       {_listed(self.ends)}; resumed by hand {self.resumed}",
                f"  struck      {_listed(self.strikes)}",
                f"  requests    {_listed(self.hits)}",
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
    say: Callable[[str], None] = print
    _ended_at: list[float] = field(default_factory=list)
    _struck_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.report = Report(self.seed, self.trips)
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
            striking = pool.submit(self._strike_all, strikes)
            ends = list(pool.map(self._customer, self.bodies))
            striking.result()
        self.report.ends.update(ends)
        self.report.recoveries = [
            min(at for at in self._ended_at if at > struck) - struck
            for struck in self._struck_at
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
        with httpx.Client(base_url=self.system.app_url(ORCHESTRATOR), timeout=15) as client:
            self._insist(lambda: self._book(client, trip_id))
            if cancels:
                time.sleep(draw.uniform(0, 1.5))
                self._insist(lambda: client.post(f"/trips/{trip_id}/cancel"))
            return self._see_to_its_end(client, trip_id, draw)

    def _book(self, client: httpx.Client, trip_id: str) -> httpx.Response:
        headers = {"Prefer": "respond-async"}
        return client.put(f"/trips/{trip_id}", json=self.bodies[trip_id], headers=headers)

    def _see_to_its_end(self, client: httpx.Client, trip_id: str, draw: random.Random) -> str:
        """Do what a trip waits for: approve it or not, mend what blocks it; until it has ended."""
        approves = draw.random() < 0.5
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            trip = self._insist(lambda: client.get(f"/trips/{trip_id}")).json()
            if trip["status"] in TERMINAL:
                self._ended_at.append(time.monotonic())
                return str(trip["status"])
            assert time.monotonic() < deadline, f"{trip_id} did not end: {trip}"
            time.sleep(_LOOK_SECONDS)
            if trip.get("step") == "approval":
                decision = {"approved": approves, "by": "drill"}
                self._insist(partial(client.post, f"/trips/{trip_id}/approval", json=decision))
            elif trip["status"] == "needs_attention":
                self.report.resumed += 1
                self._insist(partial(client.post, f"/trips/{trip_id}/resume"))
                time.sleep(_MENDING_SECONDS)

    def _insist(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask again, as any client would, as long as nobody answers or it is a 5xx."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            try:
                answer = call()
                if answer.status_code < 500:
                    assert answer.status_code != 404, answer.text
                    return answer
                last = f"{answer.status_code} {answer.text[:200]}"
            except httpx.HTTPError as fault:
                last = repr(fault)
            assert time.monotonic() < deadline, f"no answer from the orchestrator: {last}"
            time.sleep(_LOOK_SECONDS)

    def _strike_all(self, strikes: list[Strike]) -> None:
        for strike in strikes:
            time.sleep(strike.after)
            self._strike(strike)

    def _strike(self, strike: Strike) -> None:
        self.say(f"  {strike}, {strike.lasts:.1f} s")
        self.report.strikes[strike.what] += 1
        self._struck_at.append(time.monotonic())
        with self._trouble(strike):
            time.sleep(strike.lasts)

    def _trouble(self, strike: Strike) -> AbstractContextManager[None]:
        if strike.what == "kill":
            return self._killed(strike)
        if strike.what == "freeze":
            return self._frozen(strike)
        if strike.what == "lock":
            return self._locked(strike)
        if strike.what == "fill":
            assert self.disk is not None
            return self.disk.full()
        return self._bad_network(strike)

    @contextmanager
    def _killed(self, strike: Strike) -> Iterator[None]:
        for kind, app_id in _processes(strike):
            self.system.kill(kind, app_id)
        yield
        self.system.restart()

    @contextmanager
    def _frozen(self, strike: Strike) -> Iterator[None]:
        for kind, app_id in _processes(strike):
            self.system.freeze(kind, app_id)
        yield
        for kind, app_id in _processes(strike):
            self.system.thaw(kind, app_id)

    @contextmanager
    def _locked(self, strike: Strike) -> Iterator[None]:
        name = strike.target.removesuffix("-service")
        store = sqlite3.connect(self.system.data / f"{name}.db", timeout=30)
        try:
            store.execute("BEGIN EXCLUSIVE")
            yield
            store.rollback()
        finally:
            store.close()

    @contextmanager
    def _bad_network(self, strike: Strike) -> Iterator[None]:
        draw = random.Random(f"{self.seed} {strike}")
        kind: Kind = strike.what  # type: ignore[assignment]
        proxy = self.world.proxies[strike.target]
        with proxy.fault(kind, lambda _: draw.randrange(_HIT_ONE_IN) == 0) as fault:
            yield
        self.report.hits[strike.what] += fault.hits


def _processes(strike: Strike) -> list[tuple[str, str]]:
    if not strike.part:
        return [(strike.target, "")]
    parts = ["app", "sidecar"] if strike.part == "both" else [strike.part]
    return [(part, strike.target) for part in parts]


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
