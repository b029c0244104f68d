"""What the cases of each system ask of whom, worked out from the kinds' steps and signals."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import yaml

from runtime.systems import Known
from runtime.template import is_orchestrator
from sagas import Kind, Step
from tests.support.dapr_trie import allows

VERBS = ("GET", "PUT", "POST", "DELETE", "PATCH")
Asks = Sequence[tuple[str, str]]
Calls = set[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Orchestrator:
    """A kind of a system, and what its console's pages ask besides."""

    kind: Kind[Any]
    asks: Asks

    def needed(self) -> Calls:
        """Return caller, callee, verb and path of each call about the resource x of case c-1."""
        kind, own = self.kind, self.app_id
        calls = {(own, step.service, step.verb, f"/{step.path('c-1:x')}") for step in self._steps()}
        for service in {call[1] for call in calls}:
            calls |= {(own, service, "GET", path) for path in ("/healthz", "/readyz")}
        calls |= _asked(own, self.asks)
        for signal in kind.signals:
            if signal.by == "participant":
                path = f"/{kind.plural}/c-1/signals/{signal.name}"
                tellers = [signal.service] if signal.service else kind.services
                calls |= {(teller, own, "POST", path) for teller in tellers}
        return calls

    @property
    def app_id(self) -> str:
        return f"{self.kind.noun}-orchestrator"

    def activities(self) -> set[str]:
        undone = {row for row, steps in self.kind.rows.items() if any(s.undo for s in steps)}
        return {*self.kind.rows, *(f"undo {row}" for row in undone), "keep"}

    def _steps(self) -> Iterator[Step[Any]]:
        for row in self.kind.rows.values():
            for step in row:
                yield step
                if step.undo:
                    yield step.undo


@dataclass(frozen=True)
class Asking:
    """The orchestrators of a system, and what apps that are clients of its services ask, by
    app-id."""

    orchestrators: Sequence[Orchestrator]
    clients: Mapping[str, Asks]

    def needed(self) -> Calls:
        """Return all calls, as `Orchestrator.needed`."""
        by_cases = (each.needed() for each in self.orchestrators)
        by_clients = (_asked(caller, asks) for caller, asks in self.clients.items())
        return set[tuple[str, str, str, str]]().union(*by_cases, *by_clients)

    def allowed(self, configurations: dict[str, dict[str, Any]]) -> Calls:
        """Return which calls pass, of all combinations of callers, callees, verbs and paths."""
        paths = {path for *_, path in self.needed()} | {"/", "/metrics", "/openapi.json", "/docs"}
        for nouns in (each.kind.plural for each in self.orchestrators):
            paths |= {f"/{nouns}", f"/{nouns}/c-1", f"/{nouns}/c-1/audit", f"/{nouns}/c-1/events"}
            paths |= {f"/{nouns}/c-1/{deed}" for deed in ("cancel", "resume", "signals/other")}
        callers = [*configurations, "stranger"]
        passing = {
            (caller, callee, verb, path)
            for caller, callee, verb, path in product(callers, configurations, VERBS, paths)
            if allows(configurations[callee], caller, verb, path)
        }
        return passing - (_above(self.needed()) - self.needed())


def _above(calls: Calls) -> Calls:
    """Return the calls of what lies above: where Dapr lets ``/x/*`` pass, ``/x`` passes too. There
    is no such route."""
    return {(caller, callee, verb, path.rpartition("/")[0]) for caller, callee, verb, path in calls}


def _asked(caller: str, asks: Asks) -> Calls:
    told = ((service, *request.split(" ")) for service, request in asks)
    parts = {"id": "c-1:x", "case": "c-1"}
    return {(caller, service, verb, f"/{path.format(**parts)}") for service, verb, path in told}


@cache
def asking(known: Known) -> Asking:
    """Return who asks in a system, as its dapr.yaml starts it."""
    states = {
        app["appID"]: _state(app["command"])
        for app in yaml.safe_load(known.template.read_text())["apps"]
    }
    own = [state for app_id, state in states.items() if is_orchestrator(app_id)]
    clients = {
        app_id: state.asks
        for app_id, state in states.items()
        if hasattr(state, "asks") and not is_orchestrator(app_id)
    }
    return Asking([Orchestrator(state.kind, state.asks) for state in own], clients)


def _state(command: list[str]) -> Any:
    module, _, name = command[command.index("uvicorn") + 1].partition(":")
    return getattr(importlib.import_module(module), name).state
