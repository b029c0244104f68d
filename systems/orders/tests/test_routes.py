"""The participants of an order over HTTP, with a store in memory behind them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from base.clock import utc_now
from base.wire import Wire
from kit.documents import Documents
from kit.expiry import Clearing
from kit.once import Deed, Deeds
from systems.orders.inventory import app as inventory
from systems.orders.inventory.books import Books
from systems.orders.inventory.stock import Stock
from systems.orders.shipping import app as shipping
from systems.orders.shipping.carrier import Carrier, CarrierSettings
from systems.orders.shipping.labels import Label
from systems.orders.shipping.numbers import Given, Numbers
from systems.orders.warehouse import app as warehouse
from systems.orders.warehouse.packers import Packers, PackerSettings
from systems.orders.warehouse.picks import Pick
from tests.support.memory import MemoryStore

ADDRESS = {
    "countryCode": "DE",
    "name": "Alice Beispiel",
    "streetAddress": "Kastanienallee 7",
    "city": "Berlin",
    "postalCode": "10435",
}
LINES = [{"sku": "TEAPOT-IRON", "quantity": 1}, {"sku": "KETTLE-GOOSENECK", "quantity": 2}]
PICK = {"warehouse": "berlin", "lines": [{"sku": "CUP-STONEWARE", "quantity": 2}]}


class Dapr:
    """Keeps what is scheduled and told."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    async def schedule(self, _: str, __: object, data: Any) -> None:
        self.jobs.append(data)

    def tell(self, resource_id: str, signal: str, word: Wire) -> None:
        self.told.append((resource_id, signal, word.model_dump(mode="json", by_alias=True)))


class Web:
    """A client of one app."""

    def __init__(self, app: FastAPI, dapr: Dapr) -> None:
        self.app, self.dapr = app, dapr

    async def ask(self, request: str, body: Any = None) -> tuple[int, Any]:
        verb, path = request.split(" ")
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.request(verb, path, json=body)
            return answer.status_code, answer.json()

    async def done(self, request: str, body: Any = None) -> Any:
        """Return the answer of what has to succeed."""
        status, answer = await self.ask(request, body)
        assert status in (200, 202), answer
        return answer

    async def refused(self, status: int, reason: str, request: str, body: Any = None) -> Any:
        told, problem = await self.ask(request, body)
        assert (told, problem["reason"]) == (status, reason)
        return problem


def on(web: Web, play: Callable[[Web], Awaitable[None]]) -> None:
    async def live() -> None:
        await play(web)

    asyncio.run(live())


@pytest.fixture
def stock() -> Web:
    dapr, app = Dapr(), inventory.app
    books = Books(MemoryStore())  # type: ignore[arg-type]
    app.state.stock = app.state.expiry = Stock(books, Clearing(dapr, utc_now), utc_now)  # type: ignore[arg-type]
    return Web(app, dapr)


@pytest.fixture
def house() -> Web:
    dapr, app = Dapr(), warehouse.app
    app.state.deeds = Deeds("pick", Documents(MemoryStore(), "pick", Deed[Pick]))  # type: ignore[arg-type]
    app.state.packers = Packers(app.state.deeds, dapr, dapr, PackerSettings())  # type: ignore[arg-type]
    return Web(app, dapr)


@pytest.fixture
def carrier() -> Web:
    dapr, app, store = Dapr(), shipping.app, MemoryStore()
    app.state.deeds = Deeds("label", Documents(store, "label", Deed[Label]))  # type: ignore[arg-type]
    app.state.numbers = Numbers(Documents(store, "number", Given))  # type: ignore[arg-type]
    settings = CarrierSettings(carrier_seconds=1)
    app.state.carrier = Carrier(app.state.deeds, dapr, dapr, settings)  # type: ignore[arg-type]
    return Web(app, dapr)


