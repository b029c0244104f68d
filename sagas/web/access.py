"""``python -m sagas.web.access orchestrator.app:app``: what an orchestrator's app asks of whom.

Prints JSON for who starts the system, who allows that and nothing else.
"""

import json
import sys
from importlib import import_module
from typing import Any

from fastapi import FastAPI

from sagas.core import access


def told(app: FastAPI) -> dict[str, Any]:
    """Return calls, workflows and activities of an app; of one that is no orchestrator, none."""
    kind = getattr(app.state, "kind", None)
    if kind is None:
        return {}
    return {
        "calls": [call._asdict() for call in access.asked(kind, app.state.asks)],
        "workflows": access.workflows(kind),
        "activities": access.activities(kind),
    }


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    print(json.dumps(told(getattr(import_module(module), name))))


if __name__ == "__main__":
    main()
