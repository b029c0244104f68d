"""The sample of a system: a request that works, sent through the orchestrator's sidecar."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel

from runtime.errors import SetupError

_SECONDS = 60.0


class Kind(BaseModel):
    """What an orchestrator says of its kind: ``order``, ``orders``, and the status of success."""

    noun: str
    nouns: str
    done: str


@dataclass(frozen=True)
class Case:
    """A case that was started, with the JSON that ``GET /{nouns}/{id}`` has of it."""

    id: str
    kind: Kind
    content: dict[str, Any]


def send(sidecar_url: str, app_id: str, body: Path, waits: bool = True) -> Case:
    """Start a new case with the request in ``body``; return it as it was answered, done or not yet;
    at once, unless somebody ``waits``.

    Raises SetupError when it is refused or fails, or nobody answers.
    """
    invoke = f"{sidecar_url}/v1.0/invoke/{app_id}/method"
    case_id = f"sample-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    with httpx.Client(timeout=_SECONDS) as client:
        try:
            kind = _kind(client, invoke)
            method, path, verb = _route(kind, case_id)
            print(f"{verb} a sample {kind.noun}: {method} {invoke}{path}", flush=True)
            headers = {} if waits else {"Prefer": "respond-async"}
            wanted = json.loads(body.read_text())
            answer = client.request(method, invoke + path, json=wanted, headers=headers)
        except (httpx.HTTPError, OSError, ValueError) as fault:
            raise SetupError(f"The sample could not be sent to {app_id}: {fault!r}") from fault
    if answer.status_code not in (200, 202):
        raise SetupError(f"The sample {kind.noun} was answered {answer.status_code}: {answer.text}")
    return Case(case_id, kind, answer.json())


def _kind(client: httpx.Client, invoke: str) -> Kind:
    return Kind.model_validate_json(client.get(f"{invoke}/kind").raise_for_status().content)


def _route(kind: Kind, case_id: str) -> tuple[str, str, str]:
    """Return how a case is started: method, path, and the word for it."""
    if kind.noun == "trip":  # as in the quick start
        return "POST", f"/TripOrchestrator/{case_id}/BookTrip", "Booking"
    return "PUT", f"/{kind.nouns}/{case_id}", "Sending"
