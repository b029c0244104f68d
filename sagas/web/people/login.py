"""Logging in to the console, by a key or at an identity provider, and out again.

Where no people are set up there is no such page. The provider is asked with PKCE; what it says
counts only in the browser that asked it (``state``), for this login (``nonce``), and once.
"""

import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from base.errors import Unavailable
from base.private import UnsafeFile
from sagas.core.kind import Kind
from sagas.people.identity import Identity, who
from sagas.people.people import People, Unknown
from sagas.people.sessions import LOGIN_SECONDS, Login
from sagas.people.tokens import NotGood
from sagas.web.console import showing
from sagas.web.console.pages import Console
from sagas.web.people.deeds import Deed, asks
from sagas.web.people.door import cookie_name, is_https, people_of

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_FAILED = "The login did not work; try again."

Code = Annotated[str, Query(max_length=4096)]


async def _people(request: Request) -> People:
    people = people_of(request.app)
    if people is None:
        raise HTTPException(404)
    return people


PeopleOf = Annotated[People, Depends(_people)]


def logins(kind: Kind[Any], console: Console) -> APIRouter:
    """Return the routes of logging in and out."""
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    show = showing.pages_of(kind, console.templates, console.form)
    cookies = _Cookies(kind)

    def page(request: Request, people: People, then: str, error: str = "") -> Response:
        issuer = people.settings.oidc_issuer
        facts = {"keys": people.keys is not None, "issuer": issuer, "next": own_path(then)}
        status = 400 if error else 200
        return show(request, "login.html", status, error=error, **facts)

    @router.get("/login")
    @asks(Deed.ENTER)
    async def login(
        request: Request, people: PeopleOf, then: Annotated[str, Query(alias="next")] = "/"
    ) -> Response:
        return page(request, people, then)

    @router.post("/login")
    @asks(Deed.ENTER)
    async def by_key(
        request: Request,
        people: PeopleOf,
        key: Annotated[str, Form(max_length=200)] = "",
        then: Annotated[str, Form(alias="next")] = "/",
    ) -> Response:
        try:
            known = people.keys.identity(key.strip()) if people.keys else None
        except UnsafeFile:
            return page(request, people, then, "The keys cannot be read just now.")
        if known is None:
            return page(request, people, then, "There is no such key, or it is no longer good.")
        return cookies.logged_in(request, people, known, then)

    @router.get("/login/start")
    @asks(Deed.ENTER)
    async def start(
        request: Request, people: PeopleOf, then: Annotated[str, Query(alias="next")] = "/"
    ) -> Response:
        if people.provider is None:
            raise HTTPException(404)
        begun = Login(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            next=own_path(then),
        )
        challenge = urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).rstrip(b"=")
        try:
            there = await people.provider.way_in(begun, challenge.decode(), _back(request, people))
        except (Unavailable, NotGood):
            return page(request, people, then, "The identity provider does not answer just now.")
        answer = RedirectResponse(there, 303, headers=_PRIVATE)
        cookies.set(
            answer, request, people, "login", people.sessions.remember(begun), LOGIN_SECONDS
        )
        return answer

    @router.get("/login/done")
    @asks(Deed.ENTER)
    async def done(
        request: Request, people: PeopleOf, code: Code = "", state: Code = "", iss: Code = ""
    ) -> Response:
        begun = people.sessions.login(cookies.get(request, people, "login"))
        try:
            known = await _known(request, people, begun, code, state, iss)
        except Unavailable:
            answer = page(request, people, "/", "The identity provider does not answer just now.")
        except (NotGood, Unknown):
            answer = page(request, people, "/", _FAILED)
        else:
            answer = cookies.logged_in(request, people, known, begun.next if begun else "/")
        cookies.drop(answer, request, people, "login")
        return answer

    @router.post("/logout")
    @asks(Deed.ENTER)
    async def logout(request: Request, people: PeopleOf) -> Response:
        if known := who():
            people.sessions.end(known)
        answer = RedirectResponse("/login", 303, headers=_PRIVATE)
        cookies.drop(answer, request, people, "session")
        return answer

    return router


_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


async def _known(
    request: Request, people: People, begun: Login | None, code: str, state: str, iss: str
) -> Identity:
    """Return who came back from the provider. Raises Unknown, NotGood, Unavailable."""
    if people.provider is None or begun is None or not code:
        raise Unknown("No login is under way in this browser.")
    if not compare_digest(state.encode(), begun.state.encode()):
        raise Unknown("Another login came back.")
    if iss and iss.rstrip("/") != people.settings.oidc_issuer.rstrip("/"):
        raise Unknown("Another provider answers.")
    known = people.said(await people.provider.logged_in(code, begun, _back(request, people)))
    return replace(known, until=None)  # what the token is good for is to have logged in


def own_path(said: str) -> str:
    """Return a path of this site that somebody is led to; the first page if it is none."""
    return said if _OWN_PATH.fullmatch(said) else "/"


def _back(request: Request, people: People) -> str:
    """Return where the provider leads back to. It accepts only what it knows."""
    site = people.settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
    return f"{site}/login/done"


class _Cookies:
    """Sets and reads the cookies of a kind's console."""

    def __init__(self, kind: Kind[Any]) -> None:
        self._kind = kind

    def get(self, request: Request, people: People, what: str) -> str:
        return request.cookies.get(self._name(request, people, what), "")

    def set(
        self, answer: Response, request: Request, people: People, what: str, value: str, s: float
    ) -> None:
        answer.set_cookie(
            self._name(request, people, what),
            value,
            max_age=int(s),
            secure=is_https(people, request.url.scheme),
            httponly=True,
            samesite="lax",
        )

    def drop(self, answer: Response, request: Request, people: People, what: str) -> None:
        answer.delete_cookie(
            self._name(request, people, what),
            secure=is_https(people, request.url.scheme),
            httponly=True,
            samesite="lax",
        )

    def logged_in(self, request: Request, people: People, known: Identity, then: str) -> Response:
        """Return the answer to who has logged in: a new session, whatever was there before."""
        if before := who():
            people.sessions.end(before)
        cookie, seconds = people.sessions.begin(known)
        answer = RedirectResponse(own_path(then), 303, headers=_PRIVATE)
        self.set(answer, request, people, "session", cookie, seconds)
        return answer

    def _name(self, request: Request, people: People, what: str) -> str:
        return cookie_name(people, self._kind, what, request.url.scheme)
