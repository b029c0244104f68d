"""The limit: what this system would cost if nothing in it were ours.

A trip on Dapr Workflow needs as many durable steps as it has activities, and its calls need the
sidecars. Both are engines of the bench, which do either and nothing else; the limit of a round is
what they come to together.
"""

from collections.abc import Sequence
from math import nan

from bench.cpu import LOAD_CLIENT
from bench.table import Result

NAME, STEPS, CALLS = "limit", "empty", "sidecars"
TITLE = "the limit (five empty steps + the floor through sidecars)"
MEANS = (
    "The limit is what five empty steps and the floor through sidecars come to in the same round. "
    "CPU is their sum. p50 is their sum for one customer, who waits for one and then the other; "
    "with more customers than cores a sum of latencies means nothing. trips/s are as if the "
    "machine first did the steps of all trips and then the calls of all, 1 ÷ (1 ÷ a + 1 ÷ b). "
    "p95, p99 and memory have no such sum."
)


def of(results: Sequence[Result]) -> list[Result]:
    """Return the limit of each round and concurrency of which both parts were measured."""
    calls = {(r.round, r.concurrency): r for r in results if r.engine == CALLS}
    steps = [r for r in results if r.engine == STEPS]
    pairs = [(r, calls.get((r.round, r.concurrency))) for r in steps]
    return [_together(a, b) for a, b in pairs if b is not None]


def _together(steps: Result, calls: Result) -> Result:
    needed: dict[str, float] = {}
    for part in (steps, calls):
        for role, cpu in part.cpu_ms.items():
            if role not in (LOAD_CLIENT, *part.idle):
                needed[role] = needed.get(role, 0.0) + cpu
    alone = steps.concurrency == 1
    return Result(
        engine=NAME,
        round=steps.round,
        concurrency=steps.concurrency,
        trips=min(steps.trips, calls.trips),
        p50=steps.p50 + calls.p50 if alone else nan,
        p95=nan,
        p99=nan,
        per_second=1 / (1 / steps.per_second + 1 / calls.per_second),
        cpu_ms=needed,
        memory={},
    )
