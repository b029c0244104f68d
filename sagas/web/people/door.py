"""The doorkeeper: asks who comes, and lets in who may. What has no rule is closed."""

import logging
import re
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi_problem.error import Problem
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from base.errors import Unavailable
from base.private import UnsafeFile
from sagas.core.kind import Kind
from sagas.people.identity import NOBODY, Identity, asked_by
from sagas.people.people import People, TooOften, Unknown
from sagas.people.rules import ALL, FOR_EVERYBODY, OF_A_CASE, Deed, may, reach
from sagas.records.records import UnreadableRecord
from sagas.web.people import refusals
from sagas.web.people.deeds import Places, case_id_in
from sagas.web.problems import unknown

_log = logging.getLogger("sagas")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CASE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def people_of(app: FastAPI) -> People | None:
    """Return the people whom an app knows; None where nobody is asked who they are."""
    found: People | None = getattr(app.state, "people", None)
    return found


class Door:
    """ASGI middleware before every route. Where no people are set up, it lets all pass."""

    def __init__(self, app: ASGIApp, kind: Kind[Any]) -> None:
        self._app = app
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        people = people_of(scope["app"]) if scope["type"] in ("http", "websocket") else None
        if people is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":  # there is none
            await send({"type": "websocket.close", "code": 1008})
            return
        caller = _Caller(scope, people, self._kind)
        try:
            identity = await self._let_in(caller)
        except Problem as no:
            await caller.refused(no)(scope, receive, send)
            return
        with asked_by(identity):
            await self._app(scope, receive, send)

    async def _let_in(self, caller: "_Caller") -> Identity:
        """Return who comes in. Raises Problem."""
        deed = caller.deed
        try:
            if deed is Deed.OPEN:
                return NOBODY
            identity = await caller.identity()
            if identity is None or deed is Deed.ENTER:
                caller.people.count_nobody(caller.address)
            else:
                caller.people.count(identity)
        except Unknown as why:
            caller.count_nobody()
            raise refusals.not_known(str(why)) from why
        except TooOften as why:
            raise refusals.too_often(why) from why
        except Unavailable as fault:
            raise refusals.unavailable(str(fault)) from fault
        except UnsafeFile as fault:
            _log.error(fault)
            raise refusals.unavailable("the keys cannot be read.") from fault
        if deed is None:
            raise refusals.no_such_thing()
        by_cookie = identity is not None and identity.session
        if (by_cookie or deed is Deed.ENTER) and not caller.is_of_this_site:
            raise refusals.other_site()
        if deed in FOR_EVERYBODY:
            return identity or NOBODY
        if identity is None:
            raise refusals.nobody()
        if not reach(identity, deed):
            raise refusals.not_allowed(identity, deed)
        if deed in OF_A_CASE:
            await self._see_to_it(caller, identity, deed)
        return identity

    async def _see_to_it(self, caller: "_Caller", identity: Identity, deed: Deed) -> None:
        """Raise Problem unless somebody may do it to this very case. To who may not look at it, it
        is as if there were none."""
        if reach(identity, deed) == ALL:
            return
        case_id = case_id_in(self._kind, caller.params)
        owner = await caller.owner(case_id)
        if owner is None and reach(identity, Deed.LOOK) == ALL:
            return  # the route says that there is none, and what is wrong with its id
        if owner is None or not (may(identity, deed, owner) or may(identity, Deed.LOOK, owner)):
            raise unknown(self._kind, case_id)
        if not may(identity, deed, owner):
            is_own = owner == identity.name
            raise refusals.own_case(self._kind) if is_own else refusals.not_yours(self._kind)


class _Caller:
    """One request, as the doorkeeper looks at it."""

    def __init__(self, scope: Scope, people: People, kind: Kind[Any]) -> None:
        self.people = people
        self._scope = scope
        self._kind = kind
        self._headers = Headers(scope=scope)
        asked, self.params = places_of(scope["app"]).find(scope["method"], scope["path"])
        self.deed = asked(self.params) if callable(asked) else asked

    @property
    def address(self) -> str:
        client = self._scope.get("client")
        return client[0] if client else ""

    @cached_property
    def is_of_this_site(self) -> bool:
        """Whether a browser says that one of our own pages asks for a change, or it is none."""
        if self._scope["method"] in _SAFE:
            return True
        site, origin = self._headers.get("sec-fetch-site"), self._headers.get("origin")
        if site is not None:
            return site == "same-origin"
        return origin is not None and urlsplit(origin).netloc == self._headers.get("host")

    async def identity(self) -> Identity | None:
        """Return who it is; None if they do not say. Raises Unknown when they say what is wrong,
        and Unavailable."""
        headers = self._headers
        if credential := _credential(headers):
            return await self.people.by_credential(credential)
        cookie = cookie_parser(headers.get("cookie", "")).get(self.session_cookie)
        if cookie and (known := self.people.by_session(cookie)):
            return known
        token = headers.get("dapr-api-token", "")
        return self.people.by_sidecar(token, headers.getlist("dapr-caller-app-id"))

    @property
    def session_cookie(self) -> str:
        return cookie_name(self.people, self._kind, "session", self._scope["scheme"])

    def count_nobody(self) -> None:
        """Count a call that brought what proves nothing. Raises Problem."""
        try:
            self.people.count_nobody(self.address)
        except TooOften as why:
            raise refusals.too_often(why) from why

    async def owner(self, case_id: str) -> str | None:
        """Return whose case it is; None if there is none."""
        if not _CASE_ID.fullmatch(case_id):
            return None
        try:
            record = await self._scope["app"].state.records.get(case_id)
        except UnreadableRecord as unreadable:
            return unreadable.owner
        except Unavailable as fault:
            raise refusals.unavailable(str(fault)) from fault
        return None if record is None else record.owner

    def refused(self, no: Problem) -> Response:
        """Return the answer to who is not let in; a browser that nobody logged in is led to where
        one does."""
        headers = dict(no.headers or {})
        if no.status == 401:
            path = self._scope["path"]
            if self._headers.get("hx-request"):
                headers["HX-Redirect"] = "/login"
            elif self._scope["method"] == "GET" and "text/html" in self._headers.get("accept", ""):
                query = self._scope["query_string"].decode("latin-1")
                back = quote(f"{path}?{query}" if query else path, safe="")
                return RedirectResponse(f"/login?next={back}", 303)
        headers["Cache-Control"] = "no-store"
        return JSONResponse(no.marshal(), no.status, headers, media_type="application/problem+json")


def _credential(headers: Headers) -> str:
    """Return the key or token that is sent along; nothing if there is none. Raises Unknown."""
    sent = headers.getlist("authorization")
    if not sent:
        return headers.get("x-api-key", "")
    scheme, _, credential = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not credential.strip():
        raise Unknown("Authorization is to be `Bearer` and a key or a token.")
    return credential.strip()


def cookie_name(people: People, kind: Kind[Any], what: str, scheme: str) -> str:
    """Return the name of a cookie: ports of one host share them, so it names the kind. Over HTTPS
    no other host can set it."""
    name = f"{kind.noun}_{what}"
    return f"__Host-{name}" if is_https(people, scheme) else name


def is_https(people: People, scheme: str) -> bool:
    return (urlsplit(people.settings.public_url).scheme or scheme) == "https"


def places_of(app: FastAPI) -> Places:
    """Return the routes of an app; they are looked through once."""
    found: Places | None = getattr(app.state, "places", None)
    if found is None:
        found = app.state.places = Places(app)
    return found
