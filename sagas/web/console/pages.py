"""The routes of the console. Fragments are what the pages ask for again, every second."""

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi_problem.error import Problem
from pydantic import TypeAdapter, ValidationError

from base.errors import Refusal
from sagas.core.kind import Kind, Show
from sagas.core.progress import OPEN, UNDONE
from sagas.engine.admission import Busy
from sagas.engine.apps import Apps
from sagas.engine.cases import NotNow, OtherRequest
from sagas.people.identity import by
from sagas.records.audit import trail
from sagas.records.listing import Listed
from sagas.records.record import Record
from sagas.records.records import TooLate, TooManyOpen
from sagas.web.console import showing
from sagas.web.console.timeline import lanes
from sagas.web.people.deeds import Deed, Params, asks, deed_of
from sagas.web.problems import busy_words, too_many_words, unknown
from sagas.web.routes import CaseId, CasesOf, Lists, in_own_name, require_own, whose

_PAGE = 20
_CASE_ID: TypeAdapter[str] = TypeAdapter(CaseId)

Pages = Callable[[showing.Show], APIRouter]
"""Makes the routes of a kind's own pages, which it renders with what it is given."""


@dataclass(frozen=True)
class Console:
    """What a kind brings of its own: ``templates`` that take the place of the toolkit's of the same
    name (``_cards.html``, ``_links.html``, ``_menu.html``, …), ``pages``, and where its ``form``
    is. ``asks`` is what its pages ask of services besides the steps of the kind: app-ids, and
    requests as a step has them. In a secure system the services answer nothing else."""

    templates: Path | None = None
    pages: Pages | None = None
    form: str = "/console/new"
    asks: Sequence[tuple[str, str]] = ()


async def _apps(request: Request) -> Apps:
    found: Apps = request.app.state.apps
    return found


