"""``python -m sagas.web.access trip-orchestrator=orchestrator.app:app …``: what apps ask of whom.

Prints JSON for who starts the system, who allows that and nothing else.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from sagas.core import access
from sagas.core.access import Asked


def told(apps: dict[str, FastAPI]) -> dict[str, Any]:
    """Return the calls of apps, by app-id, and of those that orchestrate a kind their workflows and
    activities."""
    kinds = {app_id: app.state.kind for app_id, app in apps.items() if hasattr(app.state, "kind")}
    return {
        "calls": [call._asdict() for app_id, app in apps.items() for call in _calls(app_id, app)],
        "own": {
            app_id: {"workflows": access.workflows(kind), "activities": access.activities(kind)}
            for app_id, kind in kinds.items()
        },
    }


def _calls(app_id: str, app: FastAPI) -> Iterator[Asked]:
    asks = getattr(app.state, "asks", ())
    if hasattr(app.state, "kind"):
        yield from access.asked(app.state.kind, asks)
    else:
        yield from (access.called(app_id, service, request) for service, request in asks)


def main() -> None:
    apps = {}
    for word in sys.argv[1:]:
        app_id, _, where = word.partition("=")
        module, _, name = where.partition(":")
        apps[app_id] = getattr(import_module(module), name)
    print(json.dumps(told(apps)))


if __name__ == "__main__":
    main()
