"""What the API shows of a trip, and the names that its routes have beside the usual ones."""

from typing import Any

from base.lenient import lenient
from orchestrator import approval
from orchestrator.approval import ApprovalView
from orchestrator.request import TripRequest
from sagas import Show

_JSON = dict[str, Any] | None


def _result(name: str) -> Any:
    return lambda _trip, progress, _terms: progress.results.get(name)


SHOWS: list[Show[TripRequest]] = [
    Show("total", _JSON, _result("total"), listed=True),
    Show("customer_email", str, lambda trip, *_: trip.customer_email),
    Show("request", lenient(TripRequest), lambda trip, *_: trip),
    Show("flight", _JSON, _result("flight")),
    Show("hotel", _JSON, _result("hotel")),
    Show("charge", _JSON, _result("payment")),
    Show(
        "approval",
        ApprovalView | None,
        lambda _, progress, terms: approval.shown(progress, terms),  # type: ignore[arg-type]
    ),
]

ALSO = {
    "begin": "POST /TripOrchestrator/{trip_id}/BookTrip",
    "get": "POST /TripOrchestrator/{trip_id}/GetBooking",
    "signal approval": "POST /trips/{trip_id}/approval",
}
