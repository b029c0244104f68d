"""The routes of a kind's cases: begin, look, list, cancel, tell, resume."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, StringConstraints, create_model, model_validator

from base.problems import problems
from base.wire import ShortText, Wire
from sagas.core.kind import Kind
from sagas.core.signals import Signal
from sagas.engine.cases import Cases, NotNow, OtherRequest
from sagas.engine.viewers import Viewers
from sagas.people.identity import by, who
from sagas.people.rules import ALL, reach
from sagas.records.audit import AuditEvent, trail
from sagas.records.listing import Listing
from sagas.records.record import Record
from sagas.web import stream
from sagas.web.people import refusals
from sagas.web.people.deeds import Deed, asks, deed_of
from sagas.web.people.door import people_of
from sagas.web.problems import not_done, not_now, other_request, unknown
from sagas.web.views import Views

CaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
OwnerId = ShortText
S = TypeVar("S", bound=BaseModel)
Attempt = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{0,128}$")]


async def _cases(request: Request) -> Cases:
    found: Cases = request.app.state.cases
    return found


async def _listing(request: Request) -> Listing:
    found: Listing = request.app.state.listing
    return found


async def _viewers(request: Request) -> Viewers:
    found: Viewers = request.app.state.viewers
    return found


ViewersOf = Annotated[Viewers, Depends(_viewers)]
CasesOf = Annotated[Cases, Depends(_cases)]
Lists = Annotated[Listing, Depends(_listing)]


class SignalInfo(Wire):
    """A signal that a case of the kind may wait for, and the JSON schema of what it says."""

    name: str
    by: str
    says: dict[str, Any]


class KindInfo(Wire):
    """What a client has to know of a kind: its words, and the JSON schema of its request."""

    noun: str
    nouns: str
    done: str
    statuses: list[str]
    owner: str
    steps: list[str]
    signals: list[SignalInfo]
    request: dict[str, Any]
    example: dict[str, Any] | None = None


def routes(kind: Kind[Any]) -> APIRouter:
    """Return the routes of a kind."""
    router, door = APIRouter(), _Door(kind, Views(kind))
    _add_case_routes(router, kind, door)
    _add_reading_routes(router, kind, door)
    for signal in kind.signals:
        _add_signal_route(router, kind, door, signal)

    @router.get("/kind", tags=["operation"], summary=f"What there is to know of {kind.plural}")
    @asks(Deed.KNOW)
    async def describe() -> KindInfo:
        return _described(kind)

    return router


class _Door:
    """What the routes of a kind share."""

    def __init__(self, kind: Kind[Any], views: Views) -> None:
        self._kind = kind
        self.views = views
        example = f"{kind.noun}-001"
        self.path = f"/{kind.plural}/{{{kind.noun}_id}}"
        self.tag = kind.plural
        self.id = Path(
            alias=f"{kind.noun}_id",
            description="Chosen by the caller, and the idempotency key of the request.",
            examples=[example],
        )

    def or_unknown(self, record: Record | None, case_id: str) -> Record:
        if record is None:
            raise unknown(self._kind, case_id)
        return record

    def answer(self, record: Record, response: Response) -> Wire:
        view = self.views.of(record)
        if record.ended and not record.progress.succeeded:
            raise not_done(self._kind, record, view)
        if not record.ended:
            response.status_code = 202
            response.headers["Location"] = f"/{self._kind.plural}/{record.case_id}"
        return view


def _add(
    router: APIRouter,
    kind: Kind[Any],
    name: str,
    path: str,
    endpoint: Callable[..., Any],
    **how: Any,
) -> None:
    """Add a route, and what it is ``also`` called."""
    also = kind.also.get(name)
    for verb, where in ([also.split(" ", 1)] if also else []) + [path.split(" ", 1)]:
        router.add_api_route(
            where, endpoint, methods=[verb], response_model_exclude_none=True, **how
        )


def _add_case_routes(router: APIRouter, kind: Kind[Any], door: _Door) -> None:
    wanted_model, view = kind.request, door.views.view

    @asks(Deed.BEGIN)
    async def begin(
        case_id: Annotated[CaseId, door.id],
        wanted: wanted_model,  # type: ignore[valid-type]
        cases: CasesOf,
        request: Request,
        response: Response,
        prefer: Annotated[str, Header()] = "",
    ) -> Wire:
        """Wait for the end, up to 30 s: 200 done, 409 not done and undone, 202 still running.

        With ``Prefer: respond-async`` the answer is 202 at once. 429 with ``Retry-After``: too many
        at once; 429 without: the owner has too many that have not ended. Nothing was done then.
        """
        require_own(kind, wanted)
        at_once = "respond-async" in prefer.lower()
        if at_once:
            response.headers["Preference-Applied"] = "respond-async"
        seconds = 0 if at_once else request.app.state.wait_seconds
        try:
            return door.answer(await cases.begin(case_id, wanted, seconds, by()), response)
        except OtherRequest as conflict:
            raise other_request(kind, case_id) from conflict

    @asks(Deed.LOOK)
    async def get(case_id: Annotated[CaseId, door.id], cases: CasesOf) -> Wire:
        return door.views.of(door.or_unknown(await cases.get(case_id), case_id))

    @asks(Deed.CANCEL)
    async def cancel(case_id: Annotated[CaseId, door.id], cases: CasesOf) -> Wire:
        """A running case stops at its next safe point and is undone. Once asked is enough; what was
        not done stays as it is. 409: it is past the point of no return."""
        return door.views.of(door.or_unknown(await cases.cancel(case_id, by()), case_id))

    @asks(Deed.RESUME)
    async def resume(case_id: Annotated[CaseId, door.id], cases: CasesOf) -> Wire:
        try:
            return door.views.of(door.or_unknown(await cases.resume(case_id, by()), case_id))
        except NotNow as why:
            raise not_now("nothing_to_resume", str(why)) from why

    words = kind.words
    _add(
        router,
        kind,
        "begin",
        f"PUT {door.path}",
        begin,
        tags=[door.tag],
        summary=f"{words.begin.capitalize()}; the same id and body again is the same {kind.noun}",
        response_model=view,
        responses={202: {"model": view}, **problems(409, 422, 429, 503)},
    )
    _add(
        router,
        kind,
        "get",
        f"GET {door.path}",
        get,
        tags=[door.tag],
        summary=f"Look at one {kind.noun}",
        response_model=view,
        responses=problems(404, 422, 503),
    )
    _add(
        router,
        kind,
        "cancel",
        f"POST {door.path}/cancel",
        cancel,
        tags=[door.tag],
        status_code=202,
        summary=f"The {words.owner} changes their mind",
        response_model=view,
        responses=problems(404, 409, 422, 503),
    )
    _add(
        router,
        kind,
        "resume",
        f"POST {door.path}/resume",
        resume,
        tags=["operation"],
        status_code=202,
        summary="After what blocked a step is mended: try it again",
        response_model=view,
        responses=problems(404, 409, 422, 503),
    )


def _add_reading_routes(router: APIRouter, kind: Kind[Any], door: _Door) -> None:
    owner = Query(alias=f"{kind.words.owner}Id")
    status_of: Any = door.views.summary.model_fields["status"].annotation

    @asks(Deed.LIST)
    async def list_cases(
        lists: Lists,
        owned: Annotated[OwnerId | None, owner] = None,
        owned_too: Annotated[OwnerId | None, Query(alias="owner")] = None,
        status: Annotated[status_of | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[
            str | None, Query(max_length=400, description="``next`` of a page")
        ] = None,
    ) -> Wire:
        """A case that still runs is shown as it is on record; look at it to see its step."""
        page = await lists.page(whose(kind, owned or owned_too), status, limit, cursor)
        return door.views.page(page.records, page.cursor)

    @asks(Deed.LOOK)
    async def audit(case_id: Annotated[CaseId, door.id], cases: CasesOf) -> list[AuditEvent]:
        """Every step, try, result and compensation, with times; also while the case still runs."""
        return trail(door.or_unknown(await cases.get(case_id), case_id), kind.noun)

    async def known(case_id: Annotated[CaseId, door.id], cases: CasesOf) -> Record:
        return door.or_unknown(await cases.get(case_id), case_id)

    async def watched(
        record: Annotated[Record, Depends(known)], viewers: ViewersOf
    ) -> AsyncIterator[Record]:
        with viewers.watching(record.case_id):
            yield record

    @asks(Deed.LOOK)
    async def events(
        record: Annotated[Record, Depends(watched)],
        viewers: ViewersOf,
        request: Request,
        last_event_id: Annotated[str, Header()] = "",
    ) -> AsyncIterator[ServerSentEvent]:
        """The stream ends with the case. ``Last-Event-ID`` with the ``id`` of the last event
        received skips it and all that was sent before it; with any other text, all events are sent.

        An event that comes to be known late is sent late: then ``at`` is earlier than that of an
        event before. Of a step that fails more than twenty times between two looks, the earliest
        faults are not sent. 429 with ``Retry-After``: too many are watching.
        """
        people, asks_now = people_of(request.app), who()

        def still() -> bool:
            return people is None or asks_now is None or people.still(asks_now)

        async for event in stream.events(kind.noun, record, viewers, last_event_id, still):
            yield event

    router.add_api_route(
        f"/{kind.plural}",
        list_cases,
        tags=[door.tag],
        summary=f"List {kind.plural}, newest first",
        response_model=door.views.list,
        responses=problems(422, 503),
        response_model_exclude_none=True,
    )
    router.add_api_route(
        f"{door.path}/audit",
        audit,
        tags=[door.tag],
        summary=f"Everything that happened to one {kind.noun}, in order",
        responses=problems(404, 422, 503),
        response_model_exclude_none=True,
    )
    router.add_api_route(
        f"{door.path}/events",
        events,
        tags=[door.tag],
        summary="The audit trail, live, as server-sent events",
        response_class=EventSourceResponse,
        responses=problems(404, 422, 429, 503),
    )


def _add_signal_route(router: APIRouter, kind: Kind[Any], door: _Door, signal: Signal[Any]) -> None:
    told_model = create_model(
        signal.says.__name__,
        __base__=signal.says,
        __validators__={"_named": cast(Any, model_validator(mode="before")(_named(signal)))},
        attempt=(Attempt, ""),
    )

    @asks(deed_of(signal))
    async def tell(case_id: Annotated[CaseId, door.id], told: told_model, cases: CasesOf) -> Wire:
        """``attempt``: which attempt the word is about, where there are several."""
        word, attempt = _parted(signal, told)
        _require_own_name(signal, word)
        try:
            record = await cases.signal(case_id, signal, attempt, word, by())
        except NotNow as why:
            raise not_now(signal.unasked, str(why)) from why
        return door.views.of(door.or_unknown(record, case_id))

    _add(
        router,
        kind,
        f"signal {signal.name}",
        f"POST {door.path}/signals/{signal.name}",
        tell,
        tags=["operation"],
        status_code=202,
        summary=f"Say the word on {signal.name}",
        response_model=door.views.view,
        responses=problems(*([403] if signal.forbids else []), 404, 409, 422, 503),
    )


def require_own(kind: Kind[Any], wanted: BaseModel) -> None:
    """Raise Problem when who asks may not begin a case of the owner that the request names."""
    asks_now, owner = who(), kind.owner(wanted)
    if asks_now and owner != asks_now.name:
        raise refusals.foreign_owner(kind, asks_now, owner)


def whose(kind: Kind[Any], owner: str | None) -> str | None:
    """Return whose cases are listed when those of an owner are asked for, or of any. Raises
    Problem."""
    asks_now = who()
    if asks_now is None or reach(asks_now, Deed.LIST) == ALL:
        return owner
    if owner not in (None, asks_now.name):
        raise refusals.foreign_owner(kind, asks_now, str(owner))
    return asks_now.name


def in_own_name(signal: Signal[Any], word: S) -> S:
    """Return a person's word, in the name of who says it if it has one."""
    if _has_name(signal) and (name := by()):
        return word.model_copy(update={"by": name})
    return word


