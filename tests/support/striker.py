"""Who lets strikes fall on a running system; and how a client goes on asking meanwhile."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import httpx

from runtime.system import System
from tests.support.fault_proxy import FaultProxy, Kind
from tests.support.small_disk import SmallDisk
from tests.support.strikes import Strike

_HIT_ONE_IN = 2
_LOOK_SECONDS = 0.25


@dataclass
class Striker:
    """Lets the strikes of a plan fall, and keeps which, when, and how many requests they hit."""

    system: System
    proxies: Mapping[str, FaultProxy]
    disk: SmallDisk | None
    seed: int
    say: Callable[[str], None] = print
    strikes: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    struck_at: list[float] = field(default_factory=list)

    def run(self, strikes: list[Strike]) -> None:
        """Let them fall, one after the other."""
        for strike in strikes:
            time.sleep(strike.after)
            self._strike(strike)

    def _strike(self, strike: Strike) -> None:
        self.say(f"  {strike}, {strike.lasts:.1f} s")
        self.strikes[strike.what] += 1
        self.struck_at.append(time.monotonic())
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
        proxy = self.proxies[strike.target]
        with proxy.fault(kind, lambda _: draw.randrange(_HIT_ONE_IN) == 0) as fault:
            yield
        self.hits[strike.what] += fault.hits


def insist(call: Callable[[], httpx.Response], seconds: float = 240) -> httpx.Response:
    """Ask again, as any client would, as long as nobody answers or it is a 5xx."""
    deadline = time.monotonic() + seconds
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


def _processes(strike: Strike) -> list[tuple[str, str]]:
    if not strike.part:
        return [(strike.target, "")]
    parts = ["app", "sidecar"] if strike.part == "both" else [strike.part]
    return [(part, strike.target) for part in parts]


def listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