def test_lines_are_priced_from_the_catalogue_and_those_of_one_article_count_together(
    stock: Web,
) -> None:
    async def play(web: Web) -> None:
        quote = await web.done("POST /quote", {"lines": [*LINES, LINES[0]]})
        assert [line["quantity"] for line in quote["lines"]] == [2, 2]
        assert quote["total"] == {"amount": 2 * 6900 + 2 * 8450, "currency": "USD"}
        unknown = {"lines": [{"sku": "MOON", "quantity": 1}]}
        await web.refused(422, "unknown_sku", "POST /quote", unknown)
        await web.refused(422, "unknown_sku", "PUT /reservations/o1:stock", unknown)
        received = {"sku": "MOON", "warehouse": "berlin", "quantity": 1}
        await web.refused(422, "unknown_sku", "PUT /receipts/d1", received)

    on(stock, play)


def test_parcels_are_shipped_returned_and_given_back_each_for_itself(stock: Web) -> None:
    async def play(web: Web) -> None:
        made = await web.done("PUT /reservations/o1:stock", {"lines": LINES})
        assert await web.done("PUT /reservations/o1:stock", {"lines": LINES}) == made
        shares = {p["warehouse"]: (p["price"]["amount"], p["weight"]) for p in made["parcels"]}
        assert shares == {"berlin": (6900, 1850), "chicago": (16900, 2480)}
        assert made["total"]["amount"] == 23800
        assert (await web.done("POST /reservations/o1:stock/confirm"))["status"] == "confirmed"
        for _ in range(2):
            shipped = await web.done("POST /reservations/o1:stock/ship", {"parcel": 1})
        assert [parcel["status"] for parcel in shipped["parcels"]] == ["shipped", "reserved"]
        for _ in range(2):
            over = await web.done("POST /reservations/o1:stock/cancel")
        assert (over["status"], [p["status"] for p in over["parcels"]]) == (
            "cancelled",
            ["shipped", "released"],
        )
        await web.refused(
            409, "reservation_cancelled", "POST /reservations/o1:stock/ship", {"parcel": 2}
        )
        await web.refused(
            409, "parcel_not_shipped", "POST /reservations/o1:stock/restock", {"parcel": 2}
        )
        await web.refused(404, "unknown_parcel", "POST /reservations/o1:stock/ship", {"parcel": 3})
        await web.done("POST /reservations/o1:stock/ship", {"parcel": 1})
        for _ in range(2):
            back = await web.done("POST /reservations/o1:stock/restock", {"parcel": 1})
        assert back["parcels"][0]["status"] == "returned"
        assert await web.done("GET /reservations/o1:stock") == back
        levels = await web.done("GET /stock")
        assert all(
            line["onHand"] == line["received"] and line["reserved"] == line["shipped"] == 0
            for line in levels["articles"]
        )

    on(stock, play)


def test_one_parcel_can_be_given_back_alone_and_not_be_shipped_then(stock: Web) -> None:
    async def play(web: Web) -> None:
        await web.done("PUT /reservations/o1:stock", {"lines": LINES})
        released = await web.done("POST /reservations/o1:stock/release", {"parcel": 2})
        assert [parcel["status"] for parcel in released["parcels"]] == ["reserved", "released"]
        path = "POST /reservations/o1:stock/ship"
        await web.refused(409, "parcel_released", path, {"parcel": 2})
        await web.done(path, {"parcel": 1})

    on(stock, play)


def test_a_shortage_says_what_is_missing_and_leaves_the_id_free_for_what_is_decided(
    stock: Web,
) -> None:
    async def play(web: Web) -> None:
        path, bowl = "PUT /reservations/o1:stock", {"sku": "BOWL-KINTSUGI", "quantity": 2}
        wanted = {"lines": [*LINES, bowl]}
        problem = await web.refused(409, "short", path, wanted)
        assert problem["missing"] == [bowl]
        assert "2 of 2 BOWL-KINTSUGI" in problem["detail"]
        await web.refused(404, "unknown_reservation", "GET /reservations/o1:stock")
        only = {"lines": [bowl], "partial": True}
        await web.refused(409, "short", "PUT /reservations/o2:stock", only)
        sent = await web.done(path, wanted | {"partial": True})
        assert sent["missing"] == [bowl]
        assert sent["total"]["amount"] == 23800
        await web.refused(409, "idempotency_conflict", path, wanted)
        received = {"sku": "BOWL-KINTSUGI", "warehouse": "osaka", "quantity": 2}
        assert await web.done("PUT /receipts/d1", received) == {"id": "d1", **received}
        waited = await web.done("PUT /reservations/o3:stock", wanted)
        assert waited["missing"] == []

    on(stock, play)


