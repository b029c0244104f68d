"""The saga with its real activities and records, over services and a store in memory."""

import asyncio
from typing import Any

import pytest

from base.errors import Unavailable
from orchestrator.trip import TRIP
from sagas.core.calls import Answer, Calls, Outcomes, Refused
from sagas.engine.activities import Activities, Activity
from sagas.engine.endings import Endings
from sagas.records.records import Records
from tests.support.memory import MemoryStore
from tests.unit.engine import FakeEngine

PRICE = {"amount": 100, "currency": "USD"}


class Services:
    """Flight, hotel, payment and notification: what is held, charged and sent.

    ``offers``: what a search finds. ``down``: parts of the paths that fail.
    """

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.bodies: dict[str, Any] = {}
        self.offers = ["o1"]
        self.down: set[str] = set()

    async def invoke(self, app_id: str, verb: str, path: str, body: Any = None) -> Answer:
        if any(part in path for part in self.down):
            raise Unavailable(f"{app_id} is down")
        if path == "search":
            return Answer(value={"offers": [{"offerId": o, "price": PRICE} for o in self.offers]})
        _, resource, *deed = path.split("/")
        state = _STATES.get("/".join(deed), _STATES[verb + " " + path.split("/")[0]])
        if verb == "PUT" and self.bodies.setdefault(resource, body) != body:
            return Answer(refusal=Refused(reason="idempotency_conflict", detail="Another body."))
        if self.states.get(resource) in ("cancelled", "refunded"):
            if not deed or deed == ["confirm"]:
                return Answer(refusal=Refused(reason="gone", detail="It was undone."))
        else:
            self.states[resource] = state
        return Answer(value=_shown(resource, self.states[resource]))


_STATES = {
    "PUT reservations": "held",
    "PUT charges": "charged",
    "PUT notifications": "sent",
    "POST reservations": "",
    "POST charges": "",
    "confirm": "confirmed",
    "cancel": "cancelled",
    "extend": "held",
    "refund": "refunded",
}


def _shown(resource: str, state: str) -> dict[str, Any]:
    leg = dict.fromkeys(("number", "from", "to", "departure", "arrival"), "x")
    stay = dict.fromkeys(("name", "city", "checkIn", "checkOut"), "x")
    facts = {"price": PRICE, "amount": PRICE, "passengers": 2, "guests": 2}
    postings = [1] if state == "charged" else [1, -1]
    return facts | {
        "id": resource,
        "status": state,
        "flight": leg,
        "stay": stay,
        "postings": postings,
    }


class RealActivities(FakeEngine):
    """A fake engine that runs the real activities."""

    def __init__(self, **engine_does: Any) -> None:
        super().__init__({}, **engine_does)

    activities: dict[str, Activity]

    def call_activity(self, activity: str, *, input: Calls) -> Any:
        task = super().call_activity(activity, input=input)
        self._pending[-1] = lambda: self._run(activity, input, task)
        return task

    def _run(self, activity: str, calls: Calls, task: Any) -> None:
        self.calls += [call.step for call in calls.calls]
        self.inputs |= {call.step: call for call in calls.calls}
        outcomes = asyncio.run(self._settled(activity, calls))
        for call in calls.calls:
            self._raise_event(call.step)
        task.complete(outcomes.model_dump(mode="json"))

    async def _settled(self, activity: str, calls: Calls) -> Outcomes:
        return await self.activities[activity](None, calls)  # type: ignore[arg-type]


@pytest.fixture
def services() -> Services:
    """The services that the activities call."""
    return Services()


@pytest.fixture
def records(services: Services, monkeypatch: pytest.MonkeyPatch) -> Records:
    """The records that the activities read and keep."""
    made = Records(MemoryStore(), TRIP)  # type: ignore[arg-type]
    activities = Activities(TRIP, services, made, Endings())  # type: ignore[arg-type]
    monkeypatch.setattr(RealActivities, "activities", activities.by_name(), raising=False)
    return made
