"""The provider over HTTP. It stands by itself, without a sidecar."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic_settings import BaseSettings

from base.limits import BodyLimit
from services.identity import folder, signing
from services.identity.grants import Grants
from services.identity.models import Client, Question, Redeemed
from services.identity.passwords import Passwords, TooOften

_OWN = ("same-origin", "none")
_PAGES = Jinja2Templates(Path(__file__).parent / "templates")


class IdentitySettings(BaseSettings):
    """``IDENTITY_ISSUER``: the URL at which all find it, which its tokens name.
    ``IDENTITY_FOLDER``: where it keeps whom it knows and its key (``python -m services.identity``).
    """

    identity_issuer: str
    identity_folder: Path = Path("data/identity")


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncIterator[None]:
    settings = IdentitySettings()
    app.state.issuer = settings.identity_issuer.rstrip("/")
    app.state.known = folder.known(settings.identity_folder)
    app.state.key = folder.signing_key(settings.identity_folder)
    app.state.passwords = Passwords(app.state.known)
    app.state.grants = Grants()
    yield


app = FastAPI(title="Identity", lifespan=_live, docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(BodyLimit)


@app.get("/healthz")
@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.get("/.well-known/openid-configuration")
async def doors(request: Request) -> dict[str, Any]:
    return signing.doors(request.app.state.issuer)


@app.get("/keys")
async def keys(request: Request) -> dict[str, Any]:
    return signing.keys(request.app.state.key)


@app.get("/authorize")
async def ask(request: Request, asked: Annotated[Question, Query()]) -> Response:
    """Show the page on which somebody logs in."""
    return _refused(request, asked) or _page(request, asked)


@app.post("/authorize")
async def log_in(
    request: Request,
    asked: Annotated[Question, Query()],
    name: Annotated[str, Form(max_length=128)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Lead who gave a name and its password back to where they came from, with a code."""
    if no := _refused(request, asked):
        return no
    if request.headers.get("sec-fetch-site", "none") not in _OWN:
        return _page(request, asked, 403, "That came from another page; log in here.")
    address = request.client.host if request.client else ""
    try:
        person = await request.app.state.passwords.person(name, password, address)
    except TooOften as why:
        answer = _page(request, asked, 429, str(why))
        answer.headers["Retry-After"] = str(why.retry_after)
        return answer
    if person is None:
        return _page(request, asked, 401, "Name and password do not belong together.")
    return _back(request, asked, code=request.app.state.grants.give(person, asked))


@app.post("/token")
async def token(request: Request, brought: Annotated[Redeemed, Form()]) -> Response:
    """Give tokens for a code."""
    client = _client(request, brought.client_id)
    if client is None:
        return _no("invalid_client", 401)
    if brought.grant_type != "authorization_code":
        return _no("unsupported_grant_type")
    grant = request.app.state.grants.take(brought)
    if grant is None:
        return _no("invalid_grant")
    state = request.app.state
    given = signing.tokens(state.issuer, state.key, client, grant)
    return JSONResponse(given.model_dump(), headers=_PRIVATE)


_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _client(request: Request, id_: str) -> Client | None:
    found: Client | None = request.app.state.known.client(id_)
    return found


def _refused(request: Request, asked: Question) -> Response | None:
    """Return the answer to a question that is none. Where it is not sure who asks, nobody is led
    anywhere."""
    client = _client(request, asked.client_id)
    if client is None or asked.redirect_uri not in client.redirects:
        why = "This app is not known here, or asks to be answered elsewhere than agreed."
        return _PAGES.TemplateResponse(
            request, "refused.html", {"why": why}, 400, headers=_PRIVATE | _policy("'none'")
        )
    if asked.response_type != "code":
        return _back(request, asked, error="unsupported_response_type")
    if asked.code_challenge_method != "S256" or len(asked.code_challenge) != 43:
        return _back(request, asked, error="invalid_request")
    return None


def _page(request: Request, asked: Question, status: int = 200, error: str = "") -> Response:
    there = urlsplit(asked.redirect_uri)
    policy = _policy(f"'self' {there.scheme}://{there.netloc}")
    facts = {"query": urlencode(asked.model_dump()), "app": there.netloc, "error": error}
    return _PAGES.TemplateResponse(request, "log_in.html", facts, status, headers=_PRIVATE | policy)


def _back(request: Request, asked: Question, **says: str) -> Response:
    """Lead the browser back to the client."""
    told = urlencode({**says, "state": asked.state, "iss": request.app.state.issuer})
    separator = "&" if "?" in asked.redirect_uri else "?"
    return RedirectResponse(f"{asked.redirect_uri}{separator}{told}", 303, headers=_PRIVATE)


def _policy(forms: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"default-src 'none'; form-action {forms}; base-uri 'none'; "
        "frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }


def _no(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error}, status, headers=_PRIVATE)
