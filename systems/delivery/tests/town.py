"""The running system of deliveries as a test meets it: order, cook, drive, and check what is left.

The kitchens and drivers of Berlin are the simulated city's; those of Potsdam are the test's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from systems.delivery.steps import OFFERS
from systems.delivery.words import EXAMPLE
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until

RESTAURANTS, DRIVERS = "restaurant-service", "driver-service"
PAYMENT, NOTIFICATION, CITY = "payment-service", "notification-service", "city"
ORCHESTRATOR = "delivery-orchestrator"
SERVICES = (RESTAURANTS, DRIVERS, PAYMENT, NOTIFICATION)
TERMINAL = ("delivered", "rejected", "cancelled", "failed")
HAFEN = {"latitude": 52.3990, "longitude": 13.0600}
FOOD, RIDE = 2 * 1290 + 520, 199 + 84  # it is 1,058 m to the door

_serial = count(1)

Json = dict[str, Any]


@dataclass
class Town:
    """Clients of every app, the proxies in front of the services, and the orders of this test."""

    orchestrator: httpx.Client
    services: dict[str, httpx.Client]
    proxies: dict[str, FaultProxy]
    mails: Path
    orders: list[str] = field(default_factory=list)
    drivers: set[str] = field(default_factory=set)

    def order_id(self, name: str = "d") -> str:
        """Return a new id."""
        return f"{name}-{next(_serial):06d}"

    def request(self, order_id: str, **changes: Any) -> Json:
        """Return an order in Berlin; its id can be told from its longitude too."""
        door = EXAMPLE["door"] | {"longitude": longitude(order_id)}
        return EXAMPLE | {"door": door} | changes

    def by_hand(self, **changes: Any) -> Json:
        """Return an order in Potsdam, where nobody cooks or drives but the test."""
        door = {"address": "Am Kanal 1", "latitude": 52.4085, "longitude": 13.0610}
        lines = [{"dish": "herring", "quantity": 2}, {"dish": "pudding", "quantity": 1}]
        tip = {"percent": 0}
        return (
            EXAMPLE
            | {"restaurant": "zum-hafen", "lines": lines, "door": door, "tip": tip}
            | changes
        )

    def put(self, order_id: str, body: Json) -> httpx.Response:
        self.orders.append(order_id)
        headers = {"Prefer": "respond-async"}
        return self.orchestrator.put(f"/deliveries/{order_id}", json=body, headers=headers)

    def place(self, order_id: str, **changes: Any) -> None:
        """Place an order in Berlin without waiting for its end."""
        answer = self.put(order_id, self.request(order_id, **changes))
        assert answer.status_code == 202, answer.text

    def place_by_hand(self, name: str, **changes: Any) -> str:
        """Place an order in Potsdam; return its id once the restaurant has it."""
        order_id = self.order_id(name)
        answer = self.put(order_id, self.by_hand(**changes))
        assert answer.status_code == 202, answer.text
        self.at(order_id, "answer")
        return order_id

    def order(self, order_id: str) -> Json:
        """Return the order as it is now."""
        answer = self.orchestrator.get(f"/deliveries/{order_id}")
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def ended(self, order_id: str, within: float = 90) -> Json:
        """Return the order once it has ended."""
        return self._once(order_id, lambda o: o["status"] in TERMINAL, "end", within)

    def at(self, order_id: str, step: str) -> Json:
        """Return the order once this step of it runs, or is waited for."""
        return self._once(
            order_id, lambda o: step in (o.get("step") or "").split(", "), f"come to {step}"
        )

    def phase(self, order_id: str, phase: str) -> Json:
        """Return the order once it is in this phase."""
        return self._once(order_id, lambda o: o["phase"] == phase, f"be {phase}")

    def parked(self, order_id: str) -> Json:
        """Return the order once it needs attention."""
        return self._once(order_id, lambda o: o["status"] == "needs_attention", "need attention")

    def ask(self, order_id: str, what: str, **word: Any) -> httpx.Response:
        """Ask something of an order: ``cancel``, ``resume`` or ``signals/…``."""
        return self.orchestrator.post(f"/deliveries/{order_id}/{what}", json=word)

    def audit(self, order_id: str) -> list[Json]:
        answer = self.orchestrator.get(f"/deliveries/{order_id}/audit")
        answer.raise_for_status()
        found: list[Json] = answer.json()
        return found

    def kitchen(self, order_id: str, deed: str) -> httpx.Response:
        """Say something as the restaurant: ``accept``, ``deny``, ``ready``, ``fail``."""
        return self.services[RESTAURANTS].post(f"/tickets/{order_id}:ticket/{deed}")

    def accepts(self, order_id: str) -> None:
        assert self.kitchen(order_id, "accept").status_code == 200

    def drives(self, driver: str, metres: float = 0, online: bool = True) -> Json:
        """Say where a driver of Potsdam is: so far north of the restaurant."""
        self.drivers.add(driver)
        place = HAFEN | {"latitude": HAFEN["latitude"] + metres / 111_195, "online": online}
        answer = self.services[DRIVERS].put(f"/drivers/{driver}/position", json=place)
        answer.raise_for_status()
        seen: Json = answer.json()
        return seen

    def offered(self, driver: str, metres: float = 0) -> str:
        """Return the id of the offer that a driver is made."""
        seen = until(
            lambda: self.drives(driver, metres).get("offer"),
            lambda offer: bool(offer and offer["status"] == "offered"),
            f"{driver} to be offered something",
        )
        assert seen is not None
        return str(seen["id"])

    def driver(self, offer_id: str, deed: str, **body: Any) -> httpx.Response:
        """Say something as a driver: ``accept``, ``decline``, ``arrive``, ``deliver``."""
        return self.services[DRIVERS].post(f"/offers/{offer_id}/{deed}", json=body or None)

    def does(self, offer_id: str, *deeds: str) -> None:
        """Do these, each of which works."""
        for deed in deeds:
            answer = self.driver(offer_id, deed)
            assert answer.status_code == 200, answer.text

    def delivers(self, order_id: str, offer_id: str) -> None:
        """Ride to the door as soon as the food is picked up, and be told the PIN."""
        self.phase(order_id, "on_the_way")
        self.has(offer_id, "riding")
        pin = self.services[DRIVERS].get(f"/pins/{order_id}").json()["pin"]
        answer = self.driver(offer_id, "deliver", pin=pin)
        assert answer.status_code == 200, answer.text

    def has(self, offer_id: str, status: str) -> None:
        """Wait until an offer has this status."""
        until(
            lambda: self.offer(offer_id),
            lambda offer: offer is not None and offer["status"] == status,
            f"{offer_id} to be {status}",
        )

    def goes_home(self, driver: str) -> None:
        self.drives(driver, online=False)

    def go_home(self) -> None:
        """Let every driver of the test go home."""
        for driver in self.drivers:
            self.goes_home(driver)

    def ticket(self, order_id: str) -> Json | None:
        return self._look(RESTAURANTS, f"/tickets/{order_id}:ticket")

    def offer(self, offer_id: str) -> Json | None:
        return self._look(DRIVERS, f"/offers/{offer_id}")

    def offers(self, order: Json) -> list[Json]:
        """Return the offers of an order, in their order."""
        order_id = order["deliveryId"]
        begun = {step.get("resource") for step in order["steps"]}
        ids = [id_ for offer in OFFERS if (id_ := f"{order_id}:{offer.resource}") in begun]
        found = [offer for offer_id in ids if (offer := self.offer(offer_id))]
        return [offer for offer in found if offer["driver"]]

    def payment(self, order_id: str) -> Json | None:
        return self._look(PAYMENT, f"/payments/{order_id}:payment")

    def net(self, order_id: str) -> int:
        """Return what was captured less what was refunded, in minor units."""
        paid = self.payment(order_id)
        return int(paid["captured"]["amount"] - paid["refunded"]["amount"]) if paid else 0

    def mails_of(self, order_id: str) -> list[str]:
        """Return what the mails about an order say it is."""
        words = ("receipt", "cancelled", "could-not-be-brought")
        found = [path.name for path in self.mails.glob(f"*{order_id}*.eml")]
        return sorted(next(word for word in words if word in name) for name in found)

    def check_invariants(self) -> None:
        """Fail unless every order of this test is whole or left nothing but the fee for it, and no
        driver of it has anything in hand."""
        for order_id in dict.fromkeys(self.orders):
            order = self.ended(order_id)
            if order["status"] == "delivered":
                self._check_whole(order)
            else:
                self._check_nothing_left(order)
        for driver in self.drivers:
            assert self.drives(driver, online=False)["offer"] is None

    def _check_whole(self, order: Json) -> None:
        order_id, bill = order["deliveryId"], order["results"]["bill"]
        ticket, offers = self.ticket(order_id), self.offers(order)
        assert ticket is not None
        assert (ticket["status"], ticket["payout"]) == ("handed_over", bill["restaurant"])
        [brought] = [offer for offer in offers if offer["status"] == "delivered"]
        assert (brought["driver"], brought["payout"]) == (
            ticket["driver"],
            bill["driver"]["amount"],
        )
        assert not {o["status"] for o in offers} & {
            "offered",
            "accepted",
            "arrived",
            "picked_up",
            "riding",
        }
        parts = [bill[name]["amount"] for name in ("restaurant", "driver", "platform")]
        assert self.net(order_id) == sum(parts) == bill["captured"]["amount"]
        assert self.mails_of(order_id) == ["receipt"]

    def _check_nothing_left(self, order: Json) -> None:
        order_id = order["deliveryId"]
        ticket, paid = self.ticket(order_id), self.payment(order_id)
        assert ticket is None or ticket["status"] == "cancelled", ticket
        assert paid is None or paid["status"] in ("cancelled", "declined"), paid
        fee = ((ticket or {}).get("fee") or {"amount": 0})["amount"]
        assert self.net(order_id) == fee
        by_customer = (order.get("halt") or {}).get("reason") == "cancelled_by_customer"
        assert fee == 0 or by_customer, "only who cancels pays"
        over = {"declined", "expired", "withdrawn", "given_back", "lost"}
        assert {offer["status"] for offer in self.offers(order)} <= over
        assert "receipt" not in self.mails_of(order_id)

    def _once(
        self, order_id: str, good: Callable[[Json], bool], what: str, within: float = 30
    ) -> Json:
        return until(lambda: self.order(order_id), good, f"{order_id} to {what}", within)

    def _look(self, service: str, path: str) -> Json | None:
        answer = self.services[service].get(path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: Json = answer.json()
        return found


def longitude(order_id: str) -> float:
    """Return where an order goes: a place of its own, and no number begins with another."""
    return round(13.4 + int(order_id.rpartition("-")[2]) / 1_000_000 + 5e-7, 7)
