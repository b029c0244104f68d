"""Whatever dies, freezes or gets lost, money has arrived or is where it was.

``make soak SYSTEM=bank SEED=1 TRIPS=200`` runs the same for minutes: so many transfers, and the
plan of a seed is always the same.
"""

import os

from runtime.system import System
from systems.bank.check_chain import faults
from systems.bank.tests.branch import BANK_A, BANK_B, ORCHESTRATOR, SERVICES, Branch
from systems.bank.tests.faults.drill import Drill
from tests.support.drill import check_steps, targets
from tests.support.strikes import plan
from tests.support.variant import REPLICAS

SEED = int(os.environ.get("SEED", "7"))
TRANSFERS = int(os.environ.get("TRIPS", "30"))
TRANSFERS_PER_STRIKE = 8


def test_all_money_has_arrived_or_is_where_it_was(branch: Branch, system: System) -> None:
    print(f"\nSEED={SEED} TRIPS={TRANSFERS} REPLICAS={REPLICAS}")
    drill = Drill(system, branch, SEED, TRANSFERS)
    drill.run(
        plan(SEED, max(4, TRANSFERS // TRANSFERS_PER_STRIKE), targets(SERVICES, ORCHESTRATOR))
    )
    print(drill)
    print(f"  looked      {drill.looks} times at a trial balance")
    assert drill.ends.total() == TRANSFERS
    assert drill.looks
    for service in (BANK_A, BANK_B):
        _, _, wrong = faults(system.app_url(service), {})
        assert wrong == []
    for transfer_id in drill.cases:
        check_steps(transfer_id, branch.audit(transfer_id))
