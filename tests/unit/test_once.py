"""What is done once under the caller's id, undone once, and tombstoned: through its routes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from base.errors import Refusal
from base.wire import Wire
from kit.documents import Documents
from kit.once import Deed, Deeds, Once, add_put, create_once_service
from tests.support.memory import MemoryStore
from tests.support.refusals import refused_later


class Wanted(Wire):
    """A greeting is asked for."""

    name: str
    loud: bool = False


class Greeting(BaseModel):
    """A greeting as it is kept."""

    text: str
    taken_back: bool = False


class Told(Wire):
    """A greeting as it is told."""

    id: str
    status: str
    text: str | None = None
    taken_back: bool | None = None


def greet(greeting_id: str, wanted: Wanted) -> Greeting:
    if wanted.name == "nobody":
        raise Refusal("nobody_there", "There is nobody to greet.")
    return Greeting(text=f"{greeting_id}: {wanted.name}")


def take_back(greeting: Greeting) -> Greeting:
    if "Medusa" in greeting.text:
        raise Refusal("too_late", "She has seen it.")
    return greeting.model_copy(update={"taken_back": True})


def tell(deed: Deed[Greeting]) -> Told:
    said = deed.result.model_dump() if deed.result else {}
    return Told(id=deed.id, status=deed.status, **said)


ONCE = Once("greeting", Greeting, Told, tell, take_back)
STATUSES = {"nobody_there": 422}


def kept(store: MemoryStore) -> Deeds[Greeting]:
    return Deeds("greeting", Documents(store, "greeting", Deed[Greeting]))  # type: ignore[arg-type]


@asynccontextmanager
async def client(store: MemoryStore) -> AsyncIterator[httpx.AsyncClient]:
    app = create_once_service("GreetingService", "a-store", ONCE, STATUSES)
    add_put(app, ONCE, Wanted, greet)
    app.state.deeds = kept(store)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as web:
        yield web


def asked(*requests: tuple[str, str, Any]) -> list[tuple[int, Any]]:
    """Return status and answer of requests that are made one after the other."""

    async def live() -> list[tuple[int, Any]]:
        async with client(MemoryStore()) as web:
            answers = [await web.request(verb, path, json=body) for verb, path, body in requests]
            return [(answer.status_code, answer.json()) for answer in answers]

    return asyncio.run(live())


PUT = ("PUT", "/greetings/g:1", {"name": "Ann"})
UNDO = ("POST", "/greetings/g:1/undo", None)
GET = ("GET", "/greetings/g:1", None)
SAID = {"id": "g:1", "status": "done", "text": "g:1: Ann", "takenBack": False}
TAKEN_BACK = {"id": "g:1", "status": "undone", "text": "g:1: Ann", "takenBack": True}
TOMBSTONE = {"id": "g:1", "status": "undone", "text": None, "takenBack": None}


def test_it_is_done_once_and_told_again() -> None:
    assert asked(PUT, PUT, GET) == [(200, SAID)] * 3


def test_a_default_that_is_spelt_out_is_the_same_request() -> None:
    spelt = ("PUT", "/greetings/g:1", {"name": "Ann", "loud": False})
    assert asked(PUT, spelt)[1] == (200, SAID)


def test_another_request_under_its_id_is_refused() -> None:
    other = ("PUT", "/greetings/g:1", {"name": "Bob"})
    answers = asked(PUT, other, GET)
    assert (answers[1][0], answers[1][1]["reason"]) == (409, "idempotency_conflict")
    assert answers[2] == (200, SAID)


def test_it_is_undone_once_and_never_done_again() -> None:
    answers = asked(PUT, UNDO, UNDO, GET, PUT)
    assert answers[1:4] == [(200, TAKEN_BACK)] * 3
    assert (answers[4][0], answers[4][1]["reason"]) == (409, "undone")


def test_an_undo_that_comes_first_leaves_a_tombstone() -> None:
    answers = asked(UNDO, PUT, GET)
    assert answers[0] == answers[2] == (200, TOMBSTONE)
    assert (answers[1][0], answers[1][1]["reason"]) == (409, "undone")


def test_what_is_refused_leaves_nothing_behind() -> None:
    answers = asked(("PUT", "/greetings/g:1", {"name": "nobody"}), GET, PUT)
    assert [(status, answer.get("reason")) for status, answer in answers[:2]] == [
        (422, "nobody_there"),
        (404, "unknown_greeting"),
    ]
    assert answers[2] == (200, SAID)


def test_an_undo_may_be_refused_and_changes_nothing_then() -> None:
    answers = asked(("PUT", "/greetings/g:1", {"name": "Medusa"}), UNDO, GET)
    assert (answers[1][0], answers[1][1]["reason"]) == (409, "too_late")
    assert answers[2][1]["status"] == "done"


def test_bad_input_is_told_by_field() -> None:
    [(status, problem)] = asked(("PUT", "/greetings/g:1", {"nam": "Ann"}))
    assert status == 422
    assert "name" in problem["detail"]


def louder(greeting: Greeting) -> Greeting:
    return greeting.model_copy(update={"text": greeting.text.upper()})


def test_what_is_done_can_be_amended_and_then_tells_both_states() -> None:
    async def live() -> None:
        greetings = kept(MemoryStore())
        await greetings.do("g:1", Wanted(name="Ann"), lambda: Greeting(text="Ann"))
        before, after = await greetings.amend("g:1", louder)
        assert (before.text, after.result) == ("Ann", Greeting(text="ANN"))
        assert (await greetings.get("g:1")).result == Greeting(text="ANN")

    asyncio.run(live())


@pytest.mark.parametrize(("undo_first", "reason"), [(False, "unknown_greeting"), (True, "undone")])
def test_what_is_not_done_cannot_be_amended(undo_first: bool, reason: str) -> None:
    async def live() -> None:
        greetings = kept(MemoryStore())
        if undo_first:
            await greetings.undo("g:1", take_back)
        await refused_later(reason, greetings.amend("g:1", louder))

    asyncio.run(live())


def test_an_undo_that_wins_the_race_refuses_the_deed() -> None:
    async def live() -> None:
        store = MemoryStore()

        def come_first() -> None:
            store.values["greeting:g:1"] = {"id": "g:1", "status": "undone"}
            store._versions["greeting:g:1"] = 1

        store.before_write = come_first
        doing = kept(store).do("g:1", Wanted(name="Ann"), lambda: Greeting(text="Ann"))
        await refused_later("undone", doing)

    asyncio.run(live())
