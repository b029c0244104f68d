"""A drill of a system: cases are begun, cancelled and seen to their end while one thing after the
other goes wrong. What the cases are, and what they wait for, a system's own drill says."""

import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import httpx

from runtime.system import System
from tests.support import reach
from tests.support.fault_proxy import FaultProxy
from tests.support.striker import Striker, insist, listed
from tests.support.strikes import Strike, Targets
from tests.support.variant import PROFILE

_LONGEST_PAUSE_SECONDS = 4.0
_CANCELLED = 0.15  # of all cases
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 300.0


class Desk(Protocol):
    """What a test meets a system with."""

    proxies: dict[str, FaultProxy]


D = TypeVar("D", bound=Desk)


@dataclass
class Drill(ABC, Generic[D]):
    """Begins ``count`` cases while the strikes of a plan fall; ``ends`` are how they ended."""

    system: System
    desk: D
    seed: int
    count: int
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    app_id: ClassVar[str]
    plural: ClassVar[str]
    terminal: ClassVar[Sequence[str]]
    customers: ClassVar[int] = 12
    """How many come at once."""
    cancel_within: ClassVar[float] = 3.0
    """The longest time, in seconds, until who cancels does so."""
    look_seconds: ClassVar[float] = 0.25

    def __post_init__(self) -> None:
        self.striker = Striker(self.system, self.desk.proxies, None, self.seed)
        self.cases = [self.new_id(f"drill{self.seed}") for _ in range(self.count)]

    @abstractmethod
    def new_id(self, name: str) -> str:
        """Return the id of a case that is to be begun."""

    @abstractmethod
    def body(self, case_id: str, draw: random.Random) -> dict[str, Any]:
        """Return what is asked for; from now on the case is one of the test's."""

    def word(self, case: Mapping[str, Any], draw: random.Random) -> tuple[str, object] | None:
        """Return the signal that a case waits for now and what it says, or None."""
        del case, draw
        return None

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every case has ended."""
        with ThreadPoolExecutor(self.customers + 1) as pool:
            striking = pool.submit(self.striker.run, strikes)
            self.ends.update(pool.map(self._customer, range(self.count)))
            striking.result()

    def __str__(self) -> str:
        return "\n".join(
            [
                f"  ended       {listed(self.ends)}; resumed by hand {self.resumed}",
                f"  struck      {listed(self.striker.strikes)}",
                f"  requests    {listed(self.striker.hits)}",
            ]
        )

    def _customer(self, number: int) -> str:
        """Begin a case until it is accepted, perhaps cancel it, and see it to its end."""
        draw, case_id = random.Random(f"{self.seed} {number}"), self.cases[number]
        body, cancels = self.body(case_id, draw), draw.random() < _CANCELLED
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, self.app_id, 15) as client:
            headers, path = {"Prefer": "respond-async"}, f"/{self.plural}/{case_id}"
            insist(lambda: client.put(path, json=body, headers=headers))
            if cancels:
                time.sleep(draw.uniform(0, self.cancel_within))
                insist(lambda: client.post(f"{path}/cancel"))
            return self._see_to_its_end(client, path, draw)

    def _see_to_its_end(self, client: httpx.Client, path: str, draw: random.Random) -> str:
        """Say what is waited for, mend what blocks; until it has ended."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            case = insist(lambda: client.get(path)).json()
            if case["status"] in self.terminal:
                return str(case["status"])
            assert time.monotonic() < deadline, f"{path} did not end: {case}"
            time.sleep(self.look_seconds)
            if word := self.word(case, draw):
                signal, said = word
                insist(partial(client.post, f"{path}/signals/{signal}", json=said))
            elif case["status"] == "needs_attention":
                self.resumed += 1
                insist(partial(client.post, f"{path}/resume"))
                time.sleep(_MENDING_SECONDS)


def targets(services: Sequence[str], orchestrator: str) -> Targets:
    """Return what strikes fall on: a store can be locked where it is a file."""
    return Targets(services, orchestrator, lockable=services if PROFILE != "postgres" else ())


def check_steps(case_id: str, trail: Sequence[Mapping[str, Any]]) -> None:
    """Check by its audit that every step of a case which began has ended."""
    over = ("step_done", "step_refused", "step_failed")
    begun = Counter(told["step"] for told in trail if told["event"] == "step_started")
    ended = Counter(told["step"] for told in trail if told["event"] in over)
    assert begun == ended, f"{case_id}: {begun} began, {ended} ended"
