"""What is done once under the caller's id, and undone once: the rules, the keeping, the routes.

A deed is ``done`` with one request and one result, until it is ``undone`` for ever. An undo that
comes before its deed leaves a tombstone, which refuses the deed when it comes late.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import APIRouter, FastAPI, Path, Request
from prometheus_client import Counter
from pydantic import BaseModel

from base.app import Lifespan
from base.errors import Refusal
from base.problems import problems
from base.sidecar import Sidecar
from base.state import StateStore
from base.wire import ResourceId, Wire, as_asked
from kit.documents import Documents
from kit.meters import note
from kit.problems import Statuses
from kit.service import create_service

DEEDS = Counter("deeds_total", "What is done once, by what was done with it", ["done"])

W = TypeVar("W", bound=Wire)
R = TypeVar("R", bound=BaseModel)


class Deed(BaseModel, Generic[R], extra="allow"):
    """A deed as it is stored; a tombstone has no request and no result."""

    id: str
    status: Literal["done", "undone"]
    request: dict[str, Any] | None = None
    result: R | None = None


def done(
    deed_id: str, request: dict[str, Any], known: Deed[R] | None, act: Callable[[], R]
) -> Deed[R]:
    """Return the deed as it has to stand. Asking again for the same changes nothing.

    Refuses ``idempotency_conflict`` (the id was used for another request), ``undone`` (it was
    undone, perhaps before it came), and what ``act`` refuses.
    """
    if known is None:
        return Deed(id=deed_id, status="done", request=request, result=act())
    if known.request is not None and known.request != request:
        raise Refusal("idempotency_conflict", f"{deed_id} was done with another request.")
    _not_undone(known)
    return known


def undone(deed_id: str, known: Deed[R] | None, undo: Callable[[R], R]) -> Deed[R]:
    """Return the deed undone, its result as ``undo`` leaves it; of something unknown, a tombstone.

    Refuses what ``undo`` refuses.
    """
    if known is None:
        return Deed(id=deed_id, status="undone")
    if known.status == "undone":
        return known
    result = None if known.result is None else undo(known.result)
    return known.model_copy(update={"status": "undone", "result": result})


def amended(known: Deed[R], rule: Callable[[R], R]) -> Deed[R]:
    """Return a deed that is done with its result as ``rule`` makes it. Refuses ``undone``."""
    _not_undone(known)
    assert known.result is not None, "only a tombstone has no result"
    return known.model_copy(update={"result": rule(known.result)})


class Deeds(Generic[R]):
    """The deeds of one kind that a store keeps. Methods raise Unavailable."""

    def __init__(self, noun: str, kept: Documents[Deed[R]]) -> None:
        self._noun = noun
        self._kept = kept

    async def do(self, deed_id: str, wanted: Wire, act: Callable[[], R]) -> Deed[R]:
        """Do it, unless it is done. ``act`` is pure; it may run though it is done already, and
        again when another writer comes first. Refuses as `done`."""
        request = as_asked(wanted)
        deed = await self._kept.make(deed_id, lambda known: done(deed_id, request, known, act))
        note(DEEDS, f"{self._noun} done", deed_id)
        return deed

    async def undo(self, deed_id: str, undo: Callable[[R], R]) -> Deed[R]:
        """Undo it, or leave a tombstone. Refuses what ``undo`` refuses."""
        deed = await self._kept.change(deed_id, lambda known: undone(deed_id, known, undo))
        note(DEEDS, f"{self._noun} undone", deed_id)
        return deed

    async def get(self, deed_id: str) -> Deed[R]:
        """Return the deed or its tombstone. Refuses ``unknown_{noun}``."""
        return self._found(deed_id, await self._kept.get(deed_id))

    async def amend(self, deed_id: str, rule: Callable[[R], R]) -> tuple[R, Deed[R]]:
        """Let ``rule`` change the result; return the result before, and the deed after.

        Refuses ``unknown_{noun}``, ``undone``, and what ``rule`` refuses.
        """
        before: list[R] = []

        def change(known: Deed[R] | None) -> Deed[R]:
            deed = amended(self._found(deed_id, known), rule)
            before[:] = [known.result] if known and known.result else []
            return deed

        after = await self._kept.change(deed_id, change)
        return before[0], after

    def _found(self, deed_id: str, known: Deed[R] | None) -> Deed[R]:
        if known is None:
            raise Refusal(f"unknown_{self._noun}", f"There is no {self._noun} {deed_id}.")
        return known


@dataclass(frozen=True)
class Once(Generic[R]):
    """A kind of deeds: what it is called (the path is its plural), how a result is kept, what is
    told of a deed, and what an undo makes of its result."""

    noun: str
    kept: type[R]
    told: type[Wire]
    tell: Callable[[Deed[R]], Wire]
    undo: Callable[[R], R] = lambda result: result

    @property
    def id_name(self) -> str:
        """What its id is called in paths."""
        return f"{self.noun}_id"

    @property
    def path(self) -> str:
        return f"/{self.noun}s/{{{self.id_name}}}"


async def deeds(request: Request) -> Deeds[Any]:
    """Return the deeds of the app, as a dependency of its routes."""
    found: Deeds[Any] = request.app.state.deeds
    return found


def create_once_service(
    title: str, store: str, once: Once[R], statuses: Statuses, lifespan: Lifespan | None = None
) -> FastAPI:
    """Return an app that can undo and show the deeds that ``store`` keeps: ``POST
    /{nouns}/{id}/undo`` and ``GET /{nouns}/{id}``. Its refusals have these ``statuses`` besides
    their own; ``lifespan`` wires what else it has. How a deed is done is a route of its own, such
    as `add_put` makes.
    """

    @asynccontextmanager
    async def live(app: FastAPI, sidecar: Sidecar) -> AsyncIterator[None]:
        kept = Documents(StateStore(sidecar, store), once.noun, Deed[once.kept])  # type: ignore[name-defined]
        app.state.deeds = Deeds(once.noun, kept)
        async with (lifespan or _nothing_else)(app, sidecar):
            yield

    app = create_service(title, store, live, {f"unknown_{once.noun}": 404} | dict(statuses))
    app.include_router(_routes(once))
    return app


def add_put(app: FastAPI, once: Once[R], asked: type[W], act: Callable[[str, W], R]) -> None:
    """Give the app ``PUT /{nouns}/{id}``, for deeds that are no more than a rule's result."""
    named = Path(alias=once.id_name)

    @app.put(
        once.path,
        tags=[f"{once.noun}s"],
        response_model=once.told,
        summary="Do it once; repeated with the same body, the same answer",
        responses=problems(409, 422),
    )
    async def put(deed_id: Annotated[ResourceId, named], wanted: asked, request: Request) -> Wire:  # type: ignore[valid-type]
        body: W = wanted
        found = await deeds(request)
        return once.tell(await found.do(deed_id, body, lambda: act(deed_id, body)))


def _routes(once: Once[R]) -> APIRouter:
    routes = APIRouter(prefix=once.path, tags=[f"{once.noun}s"])
    named = Path(alias=once.id_name)

    @routes.post(
        "/undo",
        response_model=once.told,
        summary="Undo it; of something unknown, leave a tombstone",
        responses=problems(409),
    )
    async def undo(deed_id: Annotated[ResourceId, named], request: Request) -> Wire:
        found = await deeds(request)
        return once.tell(await found.undo(deed_id, once.undo))

    @routes.get("", response_model=once.told, summary="Look at it", responses=problems(404))
    async def get(deed_id: Annotated[ResourceId, named], request: Request) -> Wire:
        found = await deeds(request)
        return once.tell(await found.get(deed_id))

    return routes


@asynccontextmanager
async def _nothing_else(_: FastAPI, __: Sidecar) -> AsyncIterator[None]:
    yield


def _not_undone(known: Deed[R]) -> None:
    if known.status == "undone":
        raise Refusal("undone", f"{known.id} is undone.")
