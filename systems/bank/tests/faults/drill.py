"""A drill: money is sent while one thing after the other goes wrong."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Event

import httpx

from runtime.system import System
from systems.bank.tests.branch import (
    BANK_A,
    BANK_B,
    ORCHESTRATOR,
    TERMINAL,
    Branch,
    Json,
    uneven,
)
from tests.support import reach
from tests.support.striker import Striker, insist
from tests.support.strikes import Strike

_CUSTOMERS = 12
_ACCOUNTS = 4  # at each bank
_LONGEST_PAUSE_SECONDS = 4.0
_LOOK_SECONDS = 0.25
_MENDING_SECONDS = 2.0
_ALL_MUST_END_WITHIN = 240.0


@dataclass
class Drill:
    """Sends ``count`` transfers while the strikes of a plan fall; ``ends`` are how they ended."""

    system: System
    branch: Branch
    seed: int
    count: int
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    looks: int = 0

    def __post_init__(self) -> None:
        self.striker = Striker(self.system, self.branch.proxies, None, self.seed)
        self.transfers = [self.branch.transfer_id(f"drill{self.seed}") for _ in range(self.count)]
        open_ = self.branch.open
        self.accounts = [
            open_(bank, 200_000) for bank in (BANK_A, BANK_B) for _ in range(_ACCOUNTS)
        ]
        self.rich, self.frozen = open_(BANK_A, 50_000_000), open_(BANK_B, 0)
        self.branch.turn(self.frozen, "freeze")

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every transfer has ended."""
        with ThreadPoolExecutor(_CUSTOMERS + 2) as pool:
            striking, over = pool.submit(self.striker.run, strikes), Event()
            auditing = pool.submit(self._audit, over)
            try:
                self.ends.update(pool.map(self._customer, self.transfers))
                striking.result()
            finally:
                over.set()
            auditing.result()

    def _audit(self, over: Event) -> None:
        """Ask for the trial balances until all has ended: whoever answers, the books are even."""
        while not over.is_set():
            for service in (BANK_A, BANK_B):
                try:
                    answer = self.branch.services[service].get("/trial-balance", timeout=10)
                except httpx.HTTPError:
                    continue  # it is down just now
                if answer.status_code == 200:
                    assert uneven([answer.json()]) == []
                    self.looks += 1
            time.sleep(_LOOK_SECONDS)

    def _customer(self, transfer_id: str) -> str:
        """Send money until that is accepted, perhaps cancel it, and see it to its end."""
        draw = random.Random(f"{self.seed} {transfer_id.rpartition('-')[2]}")
        body, cancels = self._body(draw), draw.random() < 0.15
        self.branch.transfers[transfer_id] = body
        time.sleep(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
        with reach.app(self.system, ORCHESTRATOR, 15) as client:
            headers, path = {"Prefer": "respond-async"}, f"/transfers/{transfer_id}"
            insist(lambda: client.put(path, json=body, headers=headers))
            if cancels:
                time.sleep(draw.uniform(0, 3))
                insist(lambda: client.post(f"{path}/cancel"))
            return self._see_to_its_end(client, path, draw)

    def _body(self, draw: random.Random) -> Json:
        """Return a transfer: most are plain; some need a review, go to a frozen account, or ask for
        more than there is."""
        payer, payee = draw.sample(self.accounts, 2)
        kind = draw.random()
        if kind < 0.1:
            return self.branch.request(self.rich, payee, 1_000_000)
        if kind < 0.2:
            return self.branch.request(payer, self.frozen, 1_000)
        return self.branch.request(payer, payee, draw.choice([500, 2_500, 20_000, 90_000]))

    def _see_to_its_end(self, client: httpx.Client, path: str, draw: random.Random) -> str:
        """Review where that is waited for, mend what blocks; until it has ended."""
        deadline = time.monotonic() + _ALL_MUST_END_WITHIN
        while True:
            transfer = insist(lambda: client.get(path)).json()
            if transfer["status"] in TERMINAL:
                return str(transfer["status"])
            assert time.monotonic() < deadline, f"{path} did not end: {transfer}"
            time.sleep(_LOOK_SECONDS)
            if transfer.get("step") == "review":
                word = {"approved": draw.random() < 0.7, "by": "bob"}
                insist(partial(client.post, f"{path}/signals/review", json=word))
            elif transfer["status"] == "needs_attention":
                self.resumed += 1
                insist(partial(client.post, f"{path}/resume"))
                time.sleep(_MENDING_SECONDS)