def test_a_cancel_that_comes_first_refuses_the_late_reservation(stock: Web) -> None:
    async def play(web: Web) -> None:
        gone = await web.done("POST /reservations/o1:stock/cancel")
        assert (gone["status"], gone["parcels"]) == ("cancelled", [])
        path = "PUT /reservations/o1:stock"
        await web.refused(409, "reservation_cancelled", path, {"lines": LINES})

    on(stock, play)


def test_the_job_of_a_shelf_answers(stock: Web) -> None:
    async def play(web: Web) -> None:
        job = "POST /job/expire-holds-TEAPOT-IRON-1"
        assert await web.done(job, {"pool": "TEAPOT-IRON"}) == {"expired": 0}

    on(stock, play)


def test_a_person_is_the_warehouse(house: Web) -> None:
    async def play(web: Web) -> None:
        assert (await web.ask("PUT /picks/o1:pick-1", PICK))[0] == 202
        assert (await web.done("GET /picks/o1:pick-1"))["status"] == "picking"
        over = {"trackingNumber": "CP473124829US"}
        await web.refused(409, "not_packed", "POST /picks/o1:pick-1/hand-over", over)
        assert (await web.done("POST /picks/o1:pick-1/pack"))["status"] == "packed"
        gone = await web.done("POST /picks/o1:pick-1/hand-over", over)
        assert (gone["status"], gone["trackingNumber"]) == ("handed_over", "CP473124829US")
        await web.refused(409, "handed_over", "POST /picks/o1:pick-1/undo")
        assert web.dapr.told == [("o1:pick-1", "packed", {"status": "packed"})]

    on(house, play)


def test_a_person_finds_less_than_was_to_be_picked(house: Web) -> None:
    async def play(web: Web) -> None:
        await web.done("PUT /picks/o1:pick-1", PICK)
        missing = {"missing": [{"sku": "CUP-STONEWARE", "quantity": 1}]}
        too_much = {"missing": [{"sku": "CUP-STONEWARE", "quantity": 3}]}
        await web.refused(422, "not_of_pick", "POST /picks/o1:pick-1/short", too_much)
        found = await web.done("POST /picks/o1:pick-1/short", missing)
        assert (found["status"], found["missing"]) == ("short", missing["missing"])
        assert web.dapr.told == [("o1:pick-1", "short_pick", missing)]
        assert (await web.done("POST /picks/o1:pick-1/undo"))["status"] == "put_back"

    on(house, play)


def test_the_packers_job_packs(house: Web) -> None:
    async def play(web: Web) -> None:
        await web.done("PUT /picks/o1:pick-1", PICK)
        await web.done("POST /job/pack-1", web.dapr.jobs[0])
        assert (await web.done("GET /picks/o1:pick-1"))["status"] == "packed"

    on(house, play)


def test_what_was_put_back_before_it_came_is_not_picked(house: Web) -> None:
    async def play(web: Web) -> None:
        gone = await web.done("POST /picks/o1:pick-1/undo")
        assert (gone["id"], gone["status"]) == ("o1:pick-1", "put_back")
        await web.refused(409, "undone", "PUT /picks/o1:pick-1", PICK)
        assert web.dapr.jobs == []
        await web.refused(404, "unknown_pick", "GET /picks/o1:pick-2")

    on(house, play)


def test_an_address_is_checked_by_the_rules_of_its_country(carrier: Web) -> None:
    async def play(web: Web) -> None:
        normal = await web.done("POST /addresses/check", {"address": ADDRESS})
        assert normal["address"]["city"] == "BERLIN"
        wrong = {"address": ADDRESS | {"postalCode": "1"}}
        problem = await web.refused(422, "invalid_address", "POST /addresses/check", wrong)
        assert problem["fields"] == {"postalCode": "invalid"}

    on(carrier, play)


def event(number: str, event_id: str, status: str, minute: int) -> dict[str, str]:
    at = f"2024-12-01T12:{minute:02}:00Z"
    return {"eventId": event_id, "trackingNumber": number, "status": status, "at": at}