def _has_name(signal: Signal[Any]) -> bool:
    return signal.by == "person" and "by" in signal.says.model_fields


def _named(signal: Signal[Any]) -> Callable[[Any], Any]:
    """Return what fills in the name of who speaks where a body leaves it out."""

    def named(said: Any) -> Any:
        name = by()
        return {"by": name} | said if name and _has_name(signal) and type(said) is dict else said

    return named


def _require_own_name(signal: Signal[Any], word: BaseModel) -> None:
    asks_now = who()
    if asks_now and _has_name(signal) and getattr(word, "by", None) != asks_now.name:
        raise refusals.foreign_name(asks_now)


def _parted(signal: Signal[Any], told: BaseModel) -> tuple[BaseModel, str]:
    values = {name: getattr(told, name) for name in signal.says.model_fields}
    return signal.says.model_construct(**values), getattr(told, "attempt", "")


def _described(kind: Kind[Any]) -> KindInfo:
    return KindInfo(
        noun=kind.noun,
        nouns=kind.plural,
        done=kind.done,
        statuses=list(kind.statuses),
        owner=f"{kind.words.owner}Id",
        steps=[step.name for row in kind.rows.values() for step in row],
        signals=[
            SignalInfo(name=s.name, by=s.by, says=s.says.model_json_schema(by_alias=True))
            for s in kind.signals
        ],
        request=kind.request.model_json_schema(by_alias=True),
        example=dict(kind.example) if kind.example else None,
    )
