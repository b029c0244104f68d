"""The running system of orders as a test meets it: place orders, look, and check what is left."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from systems.orders.words import EXAMPLE
from tests.support.fault_proxy import FaultProxy, Seen
from tests.support.waiting import until

INVENTORY, WAREHOUSE, SHIPPING = "inventory-service", "warehouse-service", "shipping-service"
PAYMENT, NOTIFICATION = "payment-service", "notification-service"
ORCHESTRATOR = "order-orchestrator"
SERVICES = (INVENTORY, WAREHOUSE, SHIPPING, PAYMENT, NOTIFICATION)
TERMINAL = ("fulfilled", "rejected", "cancelled", "failed")
PARCELS = range(1, 4)
BOWL, KETTLE, SCALE = "BOWL-KINTSUGI", "KETTLE-GOOSENECK", "SCALE-POCKET"
PRICES = {BOWL: 19_900, KETTLE: 8_450, SCALE: 2_490}

_serial = count(1)

Json = dict[str, Any]


def lines(**quantities: int) -> list[Json]:
    """Return the lines of an order, ``bowl=2`` for two bowls."""
    skus = {"bowl": BOWL, "kettle": KETTLE, "scale": SCALE, "tin": "TIN-CHERRY"}
    return [{"sku": skus[name], "quantity": many} for name, many in quantities.items()]


def job_about(order_id: str) -> Callable[[Seen], bool]:
    """Match the jobs of an order that a sidecar brings back: packing in the warehouse, and the
    carrier of ours. Held, they leave that to the test."""
    return lambda seen: seen.path.startswith("/job/") and order_id in seen.body


@dataclass
class Shop:
    """Clients of every app, the proxies in front of the services, and the orders of this test."""

    orchestrator: httpx.Client
    services: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    mails: Path
    orders: list[str] = field(default_factory=list)
    received: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.before = self.stock()

    def order_id(self, name: str = "o") -> str:
        """Return a new order id."""
        return f"{name}-{next(_serial):06d}"

    def place(self, order_id: str, wanted: list[Json] | None = None, **changes: Any) -> Json:
        """Place an order without waiting for its end; ``wanted`` are its lines, else those of two
        parcels."""
        answer = self.put(order_id, self.request(order_id, wanted, **changes))
        assert answer.status_code == 202, answer.text
        placed: Json = answer.json()
        return placed

    def request(self, order_id: str, wanted: list[Json] | None = None, **changes: Any) -> Json:
        """Return an order; its id is in the address, so that every call of it can be told."""
        address = EXAMPLE["address"] | {"name": f"Alice {order_id}"}
        return EXAMPLE | {"address": address} | ({"lines": wanted} if wanted else {}) | changes

    def put(self, order_id: str, body: Json, prefer: str = "respond-async") -> httpx.Response:
        self.orders.append(order_id)
        headers = {"Prefer": prefer} if prefer else {}
        return self.orchestrator.put(f"/orders/{order_id}", json=body, headers=headers)

    def order(self, order_id: str) -> Json:
        """Return the order as it is now."""
        answer = self.orchestrator.get(f"/orders/{order_id}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def ended(self, order_id: str, within: float = 60) -> Json:
        """Return the order once it has ended."""
        return until(
            lambda: self.order(order_id),
            lambda order: order["status"] in TERMINAL,
            f"{order_id} to end",
            within,
        )

    def at(self, order_id: str, step: str, within: float = 30) -> Json:
        """Return the order once this step of it runs, or is waited for."""
        return until(
            lambda: self.order(order_id),
            lambda order: step in (order.get("step") or "").split(", "),
            f"{order_id} to come to {step}",
            within,
        )

    def parked(self, order_id: str) -> Json:
        """Return the order once it needs attention."""
        return until(
            lambda: self.order(order_id),
            lambda order: order["status"] == "needs_attention",
            f"{order_id} to need attention",
        )

    def ask(self, order_id: str, what: str, **word: Any) -> httpx.Response:
        """Ask something of an order: ``cancel``, ``resume`` or ``signals/…``."""
        return self.orchestrator.post(f"/orders/{order_id}/{what}", json=word)

    def decide(self, order_id: str, choice: str) -> None:
        """Decide on a shortage, as soon as that is waited for."""
        until(
            lambda: self.ask(order_id, "signals/shortage", choice=choice).status_code,
            lambda status: status == 202,
            f"{order_id} to wait for a decision",
        )

    def audit(self, order_id: str) -> list[Json]:
        answer = self.orchestrator.get(f"/orders/{order_id}/audit")
        answer.raise_for_status()
        found: list[Json] = answer.json()
        return found

    def stock(self) -> dict[str, Json]:
        """Return how many pieces of each article are where."""
        answer = self.services[INVENTORY].get("/stock")
        answer.raise_for_status()
        return {line["sku"]: line for line in answer.json()["articles"]}

    def have(self, sku: str, **on_hand: int) -> None:
        """Take goods in, or find them missing, so that each warehouse has so many on hand."""
        there = self.stock()[sku]["warehouses"]
        for warehouse in ("berlin", "chicago", "osaka"):
            there_is = there.get(warehouse, {"onHand": 0})["onHand"]
            self.receive(sku, warehouse, on_hand.get(warehouse, 0) - there_is)

    def receive(self, sku: str, warehouse: str, quantity: int) -> None:
        body = {"sku": sku, "warehouse": warehouse, "quantity": quantity}
        answer = self.services[INVENTORY].put(f"/receipts/r-{next(_serial):06d}", json=body)
        answer.raise_for_status()
        self.received[sku] += quantity

    def reservation(self, order_id: str) -> Json | None:
        return self._look(INVENTORY, f"/reservations/{order_id}:stock")

    def payment(self, order_id: str) -> Json | None:
        return self._look(PAYMENT, f"/payments/{order_id}:payment")

    def picks(self, order_id: str) -> dict[int, Json]:
        """Return the picks of an order, by the number of the parcel."""
        return self._by_parcel(WAREHOUSE, f"/picks/{order_id}:pick")

    def labels(self, order_id: str) -> dict[int, Json]:
        """Return the labels of an order, by the number of the parcel."""
        return self._by_parcel(SHIPPING, f"/labels/{order_id}:label")

    def net(self, order_id: str) -> int:
        """Return what was captured less what was refunded, in minor units."""
        paid = self.payment(order_id)
        return int(paid["captured"]["amount"] - paid["refunded"]["amount"]) if paid else 0

    def mails_of(self, order_id: str) -> list[str]:
        """Return what the mails about an order say it is: ``on its way``, ``cancelled``, …"""
        words = ("on-its-way", "cancelled", "refunded", "could-not-be-fulfilled")
        found = [path.name for path in self.mails.glob(f"*{order_id}-*.eml")]
        return sorted(next(word for word in words if word in name) for name in found)

    def carrier_tells(
        self, order_id: str, parcel: int, status: str, hour: int, event_id: str = ""
    ) -> httpx.Response:
        """Tell what the carrier found at an hour of its day, through its webhook."""
        number = self.labels(order_id)[parcel]["trackingNumber"]
        body = {
            "eventId": event_id or f"{number}-{hour}",
            "trackingNumber": number,
            "status": status,
            "at": datetime(2030, 1, 1, hour, tzinfo=UTC).isoformat(),
        }
        return self.services[SHIPPING].post("/carrier-events", json=body)

    def check_invariants(self) -> None:
        """Fail unless every order of this test is whole or left nothing, and no piece is lost."""
        shipped = Counter[str]()
        for order_id in dict.fromkeys(self.orders):
            order = self.ended(order_id)
            if order["status"] == "fulfilled":
                shipped += self._check_whole(order_id)
            else:
                self._check_nothing_left(order_id)
        self._check_stock(shipped)

    def _check_whole(self, order_id: str) -> Counter[str]:
        """Return how many pieces of each article the order took away."""
        kept = self.reservation(order_id)
        assert kept is not None
        assert kept["status"] == "confirmed", kept
        picks, labels = self.picks(order_id), self.labels(order_id)
        numbers = [parcel["number"] for parcel in kept["parcels"]]
        assert numbers == sorted(picks) == sorted(labels)
        assert {pick["status"] for pick in picks.values()} == {"handed_over"}
        tracked = {number: label["trackingNumber"] for number, label in labels.items()}
        assert {number: pick["trackingNumber"] for number, pick in picks.items()} == tracked
        ends = {number: label["status"] for number, label in labels.items()}
        assert set(ends.values()) <= {"delivered", "lost", "returned"}, ends
        for parcel in kept["parcels"]:
            back = ends[parcel["number"]] == "returned"
            assert parcel["status"] == ("returned" if back else "shipped"), kept
        paid_for = [p for p in kept["parcels"] if ends[p["number"]] == "delivered"]
        assert self.net(order_id) == sum(parcel["price"]["amount"] for parcel in paid_for)
        refunded = len(kept["parcels"]) - len(paid_for)
        assert self.mails_of(order_id) == ["on-its-way"] + ["refunded"] * refunded
        gone = [p for p in kept["parcels"] if p["status"] == "shipped"]
        return Counter({line["sku"]: 0 for p in gone for line in p["lines"]}) + sum(
            (Counter({line["sku"]: line["quantity"]}) for p in gone for line in p["lines"]),
            Counter(),
        )

    def _check_nothing_left(self, order_id: str) -> None:
        kept, paid = self.reservation(order_id), self.payment(order_id)
        assert kept is None or kept["status"] in ("cancelled", "expired"), kept
        assert kept is None or {p["status"] for p in kept["parcels"]} <= {"released"}, kept
        assert paid is None or paid["status"] in ("cancelled", "declined"), paid
        assert self.net(order_id) == 0
        assert {pick["status"] for pick in self.picks(order_id).values()} <= {"put_back"}
        assert {label["status"] for label in self.labels(order_id).values()} <= {"voided"}
        assert "on-its-way" not in self.mails_of(order_id)

    def _check_stock(self, shipped: Counter[str]) -> None:
        """What left the shelves since the test began is what its orders took, and was received."""
        for sku, now in self.stock().items():
            assert now["onHand"] + now["reserved"] + now["shipped"] == now["received"], now
            was = self.before[sku]
            assert now["reserved"] == was["reserved"], now
            assert now["shipped"] - was["shipped"] == shipped[sku], now
            assert now["received"] - was["received"] == self.received[sku], now

    def _by_parcel(self, service: str, path: str) -> dict[int, Json]:
        found = {number: self._look(service, f"{path}-{number}") for number in PARCELS}
        return {number: state for number, state in found.items() if state is not None}

    def _look(self, service: str, path: str) -> Json | None:
        answer = self.services[service].get(path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: Json = answer.json()
        return found
