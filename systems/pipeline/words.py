"""How runs speak to people, and a run that works as it stands."""

import json
from pathlib import Path
from typing import Any

from sagas import Words

EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parent / "sample.json").read_text())

WORDS = Words(
    begin="start",
    begun="started",
    owner="author",
    requests="runs",
    reasons={
        "scheme_not_allowed": "repositories are not read that way here",
        "unreachable_repository": "the repository could not be read",
        "unknown_commit": "the repository has no such commit",
        "build_failed": "it could not be built",
        "tests_failed": "tests failed",
        "no_tests": "there are no tests",
        "gate": "the security scan found what may not go on",
        "scan_broken": "a scanner did not do its work",
        "timed_out": "a job took too long",
        "log_too_long": "a job's log became too long",
        "crashed": "a job broke off",
        "lost": "the runner of a job ended in the middle of it",
        "unhealthy": "the release was not well",
        "no_entry_point": "it has nothing to be started by",
        "not_approved": "it was not approved",
        "approval_timed_out": "nobody approved it in time",
        "overtaken": "a newer run overtook it",
        "leased_timed_out": "others held the environment for too long",
        "lease_lost": "it held the environment for too long",
        "stale_fence": "it held the environment for too long",
    },
)
