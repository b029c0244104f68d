"""A drill: commits are on their way to production while one thing after the other goes wrong."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import httpx

from runtime.system import System
from systems.pipeline.tests.works import ORCHESTRATOR, TERMINAL, Json, Works
from systems.pipeline.words import EXAMPLE
from tests.support import reach
from tests.support.striker import Striker, insist
from tests.support.strikes import Strike

_AUTHORS = 3
_LONGEST_PAUSE_SECONDS = 3.0
_LOOK_SECONDS = 0.25
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 240.0
_GOOD = ("main", "next")
_BAD = (
    "fails-build",
    "fails-tests",
    "fails-scan",
    "fails-staging",
    "sick-in-production",
    "fades-in-production",
)


@dataclass
class Drill:
    """Starts ``count`` runs while the strikes of a plan fall; ``ends`` are how they ended."""

    system: System
    works: Works
    seed: int
    count: int
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0

    def __post_init__(self) -> None:
        self.striker = Striker(self.system, self.works.proxies, None, self.seed)
        self.runs = [self.works.run_id(f"drill{self.seed}") for _ in range(self.count)]

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every run has ended."""
        with ThreadPoolExecutor(_AUTHORS + 1) as pool:
            striking = pool.submit(self.striker.run, strikes)
            self.ends.update(pool.map(self._author, range(self.count)))
            striking.result()

    def _author(self, number: int) -> str:
        """Ask for a run until that is accepted, perhaps cancel it, and see it to its end."""
        draw, run_id = random.Random(f"{self.seed} {number}"), self.runs[number]
        commit = draw.choice(_GOOD if draw.random() < 0.7 else _BAD)
        cancels = draw.random() < 0.15
        self.works.runs.append(run_id)
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, ORCHESTRATOR, 15) as client:
            headers, path = {"Prefer": "respond-async"}, f"/runs/{run_id}"
            body = EXAMPLE | {"commit": commit}
            insist(lambda: client.put(path, json=body, headers=headers))
            if cancels:
                time.sleep(draw.uniform(0, 5))
                insist(lambda: client.post(f"{path}/cancel"))
            return self._see_to_its_end(client, path, draw)

    def _see_to_its_end(self, client: httpx.Client, path: str, draw: random.Random) -> str:
        """Decide where that is waited for, mend what blocks; until it has ended."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            run: Json = insist(lambda: client.get(path)).json()
            if run["status"] in TERMINAL:
                return str(run["status"])
            assert time.monotonic() < deadline, f"{path} did not end: {run}"
            time.sleep(_LOOK_SECONDS)
            if release := self.works.asked_about(run):
                word = {"approved": draw.random() < 0.9, "by": "grace", "attempt": release}
                insist(partial(client.post, f"{path}/signals/approval", json=word))
            elif run["status"] == "needs_attention":
                self.resumed += 1
                insist(partial(client.post, f"{path}/resume"))
                time.sleep(_MENDING_SECONDS)
