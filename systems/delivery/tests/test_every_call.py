"""Every call of a delivery goes wrong: it is brought to the door, or nothing of it is left. The
fixture `town` checks which of the two."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest

from runtime.system import System
from systems.delivery.tests.calls import CALLS, FORWARD, HAND_OVER, PICK_UP, QUOTE, UNDONE
from systems.delivery.tests.town import ORCHESTRATOR, Json, Town, longitude
from tests.support.every_call import Call, Case, EveryCall, Rehearsal
from tests.support.fault_proxy import about


@dataclass
class Deliveries(Rehearsal):
    """Orders in Berlin, where the city cooks and drives."""

    town: Town
    system: System

    calls, forward, done = CALLS, FORWARD, "delivered"
    told: ClassVar = {"cancelled": ["cancelled"]}
    orchestrator = ORCHESTRATOR

    def __post_init__(self) -> None:
        self.proxies = self.town.proxies

    def case(self, name: str, call: Call) -> Case:
        """A quote does not name its order, and is told by where that goes."""
        order_id = self.town.order_id(name)
        text = str(longitude(order_id)) if call == QUOTE else order_id
        matches = about(text, call.method, call.path)
        return Case(order_id, matches, lambda: self.town.place(order_id))

    def ended(self, case_id: str) -> Json:
        return self.town.ended(case_id)

    def parked(self, case_id: str) -> Json:
        return self.town.parked(case_id)

    def ask(self, case_id: str, what: str) -> httpx.Response:
        return self.town.ask(case_id, what)

    def undone_after(self, call: Call) -> list[str]:
        begun = CALLS[: CALLS.index(call) + 1] if call in CALLS else CALLS
        return [UNDONE[each.step] for each in reversed(begun) if each.step in UNDONE]

    def refusable(self) -> Sequence[Call]:
        return [*(call for call in CALLS if call != PICK_UP), HAND_OVER]

    def mails_of(self, case_id: str) -> list[str]:
        return self.town.mails_of(case_id)


@pytest.fixture
def rehearsal(town: Town, system: System) -> Deliveries:
    return Deliveries(town, system)


class TestDeliveries(EveryCall):
    def test_of_a_driver_who_may_not_pick_up_another_one_is_asked(
        self, rehearsal: Deliveries
    ) -> None:
        with rehearsal.begun([PICK_UP], "refused") as cases:
            [(order_id, fault)] = cases.values()
            assert rehearsal.ended(order_id)["status"] == "delivered"
            assert fault.hits == 1
