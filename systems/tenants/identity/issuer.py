"""What users and their programs ask of a realm: discovery, keys, tokens, and a first password.

These are the only routes that have to be reached from outside.
"""

from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from starlette.types import Scope

from base.clock import utc_now
from base.errors import Refusal
from base.problems import problems
from systems.tenants.identity import tokens
from systems.tenants.identity.realms import Realms

SHORTEST_PASSWORD = 12
_HIDDEN = {"Cache-Control": "no-store"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
_GUARDED = _HIDDEN | {
    "Content-Security-Policy": f"{_POLICY}base-uri 'none'; frame-ancestors 'none'"
}

_pages = Jinja2Templates(Folder(__file__).parent / "templates")
_PREFIX = "/id/"
router = APIRouter(prefix=f"{_PREFIX}{{slug}}", tags=["issuer"])


def asks_who(scope: Scope) -> bool:
    """Say whether a request is to a realm: they are for a tenant's users, who log in there."""
    return str(scope["path"]).startswith(_PREFIX)


async def _realms(request: Request) -> Realms:
    found: Realms = request.app.state.realms
    return found


RealmsOf = Annotated[Realms, Depends(_realms)]


@router.get("/.well-known/openid-configuration", responses=problems(404))
async def discovery(slug: str, realms: RealmsOf) -> dict[str, Any]:
    if await realms.open(slug) is None:
        raise Refusal("unknown_realm", f"There is no realm {slug[:64]}.")
    issuer = realms.issuer(slug)
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "token_endpoint": f"{issuer}/token",
        "grant_types_supported": ["password"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }


@router.get("/jwks", summary="The realm's public key; none while it takes no logins")
async def jwks(slug: str, realms: RealmsOf) -> dict[str, Any]:
    return await realms.jwks(slug)


@router.post("/token", summary="A token for a user and a password (RFC 6749, 4.3)")
async def token(
    slug: str,
    realms: RealmsOf,
    grant_type: Annotated[str, Form(max_length=64)],
    username: Annotated[str, Form(max_length=256)],
    password: Annotated[str, Form(max_length=1024)],
) -> Response:
    if grant_type != "password":
        return _no("unsupported_grant_type")
    found = await realms.login(slug, username, password, utc_now())
    if found is None:
        return _no("invalid_grant")
    lasts = int(tokens.LASTS.total_seconds())
    told = {"access_token": found, "token_type": "Bearer", "expires_in": lasts}
    return JSONResponse(told, headers=_HIDDEN)


@router.get("/welcome/{invitation}", response_class=HTMLResponse, include_in_schema=False)
async def welcome(request: Request, slug: str, invitation: str, realms: RealmsOf) -> Response:
    found = await realms.invitation(slug, invitation)
    return _page(request, slug, "ask" if found else "gone", 200 if found else 404)


@router.post("/welcome/{invitation}", response_class=HTMLResponse, include_in_schema=False)
async def accept(
    request: Request,
    slug: str,
    invitation: str,
    realms: RealmsOf,
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    found = await realms.invitation(slug, invitation)
    if found is None:
        return _page(request, slug, "gone", 404)
    if len(password) < SHORTEST_PASSWORD:
        return _page(request, slug, "short", 422)
    await realms.accept(found, password)
    return _page(request, slug, "set", 200)


def _no(error: str) -> Response:
    return JSONResponse({"error": error}, 400, headers=_HIDDEN)


def _page(request: Request, slug: str, says: str, status: int) -> Response:
    facts = {"slug": slug[:64], "says": says, "shortest": SHORTEST_PASSWORD}
    return _pages.TemplateResponse(request, "welcome.html", facts, status, headers=_GUARDED)
