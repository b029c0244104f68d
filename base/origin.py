"""Who may ask: this app's own pages, and what is no browser.

A browser says where a request comes from, other clients say nothing; and a sidecar passes on what a
browser said to it.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic_settings import BaseSettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


class HostSettings(BaseSettings):
    """``ALLOWED_HOSTS``: names under which the app is reached, divided by commas, without ports.

    ``localhost`` and all addresses need not be named: no page of a stranger has one of them.
    """

    allowed_hosts: str = ""

    def names(self) -> frozenset[str]:
        """Return the names, and localhost."""
        named = (name.strip().lower() for name in self.allowed_hosts.split(","))
        return frozenset({"localhost", *filter(None, named)})


class OwnOrigin:
    """ASGI middleware that refuses what a page of another site sends, or would read.

    A name that is not known is refused whoever asks: a page whose own name was made to lead here
    (DNS rebinding) is of the same origin to its browser. Else ``Sec-Fetch-Site`` counts
    (https://www.w3.org/TR/fetch-metadata/) where it is sent, else ``Origin``.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._refusal(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        if not all(self._is_known(f"//{host}") for host in headers.getlist("host")):
            return _OTHER_HOST
        changes = scope["method"] not in _SAFE
        return None if self._is_own(headers, changes) else _OTHER_ORIGIN

    def _is_own(self, headers: Headers, changes: bool) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is None and changes:
            return origin is None or urlsplit(origin).netloc == headers.get("host")
        if site not in (*_OWN, None):  # following a link is no harm, and so are a mail's links
            return not changes and headers.get("sec-fetch-mode") == "navigate"
        return site == "none" or all(map(self._is_known, _pages(headers)))

    def _is_known(self, url: str) -> bool:
        name = _name(url)
        return name in self._hosts or _is_address(name)


def _pages(headers: Headers) -> Iterator[str]:
    """Yield the page that a browser's request comes from. One that came through a sidecar, which is
    asked by any name, has to say it."""
    if origin := headers.get("origin"):
        yield origin
    elif _is_of_a_browser(headers) and _came_through_a_sidecar(headers):
        yield headers.get("referer", "")


def _is_of_a_browser(headers: Headers) -> bool:
    """Whether it has what a page cannot leave out: one of these two, for browsers do not tell the
    site where a page came over plain HTTP by a name."""
    return "sec-fetch-site" in headers or "accept-language" in headers


def _came_through_a_sidecar(headers: Headers) -> bool:
    """Whether it can have: a sidecar gives an address as Host, and does not pass on what every
    browser says of the connection."""
    return "connection" not in headers and _is_address(_name(f"//{headers.get('host', '')}"))


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _refused(reason: str, detail: str) -> JSONResponse:
    title = reason.replace("_", " ").capitalize()
    body = {"type": reason, "title": title, "status": 403, "detail": detail, "reason": reason}
    return JSONResponse(body, status_code=403, media_type="application/problem+json")


_OTHER_ORIGIN = _refused("other_origin", "A page of another site may not do anything here.")
_OTHER_HOST = _refused("other_host", "It is not reached by this name; see ALLOWED_HOSTS.")
