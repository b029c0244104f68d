"""The command that checks the banks' audit lines, on the running system."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

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


def stored(system: System, verb: str, path: str, body: Any = None) -> Any:
    """Ask bank A's sidecar for its store, as the app does: with a mark (see components/doors.yaml)
    that neither browsers nor httpx send."""
    where = urlsplit(system.sidecar_url(BANK_A))
    with closing(HTTPConnection(where.netloc, timeout=30)) as sidecar:
        headers = {"Content-Type": "application/json"}
        sidecar.request(verb, f"{STORE}{path}?<", json.dumps(body), headers)
        answer = sidecar.getresponse()
        text = answer.read()
        assert answer.status < 300, text
        return json.loads(text) if text else None


@contextmanager
def changed(system: System, key: str, **change: Any) -> Iterator[None]:
    """Change what bank A has stored under a key, behind its back, until the block ends."""
    kept = stored(system, "GET", f"/{key}")
    stored(system, "POST", "", [{"key": key, "value": kept | change}])
    try:
        yield
    finally:
        stored(system, "POST", "", [{"key": key, "value": kept}])


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
