"""The running system as a test meets it: book trips, look, break things, check what is left."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.support.fault_proxy import FaultProxy
from tests.support.variant import REPLICAS
from tests.support.waiting import until

FLIGHT, HOTEL = "flight-service", "hotel-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"
ORCHESTRATOR = "trip-orchestrator"
TERMINAL = ("confirmed", "rejected", "cancelled", "failed")

# So many trips met every replica of the orchestrator, most likely.
_IN_A_ROW = 1 if REPLICAS == 1 else 4 * REPLICAS

_serial = count(1)


def fresh_day() -> date:
    """Return a day on which nothing was booked yet."""
    return date(2030, 1, 1) + timedelta(days=next(_serial) * 7)


def booking(day: date, **changes: Any) -> dict[str, Any]:
    """Return a booking for two from SFO to New York, three nights from ``day`` on."""
    body: dict[str, Any] = {
        "customerId": "customer-123",
        "customerEmail": "alice@example.com",
        "flight": {"from": "SFO", "to": "JFK", "date": day.isoformat(), "passengers": 2},
        "hotel": {
            "city": "New York",
            "checkIn": day.isoformat(),
            "checkOut": (day + timedelta(days=3)).isoformat(),
            "guests": 2,
        },
    }
    for part in ("flight", "hotel"):
        body[part] |= changes.pop(part, {})
    return body | changes


@dataclass
class World:
    """Clients of every app, the proxies in front of the services, and the trips of this test."""

    orchestrator: httpx.Client
    services: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    mails: Path
    trips: list[str] = field(default_factory=list)

    def trip_id(self, name: str = "t") -> str:
        """Return a new trip id."""
        return f"{name}-{next(_serial):06d}"

    def request(self, day: date | None = None, **changes: Any) -> dict[str, Any]:
        """Return a `booking`, on a day of its own unless one is given."""
        return booking(day or fresh_day(), **changes)

    def book(self, trip_id: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Book and return the answer."""
        self.trips.append(trip_id)
        return self.orchestrator.put(f"/trips/{trip_id}", json=body, headers=headers)

    def works_again(self) -> None:
        """Wait until trips are confirmed: a circuit breaker may still be open for 5 s, in each
        replica of the orchestrator's sidecar."""
        for _ in range(_IN_A_ROW):
            until(
                lambda: self.book(self.trip_id("again"), self.request()).status_code,
                lambda status: status == 200,
                "a trip to be confirmed again",
            )

    def trip(self, trip_id: str) -> dict[str, Any]:
        """Return the trip as it is now."""
        answer = self.orchestrator.get(f"/trips/{trip_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, trip_id: str, within: float = 60, but_not: str = "") -> dict[str, Any]:
        """Return the trip once it has ended, in another way than ``but_not``."""
        return until(
            lambda: self.trip(trip_id),
            lambda trip: trip["status"] in TERMINAL and trip["status"] != but_not,
            f"{trip_id} to end",
            within,
        )

    def helped(self, trip_id: str, within: float = 60) -> dict[str, Any]:
        """Return the trip once it has ended; whenever it needs attention, it is told to go on."""

        def trip() -> dict[str, Any]:
            found = self.trip(trip_id)
            if found["status"] == "needs_attention":
                self.orchestrator.post(f"/trips/{trip_id}/resume")
            return found

        return until(trip, lambda seen: seen["status"] in TERMINAL, f"{trip_id} to end", within)

    def reservation(self, service: str, reservation_id: str) -> dict[str, Any] | None:
        return self._look(service, f"/reservations/{reservation_id}")

    def charge(self, trip_id: str) -> dict[str, Any] | None:
        return self._look(PAYMENT, f"/charges/{trip_id}:payment")

    def mails_of(self, trip_id: str, word: str = "confirmed") -> list[Path]:
        return list(self.mails.glob(f"*-{trip_id}-is-{word}-*.eml"))

    def audit(self, trip_id: str) -> list[dict[str, Any]]:
        """Return the trip's audit trail."""
        answer = self.orchestrator.get(f"/trips/{trip_id}/audit")
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def seats_left(self, request: dict[str, Any]) -> dict[str, int]:
        """Return the seats left on the request's day, by offer."""
        wanted = {k: v for k, v in request["flight"].items() if k != "offerId"}
        offers = self.services[FLIGHT].post("/search", json=wanted | {"passengers": 1}).json()
        return {offer["offerId"]: offer["seatsLeft"] for offer in offers["offers"]}

    def rooms_left(self, request: dict[str, Any]) -> dict[str, int]:
        """Return the rooms left during the request's stay, by offer."""
        wanted = {k: v for k, v in request["hotel"].items() if k != "offerId"}
        offers = self.services[HOTEL].post("/search", json=wanted | {"guests": 1}).json()
        return {offer["offerId"]: offer["roomsLeft"] for offer in offers["offers"]}

    def check_invariants(self) -> None:
        """Fail unless every trip of this test is whole, or left nothing behind."""
        for trip_id in dict.fromkeys(self.trips):
            answer = self.orchestrator.get(f"/trips/{trip_id}")
            if answer.status_code in (404, 422):
                self._check_nothing_left(trip_id)
                continue
            trip = self.ended(trip_id)
            if trip["status"] == "confirmed":
                self._check_whole(trip)
            else:
                self._check_nothing_left(trip_id, told=int(trip["status"] == "cancelled"))

    def _check_whole(self, trip: dict[str, Any]) -> None:
        trip_id = trip["tripId"]
        for service, kind in ((FLIGHT, "flight"), (HOTEL, "hotel")):
            kept = self.reservation(service, f"{trip_id}:{kind}")
            assert kept is not None
            assert kept["status"] == "confirmed"
            assert kept["price"] == trip[kind]["price"]
        assert _balance(self.charge(trip_id)) == trip["total"]["amount"]
        assert len(self.mails_of(trip_id)) == 1

    def _check_nothing_left(self, trip_id: str, told: int = 0) -> None:
        """``told``: how many confirmations the customer may have had before it was undone."""
        for service, kind in ((FLIGHT, "flight"), (HOTEL, "hotel")):
            kept = self.reservation(service, f"{trip_id}:{kind}")
            assert kept is None or kept["status"] in ("cancelled", "expired"), kept
        assert _balance(self.charge(trip_id)) == 0
        assert len(self.mails_of(trip_id)) <= told

    def _look(self, service: str, path: str) -> dict[str, Any] | None:
        answer = self.services[service].get(path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _balance(charge: dict[str, Any] | None) -> int:
    return sum(posting["amount"] for posting in charge["postings"]) if charge else 0
