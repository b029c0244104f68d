"""A drill: commits are on their way to production while one thing after the other goes wrong."""

import random
from collections.abc import Mapping
from typing import Any

from systems.pipeline.tests.works import ORCHESTRATOR, TERMINAL, Works
from systems.pipeline.words import EXAMPLE
from tests.support import drill

_GOOD = ("main", "next")
_BAD = (
    "fails-build",
    "fails-tests",
    "fails-scan",
    "fails-staging",
    "sick-in-production",
    "fades-in-production",
)


class Drill(drill.Drill[Works]):
    """Starts runs while the strikes of a plan fall."""

    app_id, plural, terminal = ORCHESTRATOR, "runs", TERMINAL
    customers, cancel_within = 3, 5.0

    def new_id(self, name: str) -> str:
        return self.desk.run_id(name)

    def body(self, case_id: str, draw: random.Random) -> dict[str, Any]:
        self.desk.runs.append(case_id)
        return EXAMPLE | {"commit": draw.choice(_GOOD if draw.random() < 0.7 else _BAD)}

    def word(self, case: Mapping[str, Any], draw: random.Random) -> tuple[str, object] | None:
        release = self.desk.asked_about(dict(case))
        if not release:
            return None
        return "approval", {"approved": draw.random() < 0.9, "by": "grace", "attempt": release}
