"""Every call of an order goes wrong: it is whole, or nothing of it is left. The fixture `shop`
checks which of the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest

from runtime.system import System
from systems.orders.tests.calls import CALLS, FORWARD, HAND_OVER, PRICE, UNDONE
from systems.orders.tests.shop import ORCHESTRATOR, SCALE, Json, Shop, lines
from tests.support.every_call import Call, Case, EveryCall, Rehearsal
from tests.support.fault_proxy import Kind, about


@dataclass
class Orders(Rehearsal):
    """Orders of two parcels; of the second one a call goes wrong."""

    shop: Shop
    system: System

    calls, forward, done = CALLS, FORWARD, "fulfilled"
    told: ClassVar = {"cancelled": ["cancelled"], "fulfilled": ["on-its-way"]}
    orchestrator = ORCHESTRATOR

    def __post_init__(self) -> None:
        self.proxies = self.shop.proxies

    def case(self, name: str, call: Call) -> Case:
        """The price of an order is asked without its name, and so told by an article."""
        order_id = self.shop.order_id(name)
        wanted, text = (lines(scale=1), SCALE) if call == PRICE else (None, order_id)
        matches = about(text, call.method, call.path)
        return Case(order_id, matches, lambda: self.shop.place(order_id, wanted))

    def ended(self, case_id: str) -> Json:
        return self.shop.ended(case_id)

    def parked(self, case_id: str) -> Json:
        return self.shop.parked(case_id)

    def ask(self, case_id: str, what: str) -> httpx.Response:
        return self.shop.ask(case_id, what)

    def undone_after(self, call: Call) -> list[str]:
        steps = [each.step for each in CALLS[: CALLS.index(call) + 1]]
        return [UNDONE[step] for step in reversed(steps) if step in UNDONE]

    def refused_as(self, call: Call) -> str:
        return "failed" if call.step == "keep stock" else "rejected"

    def going_forward(self, _: Kind) -> Sequence[Call]:
        """The other parcel has passed the pivot."""
        return self.forward

    def mails_of(self, case_id: str) -> list[str]:
        return self.shop.mails_of(case_id)


@pytest.fixture
def rehearsal(shop: Shop, system: System) -> Orders:
    return Orders(shop, system)


class TestOrders(EveryCall):
    def test_a_hand_over_that_is_refused_undoes_all(self, rehearsal: Orders) -> None:
        shop, order_id = rehearsal.shop, rehearsal.shop.order_id("kept")
        with shop.proxies[HAND_OVER.service].fault(
            "refused", lambda seen: order_id in seen.path and seen.path.endswith("/hand-over")
        ):
            shop.place(order_id)
            order = shop.ended(order_id)
        assert (order["status"], order["halt"]["step"]) == ("rejected", "hand over")
        rehearsal.check_undone(order, CALLS[-1])
