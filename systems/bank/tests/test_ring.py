"""A hundred transfers at once: the books are even at every moment, and no account is overdrawn."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from systems.bank.tests.branch import BANK_A, BANK_B, Branch, Json, balances, uneven

MANY = 100


@dataclass
class Watch:
    """What somebody saw who kept asking for the trial balances and the accounts."""

    trials: list[Json] = field(default_factory=list)
    least: int = 0
    in_transit: int = 0

    def look(self, branch: Branch) -> None:
        for service in (BANK_A, BANK_B):
            trial = branch.trial_balance(service)
            self.trials.append(trial)
            moving = [n for name, n in balances(trial).items() if name.startswith("in-transit")]
            self.in_transit += any(moving)
        for iban in branch.accounts:
            self.least = min(self.least, branch.available(iban))


@contextmanager
def watched(branch: Branch) -> Iterator[Watch]:
    """Ask again and again until the block ends."""
    watch, over = Watch(), Event()

    def look() -> None:
        while not over.is_set():
            watch.look(branch)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield watch
        finally:
            over.set()
            looking.result()


def all_sent(branch: Branch, ways: list[tuple[str, str]], amount: int) -> Counter[str]:
    """Send all at once; return how they ended."""
    ids = [branch.transfer_id("ring") for _ in ways]
    with ThreadPoolExecutor(25) as pool:
        sending = [
            pool.submit(branch.send, id_, payer, payee, amount)
            for id_, (payer, payee) in zip(ids, ways, strict=True)
        ]
        for each in sending:
            each.result()
    return Counter(branch.ended(id_)["status"] for id_ in ids)


def test_a_hundred_transfers_around_a_ring(branch: Branch) -> None:
    ring = [branch.open(bank, 20_000) for _ in range(5) for bank in (BANK_A, BANK_B)]
    ways = [(ring[n % 10], ring[(n + 1) % 10]) for n in range(MANY)]
    with watched(branch) as watch:
        ends = all_sent(branch, ways, 1_000)
    assert ends == {"completed": MANY}
    assert len(watch.trials) > 10
    assert uneven(watch.trials) == []
    assert watch.least >= 0
    assert watch.in_transit, "somebody saw money on its way"


def test_both_ways_between_two_accounts_that_have_too_little_for_all(branch: Branch) -> None:
    """Each has enough for ten: what comes in is sent on, and what is too much is refused."""
    one, other = branch.open(BANK_A, 10_200), branch.open(BANK_B, 10_000)
    ways = [(one, other), (other, one)] * (MANY // 2)
    with watched(branch) as watch:
        ends = all_sent(branch, ways, 1_000)
    assert ends.total() == MANY
    assert set(ends) <= {"completed", "rejected"}
    assert ends["completed"] >= 20
    assert uneven(watch.trials) == []
    assert watch.least >= 0
