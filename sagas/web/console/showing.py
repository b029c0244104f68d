"""Rendering the console's pages: the toolkit's templates, and those of a kind that take their
place."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, select_autoescape

from sagas.core.kind import Kind
from sagas.core.words import money, status, with_article
from sagas.people.identity import who
from sagas.people.rules import may_now
from sagas.web.console.timeline import WIDTH
from sagas.web.people.deeds import deed_of

Show = Callable[..., Response]

_OWN = Path(__file__).parent / "templates"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def pages_of(kind: Kind[Any], templates: Path | None, form: str) -> Show:
    """Return a function that renders a page, with the templates in the given folder first."""
    folders = [str(folder) for folder in (templates, _OWN) if folder]
    env = Environment(loader=FileSystemLoader(folders), autoescape=select_autoescape(["html"]))
    env.filters |= {
        "reason": kind.words.reason,
        "status": status,
        "money": money,
        "clock": lambda at: at.astimezone(UTC).strftime("%H:%M:%S"),
        "deed": deed_of,
        "day": lambda at: at.astimezone(UTC).strftime("%d %b %Y, %H:%M:%S UTC"),
    }
    env.globals |= {
        "kind": kind,
        "begin": f"{kind.words.begin} {with_article(kind.noun)}".capitalize(),
        "form": form,
        "may": may_now,
        "who": who,
        "axis": WIDTH,
    }
    rendered = Jinja2Templates(env=env)

    def show(request: Request, name: str, status_code: int = 200, **facts: Any) -> Response:
        return rendered.TemplateResponse(
            request, name, facts, status_code=status_code, headers=_HEADERS
        )

    return show


def now() -> datetime:
    return datetime.now(UTC)
