"""The command that checks the banks' audit lines, on the running system."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from runtime.system import System
from systems.bank.tests.branch import BANK_A, BANK_B, Branch

STORE = "/v1.0/state/bank-a-store"


def check(system: System, *more: str) -> subprocess.CompletedProcess[str]:
    urls = [system.app_url(service) for service in (BANK_A, BANK_B)]
    return subprocess.run(
        [sys.executable, "-m", "systems.bank.check_chain", *urls, *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def changed(system: System, key: str, **change: Any) -> Iterator[None]:
    """Change what bank A has stored under a key, behind its back, until the block ends."""
    with httpx.Client(base_url=system.sidecar_url(BANK_A)) as sidecar:
        kept = sidecar.get(f"{STORE}/{key}").raise_for_status().json()
        sidecar.post(STORE, json=[{"key": key, "value": kept | change}]).raise_for_status()
        try:
            yield
        finally:
            sidecar.post(STORE, json=[{"key": key, "value": kept}]).raise_for_status()


def test_one_altered_line_is_found_and_so_is_an_altered_balance(
    branch: Branch, system: System
) -> None:
    payer, payee = branch.pair()
    assert branch.put("chained", branch.request(payer, payee), prefer="").status_code == 200
    whole = check(system)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    first, second = whole.stdout.splitlines()
    assert first.startswith("bank-a: whole, ends with ")
    assert second.startswith("bank-b: whole, ends with ")
    noted = first.rpartition(" ")[2]
    number = int(noted.partition(":")[0])
    facts = {"legs": [{"account": payer, "amount": -1}, {"account": payee, "amount": 1}]}
    with changed(system, f"line:{number - 1}", facts=facts):
        broken = check(system)
    assert broken.returncode == 1
    assert broken.stdout.startswith("bank-a: broken")
    assert f"line {number - 1} was changed" in broken.stdout
    with changed(system, f"account:{payer}", posted=99_999_999):
        richer = check(system)
    assert richer.returncode == 1
    assert f"{payer} has a balance of 99999999" in richer.stdout
    assert check(system, "--noted", noted.replace(":", ":0")).returncode == 1
    assert check(system).returncode == 0


def test_a_bank_that_does_not_answer_is_not_taken_for_whole() -> None:
    silent = subprocess.run(
        [sys.executable, "-m", "systems.bank.check_chain", "http://127.0.0.1:9"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert silent.returncode == 1
    assert "does not answer" in silent.stdout
