"""A tiny made-up kind, and its whole app over a store in memory and an engine that runs nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
from pydantic import Field, StringConstraints

from base.wire import Wire
from sagas import Done, Durable, Kind, Progress, Saga, Signal, Step, Words, create_orchestrator
from sagas.core.progress import Wait
from sagas.engine.admission import Admission
from sagas.engine.cases import Cases
from sagas.engine.endings import Endings
from sagas.engine.viewers import Viewers
from sagas.records.listing import Listing
from sagas.records.record import Record
from sagas.records.records import Records
from tests.support.memory import MemoryStore

NOW = datetime.now(UTC)


class Wish(Wire):
    """What a client wants fetched."""

    client_id: Annotated[str, StringConstraints(min_length=1)]
    what: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class Word(Wire):
    """A person's word on an errand."""

    approved: Annotated[bool, Field(strict=True)]
    by: str


class Place(Wire):
    """Where the messenger is."""

    where: str


def _told(said: Word) -> str:
    return f"{'Approved' if said.approved else 'Refused'} by {said.by}."


APPROVAL = Signal(
    "approval", Word, told=_told, choices={"Let them go": Word(approved=True, by="console")}
)
ARRIVED = Signal("arrived", Place, by="participant")
call_back = Step("call back", "messengers", "POST runs/{id}/cancel", "run", Done)
send = Step("send", "messengers", "PUT runs/{id}", "run", Done, call_back)
tell = Step("tell", "post", "PUT mails/{id}", "mail", Done)


def run(saga: Saga, wish: Wish) -> Durable[None]:
    yield from saga.run(send.given(wish))


ERRAND = Kind(
    noun="errand",
    done="finished",
    request=Wish,
    rows={"send": [send], "tell": [tell]},
    signals=[APPROVAL, ARRIVED],
    workflows=[run],
    closing=lambda *_: None,
    owner=lambda wish: wish.client_id,
    title=lambda wish: f"Fetch {wish.what}",
    words=Words(begin="send", begun="sent", owner="client", requests="messengers"),
    example={"clientId": "c1", "what": "milk"},
    also={
        "begin": "POST /send/{errand_id}",
        "get": "POST /look/{errand_id}",
        "signal approval": "POST /approve/{errand_id}",
    },
)
MILK = {"clientId": "c1", "what": "milk"}


def wait(signal: str, attempt: str = "", **facts: Any) -> Wait:
    until = NOW + timedelta(hours=1)
    return Wait(signal=signal, attempt=attempt, since=NOW, until=until, **facts)


class Engine:
    """Every workflow in it has come as far as ``seen``; one that starts ends at once, as ``ends``
    says. ``deaf``: no workflow hears anything."""

    def __init__(self, records: Records, endings: Endings) -> None:
        self.seen: Progress | None = Progress()
        self.ends: Progress | None = None
        self.deaf = False
        self.started: list[str] = []
        self.told: list[tuple[str, str, Any]] = []
        self._records, self._endings = records, endings

    async def progress(self, _: str) -> Progress | None:
        return self.seen

    async def start(self, record: Record) -> None:
        self.started.append(record.workflow_id)
        if self.ends:
            self._endings.announce(await self._records.keep(record.case_id, self.ends))

    async def tell(self, workflow_id: str, event: str, word: Any = None) -> bool:
        self.told.append((workflow_id, event, word))
        return not self.deaf


class World:
    """The app, and what it is made of."""

    def __init__(
        self, kind: Kind[Any] = ERRAND, places: int = 100, most_open: int = 0, viewers: int = 100
    ) -> None:
        endings = Endings()
        self.store = MemoryStore()
        self.records = Records(self.store, kind, most_open)  # type: ignore[arg-type]
        self.engine = Engine(self.records, endings)
        self.app = create_orchestrator(kind)
        self.app.state.records = self.records
        self.app.state.listing = Listing(self.records)
        self.app.state.cases = Cases(
            kind,
            self.records,
            self.engine,  # type: ignore[arg-type]
            endings,
            Admission(places, 30),
        )
        self.app.state.viewers = Viewers(self.app.state.cases, viewers)
        self.app.state.wait_seconds = 30.0
        self.app.state.zipkin_url = ""

    def ask(
        self,
        verb: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as client:
                return await client.request(verb, path, json=body, headers=headers, **how)

        return asyncio.run(asked())

    def begin(self, case_id: str = "e1", **wish: Any) -> httpx.Response:
        """Begin an errand, and do not wait for its end."""
        how = {"Prefer": "respond-async"}
        return self.ask("PUT", f"/errands/{case_id}", MILK | wish, headers=how)

    def is_at(self, progress: Progress) -> None:
        """Have it that the errand e1 has come so far, or ended so, and that the engine says so."""
        self.begin()
        self.engine.seen = progress
        asyncio.run(self.records.keep("e1", progress))
