"""What the cases of each system ask of whom, worked out from the kinds' steps and signals."""

import importlib
import re
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
_ID = "c-1:x"


@dataclass(frozen=True)
class Orchestrator:
    """The kind of an orchestrator, and what its console's pages ask besides."""

    kind: Kind[Any]
    asks: Asks

    def calls(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield caller, callee, verb and path of each call about the resource x of case c-1."""
        kind, own = self.kind, f"{self.kind.noun}-orchestrator"
        for step in self._steps():
            yield own, step.service, step.verb, f"/{step.path(_ID)}"
            for path in ("/healthz", "/readyz"):
                yield own, step.service, "GET", path
        for signal in kind.signals:
            if signal.by == "participant":
                path = f"/{kind.plural}/c-1/signals/{signal.name}"
                for teller in [signal.service] if signal.service else kind.services:
                    yield teller, own, "POST", path

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
    """A system: its orchestrators, and by app-id what each app asks besides the sagas' steps."""

    orchestrators: Sequence[Orchestrator]
    asks: Mapping[str, Asks]

    def needed(self) -> Calls:
        """Return caller, callee, verb and path of each call about one resource of one case."""
        calls = {call for each in self.orchestrators for call in each.calls()}
        for caller, asks in self.asks.items():
            for service, request in asks:
                verb, path = request.split(" ")
                calls.add((caller, service, verb, f"/{path.format(id=_ID)}"))
        return _as_dapr_has_it({(*call[:3], _plain(call[3])) for call in calls})

    def allowed(self, configurations: dict[str, dict[str, Any]]) -> Calls:
        """Return which calls pass, of all combinations of callers, callees, verbs and paths."""
        paths = {path for *_, path in self.needed()} | {"/", "/metrics", "/openapi.json", "/docs"}
        for nouns in (each.kind.plural for each in self.orchestrators):
            paths |= {f"/{nouns}", f"/{nouns}/c-1", f"/{nouns}/c-1/audit", f"/{nouns}/c-1/events"}
            paths |= {f"/{nouns}/c-1/{deed}" for deed in ("cancel", "resume", "signals/other")}
        callers = [*configurations, "stranger"]
        return {
            (caller, callee, verb, path)
            for caller, callee, verb, path in product(callers, configurations, VERBS, paths)
            if allows(configurations[callee], caller, verb, path)
        }


def _plain(path: str) -> str:
    """Return a path with the same id wherever it has one: Dapr's patterns know no more of them."""
    return "/".join("c-1" if re.fullmatch("(c-1|x)(:.*)?", p) else p for p in path.split("/"))


def _as_dapr_has_it(calls: Calls) -> Calls:
    """Return the calls, with what cannot be kept apart: a path has the verbs of an id below it, and
    if others go on below it, that has its verbs, too."""
    found = set(calls)
    for caller, callee, verb, path in calls:
        others = {call[3] for call in calls if call[:2] == (caller, callee)}
        above = path.removesuffix("/c-1")
        if above != path:
            found.add((caller, callee, verb, above))
        elif above == path and any(other.startswith(f"{path}/") for other in others):
            found.add((caller, callee, verb, f"{path}/c-1"))
    return found


@cache
def asking(known: Known) -> Asking:
    """Return who asks whom in a system, as its dapr.yaml starts it."""
    states = {
        app["appID"]: _state(app["command"])
        for app in yaml.safe_load(known.template.read_text())["apps"]
    }
    orchestrators = [
        Orchestrator(state.kind, state.asks)
        for app_id, state in states.items()
        if is_orchestrator(app_id)
    ]
    asks = {app_id: state.asks for app_id, state in states.items() if hasattr(state, "asks")}
    return Asking(orchestrators, asks)


def _state(command: list[str]) -> Any:
    module, _, name = command[command.index("uvicorn") + 1].partition(":")
    return getattr(importlib.import_module(module), name).state
