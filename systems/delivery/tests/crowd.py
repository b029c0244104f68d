"""A town full of orders and drivers, some of whom are unreliable; and what must be true of it."""

import asyncio
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

from base.sidecar import Sidecar, SidecarSettings
from runtime.system import System
from systems.delivery.city.city import City, CitySettings
from systems.delivery.city.clients import Clients
from systems.delivery.tests.conftest import SPEED
from systems.delivery.tests.town import CITY, Town
from systems.delivery.words import EXAMPLE

_DISHES = {
    "elbblick": ("sauerbraten", "soup"),
    "neustadt-grill": ("doner", "ayran"),
    "zwinger-cafe": ("quiche", "cake"),
}


@contextmanager
def living(system: System, seed: int, drivers: int) -> Iterator[None]:
    """Let kitchens and so many drivers of Dresden live inside the block: a third of the drivers
    decline, give back or vanish, and some orders are denied."""
    settings = CitySettings(
        city_seed=str(seed),
        city_drivers=drivers,
        city_unreliable_percent=33,
        city_denies_percent=5,
        city_town="dresden",
        speed=float(SPEED),
    )
    port = int(system.sidecar_url(CITY).rpartition(":")[2])
    stop = threading.Event()

    async def live() -> None:
        sidecar = Sidecar(SidecarSettings(dapr_http_port=port))
        city = asyncio.create_task(City(settings, Clients(sidecar)).run())
        await asyncio.to_thread(stop.wait)
        city.cancel()
        await asyncio.gather(city, return_exceptions=True)
        await sidecar.close()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def body(draw: random.Random) -> dict[str, Any]:
    """Return an order in Dresden."""
    restaurant = draw.choice(list(_DISHES))
    dishes = draw.sample(_DISHES[restaurant], draw.randint(1, 2))
    return EXAMPLE | {
        "restaurant": restaurant,
        "lines": [{"dish": dish, "quantity": draw.randint(1, 3)} for dish in dishes],
        "door": {
            "address": "Königsbrücker Straße 1",
            "latitude": 51.058 + draw.uniform(-0.008, 0.008),
            "longitude": 13.743 + draw.uniform(-0.01, 0.01),
        },
        "tip": {"percent": draw.choice([0, 5, 10])},
        "paymentMethod": draw.choice(["pm_card_visa"] * 15 + ["pm_card_chargeDeclined"]),
    }


def check(town: Town, orders: list[str]) -> Counter[str]:
    """Fail unless no driver had two jobs at once, no order is forgotten, and the books balance;
    return how the orders ended."""
    ended = [town.order(order_id) for order_id in orders]
    _check_jobs([offer for order in ended for offer in town.offers(order)])
    _check_money(town, ended)
    return Counter(order["status"] for order in ended)


def _check_jobs(offers: list[dict[str, Any]]) -> None:
    jobs = defaultdict(list)
    for offer in offers:
        assert offer["endedAt"], f"{offer} is forgotten"
        if offer["acceptedAt"]:
            began, over = (datetime.fromisoformat(offer[n]) for n in ("acceptedAt", "endedAt"))
            jobs[offer["driver"]].append((began, over, offer["id"]))
    for driver, had in jobs.items():
        for before, after in pairwise(sorted(had)):
            assert before[1] <= after[0], f"{driver} had {before[2]} and {after[2]} at once"


def _check_money(town: Town, ended: list[dict[str, Any]]) -> None:
    """What was captured and not refunded is what restaurants, drivers and the platform got, each as
    its own service has it."""
    captured = refunded = restaurants = drivers = platform = 0
    for order in ended:
        order_id, bill = order["deliveryId"], order["results"].get("bill")
        paid, ticket = town.payment(order_id), town.ticket(order_id)
        captured += paid["captured"]["amount"] if paid else 0
        refunded += paid["refunded"]["amount"] if paid else 0
        pays = ((ticket or {}).get("payout") or {"amount": 0})["amount"]
        fee = ((ticket or {}).get("fee") or {"amount": 0})["amount"]
        restaurants += pays
        drivers += sum(offer["payout"] or 0 for offer in town.offers(order))
        platform += bill["platform"]["amount"] if bill else fee - pays
    assert captured - refunded == restaurants + drivers + platform
    assert captured > 0
