"""Whatever dies, freezes or gets lost, a commit is in production or nothing of it is left.

``make soak SYSTEM=pipeline SEED=1 TRIPS=100`` runs the same for minutes: so many runs, and the plan
of a seed is always the same.
"""

import os

from runtime.system import System
from systems.pipeline.tests.faults.drill import Drill
from systems.pipeline.tests.works import ORCHESTRATOR, SERVICES, Works
from tests.support.drill import targets
from tests.support.strikes import plan
from tests.support.variant import REPLICAS

SEED = int(os.environ.get("SEED", "7"))
RUNS = int(os.environ.get("TRIPS", "9"))
RUNS_PER_STRIKE = 2


def test_production_is_what_was_last_released(works: Works, system: System, first: str) -> None:
    print(f"\nSEED={SEED} TRIPS={RUNS} REPLICAS={REPLICAS}")
    drill = Drill(system, works, SEED, RUNS)
    drill.run(plan(SEED, max(4, RUNS // RUNS_PER_STRIKE), targets(SERVICES, ORCHESTRATOR)))
    print(drill)
    assert drill.ends.total() == RUNS
    last = works.environment("production")["kept"][-1] if drill.ends["released"] else first
    assert works.answers("production")["release"] == last
    after = works.run_id("after")
    works.start(after, "next")
    assert works.ended(after)["status"] == "released"
    assert works.answers("production")["release"] == works.release_of(after)
