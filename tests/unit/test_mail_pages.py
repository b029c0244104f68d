"""The mails of a trip in the console: a page for each kind, and links to those that were sent."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from orchestrator.app import CONSOLE
from orchestrator.trip import TRIP
from sagas.core.calls import Answer, Refused
from sagas.core.progress import Entry, Progress, Result
from sagas.records.record import Record
from sagas.web.console.pages import pages
from tests.unit.test_trip_request import VALID

NOW = datetime(2024, 12, 1, tzinfo=UTC)


class Notifications:
    """A notification service that has sent some mails."""

    def __init__(self, *sent: str) -> None:
        self._sent = sent

    async def invoke(self, _: str, __: str, path: str) -> Answer:
        if path.removeprefix("notifications/") not in self._sent:
            return Answer(refusal=Refused(reason="unknown_notification", detail="None."))
        return Answer(value={"subject": path, "to": "a@b.c", "sentAt": "then", "text": "Dear A."})


class OneTrip:
    def __init__(self, record: Record) -> None:
        self._record = record

    async def get(self, _: str) -> Record:
        return self._record


def page(path: str, services: Any = None, record: Any = None) -> httpx.Response:
    app = FastAPI()
    app.include_router(pages(TRIP, CONSOLE))
    app.state.services, app.state.cases, app.state.zipkin_url = services, OneTrip(record), ""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path)

    return asyncio.run(asked())


@pytest.mark.parametrize("kind", ["confirmation", "cancellation", "refusal"])
def test_every_mail_that_a_trip_can_send_has_a_page(kind: str) -> None:
    shown = page(f"/console/mails/t1/{kind}", Notifications(f"t1:{kind}"))
    assert shown.status_code == 200
    assert "Dear A." in shown.text
    assert "No such mail" in page(f"/console/mails/t1/{kind}", Notifications()).text


@pytest.mark.parametrize(
    ("steps", "linked"),
    [
        ({}, []),
        ({"charge": "done", "send confirmation": "running"}, []),
        ({"send confirmation": "done"}, ["confirmation"]),
        ({"send refusal": "done"}, ["refusal"]),
        ({"send refusal": "failed"}, []),
        (
            {"send confirmation": "done", "refund": "done", "send cancellation": "done"},
            ["confirmation", "cancellation"],
        ),
    ],
    ids=str,
)
def test_the_page_of_a_trip_links_the_mails_that_were_sent(
    steps: dict[str, Result], linked: list[str]
) -> None:
    entries = [
        Entry(
            step=step,
            resource="",
            result=result,
            started_at=NOW + timedelta(seconds=n),
            tried_at=NOW + timedelta(seconds=n),
        )
        for n, (step, result) in enumerate(steps.items())
    ]
    record = Record(
        case_id="t1",
        digest="",
        request=VALID,
        owner="customer-123",
        created_at=NOW,
        progress=Progress(entries=entries),
    )
    shown = page("/console/trips/t1", record=record)
    assert shown.status_code == 200
    assert re.findall(r'href="/console/mails/t1/(\w+)"', shown.text) == linked