def test_what_the_carrier_tells_twice_and_late_is_told_on_once(carrier: Web) -> None:
    async def play(web: Web) -> None:
        label = {"address": ADDRESS, "weight": 1850}
        bought = await web.done("PUT /labels/o1:label-1", label)
        assert await web.done("PUT /labels/o1:label-1", label) == bought
        assert bought["status"] == "bought"
        number = bought["trackingNumber"]
        for told in (("e3", "delivered", 3), ("e1", "in_transit", 1), ("e3", "delivered", 3)):
            await web.done("POST /carrier-events", event(number, *told))
        said = {"trackingNumber": number, "status": "delivered", "at": "2024-12-01T12:03:00.000Z"}
        assert web.dapr.told == [("o1:label-1", "carrier", said)]
        shown = await web.done("GET /labels/o1:label-1")
        assert (shown["status"], [e["id"] for e in shown["events"]]) == ("delivered", ["e1", "e3"])
        assert await web.done(f"GET /tracking/{number}") == shown
        await web.refused(409, "label_used", "POST /labels/o1:label-1/undo")

    on(carrier, play)


def test_a_label_is_voided_once_and_its_parcel_is_no_longer_heard_of(carrier: Web) -> None:
    async def play(web: Web) -> None:
        label = {"address": ADDRESS, "weight": 1850}
        number = (await web.done("PUT /labels/o1:label-1", label))["trackingNumber"]
        for _ in range(2):
            voided = await web.done("POST /labels/o1:label-1/undo")
        assert (voided["status"], voided["trackingNumber"]) == ("voided", number)
        await web.refused(409, "undone", "PUT /labels/o1:label-1", label)
        late = event(number, "e1", "in_transit", 1)
        await web.refused(409, "undone", "POST /carrier-events", late)
        assert web.dapr.told == []

    on(carrier, play)


def test_a_label_is_refused_for_what_no_carrier_takes(carrier: Web) -> None:
    async def play(web: Web) -> None:
        heavy = {"address": ADDRESS, "weight": 34_000}
        await web.refused(422, "too_heavy", "PUT /labels/o1:label-1", heavy)
        nowhere = {"address": ADDRESS | {"countryCode": "XX"}, "weight": 1}
        await web.refused(422, "invalid_address", "PUT /labels/o1:label-1", nowhere)
        unknown = event("CP000000005US", "e1", "lost", 1)
        await web.refused(404, "unknown_label", "POST /carrier-events", unknown)

    on(carrier, play)


@pytest.mark.parametrize("bad", [".hidden", "a" * 129])
def test_an_id_is_checked_on_every_route_of_what_is_done_once(carrier: Web, bad: str) -> None:
    async def play(web: Web) -> None:
        for request in (f"GET /labels/{bad}", f"POST /labels/{bad}/undo", f"PUT /labels/{bad}"):
            status, problem = await web.ask(request, {"address": ADDRESS, "weight": 1})
            assert (status, problem["reason"]) == (422, "invalid_request")

    on(carrier, play)


def test_the_sample_order_can_be_reserved_and_sent(stock: Web, carrier: Web) -> None:
    sample = json.loads((Path(__file__).parent.parent / "sample.json").read_text())

    async def reserve(web: Web) -> None:
        made = await web.done("PUT /reservations/o1:stock", {"lines": sample["lines"]})
        assert len(made["parcels"]) == 2

    async def check(web: Web) -> None:
        await web.done("POST /addresses/check", {"address": sample["address"]})

    on(stock, reserve)
    on(carrier, check)


def test_our_carrier_delivers_what_it_is_to_collect_once(carrier: Web) -> None:
    async def play(ship: Web) -> None:
        label = await ship.done("PUT /labels/o1:label-1", {"address": ADDRESS, "weight": 900})
        await ship.done("POST /labels/o1:label-1/collect")
        [job] = ship.dapr.jobs
        assert (await ship.done("POST /job/carry-x", job)) == {"status": "carried"}
        assert (await ship.done("POST /job/carry-x", job)) == {"status": "carried"}
        assert (await ship.done("GET /labels/o1:label-1"))["status"] == "delivered"
        [(resource, signal, word)] = ship.dapr.told
        assert (resource, signal) == ("o1:label-1", "carrier")
        assert (word["status"], word["trackingNumber"]) == ("delivered", label["trackingNumber"])

    on(carrier, play)
