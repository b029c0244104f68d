"""What a person on call asks of a participant: what was done, how often, for whom."""

import logging

from prometheus_client import Counter

RESERVATIONS = Counter("reservations_total", "Reservations by what was done with them", ["done"])

_log = logging.getLogger("service")


def note(counter: Counter, done: str, resource_id: str) -> None:
    """Count and log what was done with a resource. Its id begins with that of its case."""
    counter.labels(done).inc()
    case_id = resource_id.partition(":")[0]
    _log.info("%s", done, extra={"resource": resource_id, "case_id": case_id})