def pages(kind: Kind[Any], console: Console) -> APIRouter:
    """Return the routes of a kind's console."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    show = showing.pages_of(kind, console.templates, console.form)
    if console.pages:
        router.include_router(console.pages(show))
    _add_lists(router, kind, show)
    _add_case(router, kind, show)
    _add_deeds(router, kind)
    _add_form(router, kind, show)
    return router


def _add_lists(router: APIRouter, kind: Kind[Any], show: showing.Show) -> None:
    status_of = Annotated[str | None, Query(pattern=f"^({'|'.join(kind.statuses)})$")]
    shows = [field for field in kind.shows if field.listed]

    async def listed(lists: Lists, status: str | None, cursor: str | None) -> dict[str, Any]:
        page = await lists.page(whose(kind, None), status, _PAGE, cursor)
        attention = await lists.page(whose(kind, None), "needs_attention", _PAGE, None)
        return {
            "rows": [_row(kind, shows, record) for record in page.records],
            "columns": shows,
            "next": page.cursor,
            "attention": attention.records,
            "chosen": status,
            "statuses": (*OPEN, kind.done, *UNDONE),
        }

    @router.get("/")
    @asks(Deed.LIST)
    async def home(request: Request, lists: Lists, status: status_of = None) -> Response:
        return show(request, "home.html", **await listed(lists, status, None))

    @router.get(f"/console/{kind.plural}")
    @asks(Deed.LIST)
    async def newest(request: Request, lists: Lists, status: status_of = None) -> Response:
        return show(request, "_cases.html", **await listed(lists, status, None))

    @router.get("/console/older")
    @asks(Deed.LIST)
    async def older(
        request: Request,
        lists: Lists,
        cursor: str,
        status: status_of = None,
    ) -> Response:
        return show(request, "older.html", **await listed(lists, status, cursor))

    @router.get("/console/apps")
    @asks(Deed.WATCH)
    async def apps(request: Request, apps: Annotated[Apps, Depends(_apps)]) -> Response:
        return show(request, "_apps.html", apps=await apps.states())


def _row(kind: Kind[Any], shows: list[Show[Any]], record: Listed) -> dict[str, Any]:
    if not isinstance(record, Record):
        return {"record": record, "title": "", "values": [None] * len(shows)}
    request = kind.read(record.request)
    terms = kind.terms.model_validate(record.terms)
    values = [field.of(request, record.progress, terms) for field in shows]
    return {"record": record, "title": kind.title(request), "values": values}


def _add_case(router: APIRouter, kind: Kind[Any], show: showing.Show) -> None:
    path = f"/console/{kind.plural}/{{case_id}}"

    async def known(case_id: CaseId, cases: CasesOf) -> Record:
        record = await cases.get(case_id)
        if record is None:
            raise unknown(kind, case_id)
        return record

    known_of = Annotated[Record, Depends(known)]

    @router.get(path)
    @asks(Deed.LOOK)
    async def case(request: Request, record: known_of) -> Response:
        return show(request, "case.html", **_facts(kind, request, record))

    @router.get(f"{path}/live")
    @asks(Deed.LOOK)
    async def live(request: Request, record: known_of) -> Response:
        return show(request, "_case.html", **_facts(kind, request, record))


def _facts(kind: Kind[Any], request: Request, record: Record) -> dict[str, Any]:
    zipkin, progress = request.app.state.zipkin_url, record.progress
    asked = kind.read(record.request)
    waits = [(kind.signal(wait.signal), wait) for wait in progress.waits if not wait.over]
    return {
        "record": record,
        "progress": progress,
        "asked": asked,
        "title": kind.title(asked),
        "lanes": lanes(record, showing.now()),
        "audit": trail(record, kind.noun),
        "trace": f"{zipkin}/zipkin/traces/{record.trace_id}" if zipkin and record.trace_id else "",
        "waits": [] if record.ended else waits,
        "done_steps": {e.step for e in progress.entries if e.result == "done"},
        "can_cancel": record.cancel_requested_at is None
        and ((kind.reverses and progress.succeeded) or not (record.ended or progress.irrevocable)),
    }


def _add_deeds(router: APIRouter, kind: Kind[Any]) -> None:
    path = f"/console/{kind.plural}/{{case_id}}"

    def spoken(params: Params) -> Deed:
        signal = kind.signal(params["name"])
        return deed_of(signal) if signal else Deed.LOOK

    async def unless_late(asked: Awaitable[object], case_id: str) -> Response:
        """Do what was asked; when the case no longer waits for it, its page tells why."""
        with suppress(NotNow, TooLate):
            await asked
        return RedirectResponse(f"/console/{kind.plural}/{case_id}", 303)

    @router.post(f"{path}/cancel")
    @asks(Deed.CANCEL)
    async def cancel(case_id: CaseId, cases: CasesOf) -> Response:
        return await unless_late(cases.cancel(case_id, by()), case_id)

    @router.post(f"{path}/resume")
    @asks(Deed.RESUME)
    async def resume(case_id: CaseId, cases: CasesOf) -> Response:
        return await unless_late(cases.resume(case_id, by()), case_id)

    @router.post(f"{path}/signals/{{name}}")
    @asks(spoken)
    async def say(
        case_id: CaseId,
        name: str,
        cases: CasesOf,
        choice: Annotated[str, Form()],
        attempt: Annotated[str, Form()] = "",
    ) -> Response:
        signal = kind.signal(name)
        if signal is None or choice not in signal.choices:
            raise unknown(kind, f"{case_id}/signals/{name}")
        word = in_own_name(signal, signal.choices[choice])
        said = cases.signal(case_id, signal, attempt, word, by())
        return await unless_late(said, case_id)


def _add_form(router: APIRouter, kind: Kind[Any], show: showing.Show) -> None:
    schema = json.dumps(kind.request.model_json_schema(by_alias=True), indent=2)

    @router.get("/console/new")
    @asks(Deed.BEGIN)
    async def form(request: Request) -> Response:
        case_id, asked = f"{kind.noun}-{secrets.token_hex(4)}", _example(kind)
        return show(request, "new.html", case_id=case_id, asked=asked, schema=schema, error="")

    @router.post("/console/new")
    @asks(Deed.BEGIN)
    async def begin(
        request: Request,
        cases: CasesOf,
        case_id: Annotated[str, Form()] = "",
        asked: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            wanted = kind.request.model_validate_json(asked)
            return await begun(kind, cases, case_id, wanted)
        except (ValidationError, Refusal) as wrong:
            facts = {"case_id": case_id, "asked": asked, "schema": schema}
            return show(request, "new.html", 422, error=why(wrong), **facts)


def _example(kind: Kind[Any]) -> str:
    """Return the example of a request, of who asks for it if that is known."""
    example, owner = dict(kind.example or {}), f"{kind.words.owner}Id"
    if owner in example:
        example[owner] = by() or example[owner]
    return json.dumps(example, indent=2, ensure_ascii=False)


async def begun(kind: Kind[Any], cases: CasesOf, case_id: str, wanted: Any) -> Response:
    """Begin a case and return the way to its page. Raises ValidationError, and Refusal when it
    cannot begin now."""
    try:
        require_own(kind, wanted)
        await cases.begin(_CASE_ID.validate_python(case_id), wanted, 0, by())
    except Problem as foreign:
        raise Refusal("foreign_owner", foreign.detail or foreign.title) from foreign
    except OtherRequest as taken:
        detail = f"The {kind.noun} id {case_id} is taken by another request."
        raise Refusal("idempotency_conflict", detail) from taken
    except Busy as busy:
        raise Refusal("busy", busy_words(kind, busy)) from busy
    except TooManyOpen as many:
        raise Refusal("too_many_open", too_many_words(kind, many)) from many
    return RedirectResponse(f"/console/{kind.plural}/{case_id}", 303)


def why(wrong: ValidationError | Refusal) -> str:
    """Return in words why a request cannot begin."""
    if isinstance(wrong, Refusal):
        return wrong.detail
    error = wrong.errors()[0]
    where = ".".join(map(str, error["loc"]))
    return f"{where}: {error['msg']}" if where else str(error["msg"])
