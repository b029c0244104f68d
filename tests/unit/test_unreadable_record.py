"""A record that cannot be read: shown as such, counted, and in nobody else's way."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from orchestrator.trip import TRIP
from sagas.core.progress import Progress
from sagas.engine.admission import Admission
from sagas.engine.caretaker import Caretaker
from sagas.engine.cases import Cases
from sagas.engine.endings import Endings
from sagas.records import meters
from sagas.records.listing import Listing
from sagas.records.record import Record
from sagas.records.records import Records, UnreadableRecord
from sagas.web.console.pages import Console, pages
from sagas.web.problems import answer_as_orchestrator
from sagas.web.routes import routes
from tests.support.memory import MemoryStore
from tests.unit.test_trip_request import VALID

START = datetime(2024, 12, 1, tzinfo=UTC)
DAMAGE: dict[str, Any] = {
    "a status of another release": {"progress": {"status": "paused"}},
    "a part is lost": {"request": {"customerId": "customer-123"}},
    "nothing that makes sense": [],
}


class Running:
    """An engine in which every trip runs."""

    def __init__(self) -> None:
        self.looked_at: list[str] = []

    async def progress(self, workflow_id: str) -> Progress:
        self.looked_at.append(workflow_id)
        return Progress()


class Orchestrator:
    """The orchestrator over a store in memory with three open trips, of which one is damaged."""

    def __init__(self, damage: Any) -> None:
        self.sidecar = MemoryStore()
        self.records = Records(self.sidecar, TRIP)  # type: ignore[arg-type]
        self.engine = Running()
        admission = Admission(9, 1)
        self.trips = Cases(TRIP, self.records, self.engine, Endings(), admission)  # type: ignore[arg-type]
        for n in range(3):
            record = Record(
                case_id=f"t{n}",
                digest="",
                request=VALID,
                owner="customer-123",
                created_at=START + timedelta(seconds=n),
            )
            asyncio.run(self.records.accept(record))
        stored = self.sidecar.values["case:t1"]
        self.sidecar.values["case:t1"] = stored | damage if isinstance(damage, dict) else damage
        self.app = FastAPI()
        answer_as_orchestrator(self.app, TRIP)
        self.app.include_router(routes(TRIP))
        self.app.include_router(pages(TRIP, Console()))
        self.app.state.cases, self.app.state.listing = self.trips, Listing(self.records)
        self.app.state.wait_seconds = 0

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())


@pytest.fixture(params=list(DAMAGE.values()), ids=list(DAMAGE))
def orchestrator(request: pytest.FixtureRequest) -> Orchestrator:
    return Orchestrator(request.param)


def test_the_caretaker_goes_on_with_the_other_trips(orchestrator: Orchestrator) -> None:
    caretaker = Caretaker(orchestrator.trips, orchestrator.records, seconds=0)
    asyncio.run(caretaker.go_round())
    assert sorted(orchestrator.engine.looked_at) == ["t0", "t2"]
    assert meters.OPEN.labels("needs_attention")._value.get() == 1


def test_its_place_is_not_given_back_as_if_it_had_ended(
    orchestrator: Orchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[set[str]] = []
    monkeypatch.setattr(orchestrator.trips, "only_these_are_open", lambda ids, _: told.append(ids))
    asyncio.run(Caretaker(orchestrator.trips, orchestrator.records, seconds=0).go_round())
    assert told == [{"t0", "t1", "t2"}]


@pytest.mark.parametrize("question", ["", "?status=needs_attention", "?status=running"])
def test_a_list_shows_it_as_needing_attention(orchestrator: Orchestrator, question: str) -> None:
    answer = orchestrator.ask("GET", f"/trips{question}")
    assert answer.status_code == 200
    shown = {trip["tripId"]: trip for trip in answer.json()["trips"]}
    named = {"": {"t0", "t1", "t2"}, "?status=running": {"t0", "t2"}}
    assert set(shown) == named.get(question, {"t1"})
    if trip := shown.get("t1"):
        assert trip["status"] == "needs_attention"
        assert trip["halt"]["reason"] == "unreadable_record"
        assert trip["createdAt"] == "2024-12-01T00:00:01.000Z"


def test_its_customer_is_named_if_that_can_be_made_out() -> None:
    shown = Orchestrator({"progress": {"status": "paused"}}).ask("GET", "/trips").json()["trips"]
    assert shown[1]["customerId"] == "customer-123"


@pytest.mark.parametrize("path", ["/", "/?status=needs_attention", "/console/trips"])
def test_the_console_lists_it(orchestrator: Orchestrator, path: str) -> None:
    page = orchestrator.ask("GET", path)
    assert page.status_code == 200
    assert "/console/trips/t1" in page.text
    assert "this release cannot read its record" in page.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/trips/t1"),
        ("GET", "/trips/t1/audit"),
        ("GET", "/trips/t1/events"),
        ("GET", "/console/trips/t1"),
        ("POST", "/trips/t1/cancel"),
        ("POST", "/trips/t1/resume"),
        ("PUT", "/trips/t1"),
    ],
)
def test_who_asks_for_it_is_told_what_is_wrong(
    orchestrator: Orchestrator, method: str, path: str
) -> None:
    answer = orchestrator.ask(method, path, json=VALID if method == "PUT" else None)
    assert (answer.status_code, answer.json()["reason"]) == (503, "unreadable_record")
    assert "case:t1" in answer.json()["detail"]


def test_it_is_not_written_over(orchestrator: Orchestrator) -> None:
    before = orchestrator.sidecar.values["case:t1"]
    with pytest.raises(UnreadableRecord):
        asyncio.run(orchestrator.records.keep("t1", Progress(status="failed")))
    assert orchestrator.sidecar.values["case:t1"] == before


def test_it_is_counted_and_logged_once(
    orchestrator: Orchestrator, caplog: pytest.LogCaptureFixture
) -> None:
    before = meters.UNREADABLE._value.get()
    with caplog.at_level(logging.ERROR, logger="sagas"):
        for _ in range(3):
            orchestrator.ask("GET", "/trips")
    assert meters.UNREADABLE._value.get() == before + 1
    [said] = caplog.messages
    assert "case:t1" in said
