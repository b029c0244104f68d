"""Which deed a route does: each says so itself, and one that does not is closed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any, TypeVar

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, compile_path

from sagas.core.kind import Kind
from sagas.core.signals import Signal
from sagas.people.rules import Deed

__all__ = ["Asked", "Deed", "Place", "Places", "asks", "deed_of"]

Params = Mapping[str, str]
Asked = Deed | Callable[[Params], Deed]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_FIXED = {
    "/healthz": Deed.OPEN,
    "/readyz": Deed.OPEN,
    "/metrics": Deed.OPEN,
    "/dapr/subscribe": Deed.OPEN,
    "/static": Deed.OPEN,
    "/openapi.json": Deed.KNOW,
    "/docs": Deed.KNOW,
    "/docs/start.js": Deed.KNOW,
    "/docs/files": Deed.OPEN,
}
"""Of the routes that are not made here: what they do."""


def asks(deed: Asked) -> Callable[[Endpoint], Endpoint]:
    """Say which deed an endpoint does; it may depend on what is in the path."""

    def said(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["deed"] = deed
        return endpoint

    return said


def deed_of(signal: Signal[Any]) -> Deed:
    """Return which deed it is to say the word of a signal."""
    if signal.by == "participant":
        return Deed.REPORT
    return Deed.CHOOSE if signal.of_owner else Deed.DECIDE


@dataclass(frozen=True)
class Place:
    """A route as the doorkeeper knows it. ``deed`` is None where nobody said which."""

    verbs: frozenset[str]
    path: str
    deed: Asked | None
    _pattern: Pattern[str]

    def params(self, verb: str, path: str) -> dict[str, str] | None:
        """Return what is in a path that leads here; None if it does not."""
        found = self._pattern.match(path) if not self.verbs or verb in self.verbs else None
        return None if found is None else found.groupdict()


class Places:
    """Every route of an app, in the order in which it looks at them."""

    def __init__(self, app: FastAPI) -> None:
        self.all = list(_places(app))

    def find(self, verb: str, path: str) -> tuple[Asked | None, dict[str, str]]:
        """Return the deed of the route that is asked for, and what is in its path. No deed: there
        is no such route, or nobody said what it does."""
        for place in self.all:
            params = place.params(verb, path)
            if params is not None:
                return place.deed, params
        return None, {}


def case_id_in(kind: Kind[Any], params: Params) -> str:
    """Return the id of the case that a path is about; nothing if it is about none."""
    return params.get(f"{kind.noun}_id") or params.get("case_id") or ""


def _places(app: FastAPI) -> Iterator[Place]:
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        is_mount = isinstance(route.original_route, Mount)
        pattern, _, _ = compile_path(f"{path}/{{path:path}}" if is_mount else path)
        said = getattr(route.endpoint, "deed", None) if not is_mount else None
        verbs = frozenset(route.methods or ()) if not is_mount else frozenset({"GET", "HEAD"})
        yield Place(verbs, path, said or _FIXED.get(path), pattern)
