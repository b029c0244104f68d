"""Whatever dies, freezes or gets lost, money has arrived or is where it was.

``make soak SYSTEM=bank SEED=1 TRIPS=200`` runs the same for minutes: so many transfers, and the
plan of a seed is always the same.
"""

import os

from runtime.system import System
from systems.bank.check_chain import faults
from systems.bank.tests.branch import BANK_A, BANK_B, ORCHESTRATOR, SERVICES, Branch
from systems.bank.tests.faults.drill import Drill
from tests.support.striker import listed
from tests.support.strikes import Targets, plan
from tests.support.variant import PROFILE, REPLICAS

SEED = int(os.environ.get("SEED", "7"))
TRANSFERS = int(os.environ.get("TRIPS", "30"))
TRANSFERS_PER_STRIKE = 8


def test_all_money_has_arrived_or_is_where_it_was(branch: Branch, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={TRANSFERS} REPLICAS={REPLICAS}")
    on_files = PROFILE != "postgres"
    targets = Targets(SERVICES, ORCHESTRATOR, lockable=SERVICES if on_files else ())
    drill = Drill(system, branch, SEED, TRANSFERS)
    drill.run(plan(SEED, max(4, TRANSFERS // TRANSFERS_PER_STRIKE), targets))
    print(f"  ended       {listed(drill.ends)}; resumed by hand {drill.resumed}")
    print(f"  looked      {drill.looks} times at a trial balance")
    print(f"  struck      {listed(drill.striker.strikes)}")
    print(f"  requests    {listed(drill.striker.hits)}")
    assert drill.ends.total() == TRANSFERS
    assert drill.looks
    for service in (BANK_A, BANK_B):
        _, _, wrong = faults(system.app_url(service), {})
        assert wrong == []
    for transfer_id in drill.transfers:
        begun = [e["step"] for e in branch.audit(transfer_id) if e["event"] == "step_started"]
        ended = [
            e["step"]
            for e in branch.audit(transfer_id)
            if e["event"] in ("step_done", "step_refused", "step_failed")
        ]
        assert sorted(begun) == sorted(ended), transfer_id
