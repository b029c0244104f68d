"""A drill: money is sent while one thing after the other goes wrong."""

import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any

import httpx

from systems.bank.tests.branch import (
    BANK_A,
    BANK_B,
    ORCHESTRATOR,
    TERMINAL,
    Branch,
    Json,
    uneven,
)
from tests.support import drill
from tests.support.strikes import Strike

_ACCOUNTS = 4  # at each bank


@dataclass
class Drill(drill.Drill[Branch]):
    """Sends transfers while the strikes of a plan fall; ``looks`` are those at trial balances."""

    looks: int = 0

    app_id, plural, terminal = ORCHESTRATOR, "transfers", TERMINAL

    def __post_init__(self) -> None:
        super().__post_init__()
        open_ = self.desk.open
        self.accounts = [
            open_(bank, 200_000) for bank in (BANK_A, BANK_B) for _ in range(_ACCOUNTS)
        ]
        self.rich, self.frozen = open_(BANK_A, 50_000_000), open_(BANK_B, 0)
        self.desk.turn(self.frozen, "freeze")

    def new_id(self, name: str) -> str:
        return self.desk.transfer_id(name)

    def run(self, strikes: list[Strike]) -> None:
        """Run the drill until every transfer has ended, and look at the books meanwhile."""
        over = Event()
        with ThreadPoolExecutor(1) as pool:
            auditing = pool.submit(self._audit, over)
            try:
                super().run(strikes)
            finally:
                over.set()
            auditing.result()

    def body(self, case_id: str, draw: random.Random) -> Json:
        """Return a transfer: most are plain; some need a review, go to a frozen account, or ask for
        more than there is."""
        body = self._transfer(draw)
        self.desk.transfers[case_id] = body
        return body

    def word(self, case: Mapping[str, Any], draw: random.Random) -> tuple[str, object] | None:
        if case.get("step") != "review":
            return None
        return "review", {"approved": draw.random() < 0.7, "by": "bob"}

    def _transfer(self, draw: random.Random) -> Json:
        payer, payee = draw.sample(self.accounts, 2)
        kind = draw.random()
        if kind < 0.1:
            return self.desk.request(self.rich, payee, 1_000_000)
        if kind < 0.2:
            return self.desk.request(payer, self.frozen, 1_000)
        return self.desk.request(payer, payee, draw.choice([500, 2_500, 20_000, 90_000]))

    def _audit(self, over: Event) -> None:
        """Ask for the trial balances until all has ended: whoever answers, the books are even."""
        while not over.is_set():
            for service in (BANK_A, BANK_B):
                try:
                    answer = self.desk.services[service].get("/trial-balance", timeout=10)
                except httpx.HTTPError:
                    continue  # it is down just now
                if answer.status_code == 200:
                    assert uneven([answer.json()]) == []
                    self.looks += 1
            time.sleep(self.look_seconds)
