"""Who calls whom, and how, in the cases of a kind: no more than this has to be allowed."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from sagas.core.kind import Kind
from sagas.core.steps import OWN

_HEALTH = ("/healthz", "/readyz")


class Asked(NamedTuple):
    """A call of one app by another. In ``path``, what differs from case to case stands in braces:
    ``/reservations/{id}/cancel``."""

    caller: str
    callee: str
    verb: str
    path: str


def asked(kind: Kind[Any], besides: Iterable[tuple[str, str]] = ()) -> list[Asked]:
    """Return every call that a case of the kind can make or be told by, each once.

    ``besides`` are other calls of its orchestrator: services, and requests as a step has them.
    """
    calls = (*_by_orchestrator(kind, besides), *_by_participants(kind))
    return list(dict.fromkeys(calls))


def called(caller: str, service: str, request: str) -> Asked:
    """Return a call of a service, by a request as a step has it."""
    verb, path = request.split(" ", 1)
    return Asked(caller, service, verb, f"/{path}")


def workflows(kind: Kind[Any]) -> list[str]:
    """Return the names of the kind's workflows."""
    return [kind.noun, kind.reversal]


def activities(kind: Kind[Any]) -> list[str]:
    """Return the names of the kind's activities."""
    return [*kind.activities, OWN]


def _by_orchestrator(kind: Kind[Any], besides: Iterable[tuple[str, str]]) -> Iterator[Asked]:
    for service in kind.services:
        for path in _HEALTH:
            yield Asked(kind.app_id, service, "GET", path)
    steps = [(placed.step.service, placed.step.request) for placed in kind.placed.values()]
    for service, request in (*steps, *besides):
        yield called(kind.app_id, service, request)


def _by_participants(kind: Kind[Any]) -> Iterator[Asked]:
    for signal in kind.signals:
        if signal.by == "participant":
            path = f"/{kind.plural}/{{id}}/signals/{signal.name}"
            for service in [signal.service] if signal.service else kind.services:
                yield Asked(service, kind.app_id, "POST", path)
