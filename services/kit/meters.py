"""What a person on call asks of reservations and the ledger."""

import logging

from prometheus_client import Counter

RESERVATIONS = Counter("reservations_total", "Reservations by what was done with them", ["done"])
CHARGES = Counter("charges_total", "Charges by what was done with them", ["done"])

_log = logging.getLogger("service")


def note(counter: Counter, done: str, resource_id: str) -> None:
    """Count and log what was done with a resource. Its id begins with the caller's own."""
    counter.labels(done).inc()
    caller = resource_id.partition(":")[0]
    _log.info("%s", done, extra={"resource": resource_id, "trip_id": caller})
