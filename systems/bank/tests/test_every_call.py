"""Every call of a transfer goes wrong: the money has arrived, or is where it was. The fixture
`branch` checks which of the two."""

from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest

from runtime.system import System
from systems.bank.tests.branch import ORCHESTRATOR, Branch, Json
from systems.bank.tests.calls import CALLS, CREDIT, FORWARD, ROWS, undone_after
from tests.support.every_call import Call, Case, EveryCall, Rehearsal
from tests.support.fault_proxy import about


@dataclass
class Transfers(Rehearsal):
    """Transfers, each between two new accounts."""

    branch: Branch
    system: System

    calls, forward, done = CALLS, FORWARD, "completed"
    told: ClassVar = {"completed": ["credited", "debited"]}
    orchestrator = ORCHESTRATOR

    def __post_init__(self) -> None:
        self.proxies = self.branch.proxies

    def case(self, name: str, call: Call) -> Case:
        transfer_id, (payer, payee) = self.branch.transfer_id(name), self.branch.pair()
        account = payee if "payee" in call.step else payer
        text = account if call in ROWS[0] else transfer_id
        matches = about(text, call.method, call.path)
        return Case(transfer_id, matches, lambda: self.branch.send(transfer_id, payer, payee))

    def ended(self, case_id: str) -> Json:
        return self.branch.ended(case_id)

    def parked(self, case_id: str) -> Json:
        return self.branch.parked(case_id)

    def ask(self, case_id: str, what: str) -> httpx.Response:
        return self.branch.ask(case_id, what)

    def undone_after(self, call: Call) -> list[str]:
        return undone_after(call)

    def mails_of(self, case_id: str) -> list[str]:
        return self.branch.mails_of(case_id)


@pytest.fixture
def rehearsal(branch: Branch, system: System) -> Transfers:
    return Transfers(branch, system)


class TestTransfers(EveryCall):
    def test_a_credit_that_is_refused_brings_the_money_home(self, rehearsal: Transfers) -> None:
        with rehearsal.begun([CREDIT], "refused") as cases:
            [(transfer_id, _)] = cases.values()
            transfer = rehearsal.ended(transfer_id)
        assert (transfer["status"], transfer["halt"]["step"]) == ("rejected", CREDIT.step)
        assert transfer["money"] == "returned"
        rehearsal.check_undone(transfer, CALLS[-1])
        assert rehearsal.branch.mails_of(transfer_id) == ["returned"]
