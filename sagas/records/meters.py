"""What a person on call asks of the cases: how many, how they end, how long steps take."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from sagas.core.progress import Entry, Progress

ACCEPTED = Counter("cases_accepted_total", "Cases accepted")
BUSY = Counter("cases_turned_away_total", "Requests that were told to come back later")
ENDED = Counter("cases_ended_total", "Cases by how they ended, and why", ["status", "reason"])
STEPS = Histogram(
    "saga_step_seconds",
    "Time by step, from its first call to its last answer, in cases that ended",
    ["step", "result"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
RETRIES = Counter("saga_step_retries_total", "Tries after the first, by step", ["step"])
COMPENSATIONS = Counter(
    "saga_compensations_total", "Compensations by step and result", ["step", "result"]
)
PARKED = Counter("cases_needing_attention_total", "Cases that came to need attention")
UNREADABLE = Counter(
    "cases_unreadable_total", "Records of cases that this release was found unable to read"
)
OPEN = Gauge("cases_open", "Cases that have not ended, as last looked at", ["status"])
BREAKER = Gauge(
    "service_breaker_state",
    "How a service's circuit breaker was found: 0 closed, 1 calls failing, 2 open",
    ["service"],
)
_LEVELS = {"closed": 0, "failing": 1, "open": 2}


def count_end(progress: Progress) -> None:
    """Count a case that ended, with its steps and compensations."""
    reason = progress.halt.reason if progress.halt else ""
    ENDED.labels(progress.status, reason).inc()
    for entry in progress.entries:
        _count(entry)


def count_open(statuses: Iterable[str]) -> None:
    """Set how many cases are open, by status."""
    seen = list(statuses)
    for status in ("running", "needs_attention"):
        OPEN.labels(status).set(seen.count(status))


def note_breaker(service: str, state: str) -> None:
    BREAKER.labels(service).set(_LEVELS[state])


def _count(entry: Entry) -> None:
    if entry.ended_at:
        seconds = (entry.ended_at - entry.started_at).total_seconds()
        STEPS.labels(entry.step, entry.result).observe(seconds)
    if entry.tries > 1:
        RETRIES.labels(entry.step).inc(entry.tries - 1)
    if entry.compensation:
        COMPENSATIONS.labels(entry.step, entry.result).inc()
