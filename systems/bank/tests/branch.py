"""The running banks as a test meets them: open accounts, send money, look, check the books."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from schwifty import IBAN

from systems.bank.banks import BANKS, bank_of
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until

BANK_A, BANK_B = (bank.service for bank in BANKS)
FRAUD, COMPLIANCE, NOTIFICATION = "fraud-service", "compliance-service", "notification-service"
ORCHESTRATOR = "transfer-orchestrator"
SERVICES = (BANK_A, BANK_B, FRAUD, COMPLIANCE, NOTIFICATION)
TERMINAL = ("completed", "rejected", "cancelled", "failed")
FEES = {BANK_A: 20, BANK_B: 0}
COUNTRIES = {BANK_A: "DE", BANK_B: "NL"}
OPENING = 100_000

_serial = count(1)
_numbers = count(7_000_000)
_clerks = count(1)  # one initiator may not have many transfers open

Json = dict[str, Any]


def new_iban(service: str) -> str:
    """Return the IBAN of an account that nobody has."""
    bank = next(bank for bank in BANKS if bank.service == service)
    number = str(next(_numbers))
    return str(IBAN.generate(COUNTRIES[service], bank_code=bank.code, account_code=number))


def service_of(iban: str) -> str:
    """Return the service that keeps the account."""
    bank = bank_of(iban)
    assert bank is not None
    return bank.service


def euros(amount: int) -> Json:
    return {"amount": amount, "currency": "EUR"}


@dataclass
class Branch:
    """Clients of every app, the proxies in front of the services, and the accounts and transfers of
    this test."""

    orchestrator: httpx.Client
    services: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    mails: Path
    accounts: dict[str, int] = field(default_factory=dict)
    transfers: dict[str, Json] = field(default_factory=dict)

    def open(self, service: str, balance: int = OPENING, **facts: Any) -> str:
        """Open an account with so much in it; return its IBAN."""
        iban = new_iban(service)
        body = {"holder": f"Holder {iban}", "email": f"{iban.lower()}@example.com"} | facts
        self.services[service].put(f"/accounts/{iban}", json=body).raise_for_status()
        self.accounts[iban] = balance
        if balance:
            cash = {"account": iban, "amount": euros(balance)}
            paid = self.services[service].put(f"/deposits/open-{iban}", json=cash)
            assert paid.status_code == 200, paid.text
        return iban

    def pair(self, balance: int = OPENING) -> tuple[str, str]:
        """Return the accounts of a payer at one bank and of a payee at the other."""
        return self.open(BANK_A, balance), self.open(BANK_B, 0)

    def transfer_id(self, name: str = "t") -> str:
        """Return a new transfer id."""
        return f"{name}-{next(_serial):06d}"

    def request(self, payer: str, payee: str, amount: int = 1_000, **changes: Any) -> Json:
        return {
            "initiatorId": f"anna-{next(_clerks)}",
            "payer": payer,
            "payee": payee,
            "payeeName": f"Holder {payee}",
            "amount": euros(amount),
        } | changes

    def send(
        self, transfer_id: str, payer: str = "", payee: str = "", amount: int = 1_000, **more: Any
    ) -> Json:
        """Send money without waiting for the end, from one new account to another unless both are
        given."""
        if not payer:
            payer, payee = self.pair()
        answer = self.put(transfer_id, self.request(payer, payee, amount, **more))
        assert answer.status_code == 202, answer.text
        begun: Json = answer.json()
        return begun

    def put(self, transfer_id: str, body: Json, prefer: str = "respond-async") -> httpx.Response:
        self.transfers.setdefault(transfer_id, body)
        headers = {"Prefer": prefer} if prefer else {}
        return self.orchestrator.put(f"/transfers/{transfer_id}", json=body, headers=headers)

    def transfer(self, transfer_id: str) -> Json:
        """Return the transfer as it is now."""
        answer = self.orchestrator.get(f"/transfers/{transfer_id}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def ended(self, transfer_id: str, within: float = 60) -> Json:
        """Return the transfer once it has ended."""
        return until(
            lambda: self.transfer(transfer_id),
            lambda transfer: transfer["status"] in TERMINAL,
            f"{transfer_id} to end",
            within,
        )

    def at(self, transfer_id: str, step: str, within: float = 30) -> Json:
        """Return the transfer once this step of it runs, or is waited for."""
        return until(
            lambda: self.transfer(transfer_id),
            lambda transfer: step in (transfer.get("step") or "").split(", "),
            f"{transfer_id} to come to {step}",
            within,
        )

    def parked(self, transfer_id: str) -> Json:
        """Return the transfer once it needs attention."""
        return until(
            lambda: self.transfer(transfer_id),
            lambda transfer: transfer["status"] == "needs_attention",
            f"{transfer_id} to need attention",
        )

    def ask(self, transfer_id: str, what: str, **word: Any) -> httpx.Response:
        """Ask something of a transfer: ``cancel``, ``resume`` or ``signals/…``."""
        return self.orchestrator.post(f"/transfers/{transfer_id}/{what}", json=word)

    def review(self, transfer_id: str, approved: bool, by: str = "bob") -> httpx.Response:
        return self.ask(transfer_id, "signals/review", approved=approved, by=by)

    def audit(self, transfer_id: str) -> list[Json]:
        answer = self.orchestrator.get(f"/transfers/{transfer_id}/audit")
        answer.raise_for_status()
        found: list[Json] = answer.json()
        return found

    def account(self, iban: str) -> Json:
        found = self._look(service_of(iban), f"/accounts/{iban}")
        assert found is not None
        return found

    def available(self, iban: str) -> int:
        return int(self.account(iban)["available"]["amount"])

    def turn(self, iban: str, deed: str) -> None:
        """Freeze, unfreeze or close an account."""
        path = f"/accounts/{iban}/{deed}"
        done = self.services[service_of(iban)].post(path, json={"reason": "A test does."})
        assert done.status_code == 200, done.text

    def hold(self, transfer_id: str, service: str = BANK_A) -> Json | None:
        return self._look(service, f"/holds/{transfer_id}:hold")

    def credit(self, transfer_id: str, service: str = BANK_B) -> Json | None:
        return self._look(service, f"/postings/{transfer_id}:credit")

    def trial_balance(self, service: str) -> Json:
        found = self._look(service, "/trial-balance")
        assert found is not None
        return found

    def in_transit(self) -> int:
        """Return how much is on its way: what one bank's in-transit accounts have that the other's
        do not mirror."""
        return sum(
            amount
            for service in (BANK_A, BANK_B)
            for name, amount in balances(self.trial_balance(service)).items()
            if name.startswith("in-transit-")
        )

    def mails_of(self, transfer_id: str) -> list[str]:
        """Return what the mails about a transfer say it is, in the order of the alphabet."""
        says = {"were-sent": "debited", "from": "credited", "was-returned": "returned"}
        says["was-not-carried-out"] = "rejected"
        payee = self.transfers[transfer_id]["payee"]
        told = []
        for path in self.mails.glob("*.eml"):
            if f"Transfer {transfer_id}" in path.read_text() or payee in path.name:
                told += [word for part, word in says.items() if f"-{part}-" in path.name][:1]
        return sorted(told)

    def check_invariants(self) -> None:
        """Fail unless every transfer of this test is whole or left nothing, and all books are even:
        nothing is held or in transit, and each account has what went in less what went out."""
        moved, returned = Counter[str](), Counter[str]()
        for transfer_id in self.transfers:
            if self.ended(transfer_id)["status"] == "completed":
                self._check_whole(transfer_id, moved)
            else:
                returned[self._check_nothing_left(transfer_id)] += 1
        for iban, opening in self.accounts.items():
            account = self.account(iban)
            assert account["pending"]["amount"] == 0, account
            assert account["posted"]["amount"] == opening + moved[iban], account
            assert account["available"]["amount"] >= 0
            self._check_statement(iban, account)
        trials = [self.trial_balance(service) for service in (BANK_A, BANK_B)]
        assert uneven(trials) == []
        owed = Counter[str]()
        for name, amount in (each for trial in trials for each in balances(trial).items()):
            owed["settlement"] += amount if name.startswith("settlement-") else 0
            assert not (amount and name.startswith("in-transit-")), trials
        assert owed["settlement"] == 0, "what one bank owes the other, that one is owed"

    def _check_whole(self, transfer_id: str, moved: Counter[str]) -> None:
        asked = self.transfers[transfer_id]
        payer, payee, amount = asked["payer"], asked["payee"], asked["amount"]["amount"]
        held = self.hold(transfer_id, service_of(payer))
        assert held is not None
        assert held["status"] == "posted", held
        assert self.credit(transfer_id, service_of(payee)) is not None
        moved[payer] -= amount + FEES[service_of(payer)]
        moved[payee] += amount

    def _check_nothing_left(self, transfer_id: str) -> str:
        """Return what became of the hold."""
        asked = self.transfers[transfer_id]
        held = self.hold(transfer_id, service_of(asked["payer"]))
        status = held["status"] if held else "unknown"
        assert status in ("unknown", "voided", "expired", "reversed"), held
        assert self.credit(transfer_id, service_of(asked["payee"])) is None
        return str(status)

    def _check_statement(self, iban: str, account: Json) -> None:
        """What a statement tells adds up to the balance."""
        told = self._look(service_of(iban), f"/accounts/{iban}/statement?limit=200")
        assert told is not None
        assert told["closing"] == account["posted"]
        balance = told["opening"]["amount"]
        for entry in told["entries"]:
            balance += entry["amount"]["amount"]
            assert entry["balance"]["amount"] == balance

    def _look(self, service: str, path: str) -> Json | None:
        answer = self.services[service].get(path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: Json = answer.json()
        return found


def balances(trial: Json) -> dict[str, int]:
    """Return the signed balance of each account: what the bank owes is positive."""
    sign = {"credit": 1, "debit": -1}
    return {
        each["account"]: sign[each["side"]] * each["amount"]["amount"] for each in trial["accounts"]
    }


def uneven(trials: Iterable[Json]) -> list[Json]:
    """Return the trial balances that are not 0, by their own word or added up again."""
    return [t for t in trials if t["difference"] or sum(balances(t).values())]
