"""The sample trip: the quick start's booking, through the orchestrator's sidecar."""

from datetime import UTC, datetime
from typing import Any

import httpx

from runtime.errors import SetupError

BOOKING: dict[str, Any] = {
    "customerId": "customer-123",
    "customerEmail": "alice@example.com",
    "flight": {"from": "SFO", "to": "JFK", "date": "2024-12-15", "passengers": 2},
    "hotel": {"city": "New York", "checkIn": "2024-12-15", "checkOut": "2024-12-18", "guests": 2},
}


def book(sidecar_url: str) -> dict[str, Any]:
    """Book a new trip and return it as confirmed. Raises SetupError when it is not."""
    trip_id = f"sample-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    method = f"/v1.0/invoke/trip-orchestrator/method/TripOrchestrator/{trip_id}/BookTrip"
    print(f"Booking a sample trip: POST {sidecar_url}{method}", flush=True)
    try:
        answer = httpx.post(sidecar_url + method, json=BOOKING, timeout=60)
    except httpx.HTTPError as fault:
        raise SetupError(f"The sample trip could not be booked: {fault!r}") from fault
    if answer.status_code != 200:
        raise SetupError(f"The sample trip was answered {answer.status_code}: {answer.text}")
    trip: dict[str, Any] = answer.json()
    return trip
