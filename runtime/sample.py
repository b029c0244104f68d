"""The sample of a system: a request that works, sent through the orchestrator's sidecar."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel

from runtime.errors import SetupError

_SECONDS = 60.0
_FOLLOWED_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_PREFER = {"Prefer": "respond-async"}


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


Meanwhile = Callable[[httpx.Client, str, dict[str, Any]], None]
"""What is done at each look at a case that runs: it is given a client, the case's URL, the case."""


class NotDone(SetupError):
    """The sample was refused or failed; ``case`` is what it came to, if it began at all."""

    def __init__(self, message: str, case: Case | None) -> None:
        super().__init__(message)
        self.case = case


def send(
    sidecar_url: str,
    app_id: str,
    body: Path,
    meanwhile: Meanwhile = lambda *_: None,
    headers: Mapping[str, str] | None = None,
) -> Case:
    """Start a new case with the request in ``body``; return it when it has ended, or as it is when
    it was followed for long enough. What it does meanwhile is said. ``{stamp}`` in the request
    stands for the time: so what has a name of its own has another each time.

    Where people are asked who they are, ``SAGA_KEY`` in the environment is a key of its owner's.
    ``headers`` are what the sidecar wants to see. Raises NotDone when it is refused or fails, and
    SetupError when nobody answers.
    """
    invoke = f"{sidecar_url}/v1.0/invoke/{app_id}/method"
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    case_id, asked = f"sample-{stamp}", body.read_text().replace("{stamp}", stamp)
    with httpx.Client(timeout=_SECONDS, headers={**(headers or {}), **_proof()}) as client:
        try:
            kind = _kind(client, invoke)
            method, path, verb = _route(kind, case_id)
            print(f"{verb} a sample {kind.noun}: {method} {invoke}{path}", flush=True)
            answer = client.request(method, invoke + path, json=json.loads(asked), headers=_PREFER)
            if answer.status_code == 202:
                answer = _followed(client, f"{invoke}/{kind.nouns}/{case_id}", meanwhile)
        except (httpx.HTTPError, OSError, ValueError) as fault:
            raise SetupError(f"The sample could not be sent to {app_id}: {fault!r}") from fault
    if answer.status_code not in (200, 202):
        raise _not_done(case_id, kind, answer)
    case = Case(case_id, kind, answer.json())
    if case.content.get("halt"):
        why = f"{case.content['status']}: {case.content['halt']['detail']}"
        raise NotDone(f"The sample {kind.noun} is {why}", case)
    return case


def _followed(client: httpx.Client, url: str, meanwhile: Meanwhile) -> httpx.Response:
    """Look at a case until it has ended, and say what it does, or how far it is."""
    began, said = time.monotonic(), ""
    while True:
        answer = client.get(url).raise_for_status()
        case = answer.json()
        now = ": ".join(case[name] for name in ("phase", "step") if case.get(name))
        if now and now.replace("_", " ") != said and case["status"] == "running":
            said = now.replace("_", " ")
            print(f"  {time.monotonic() - began:5.1f} s  {said}", flush=True)
        ended = case["status"] not in ("running", "needs_attention")
        if ended or time.monotonic() - began > _FOLLOWED_SECONDS:
            return answer
        if case["status"] == "running":
            meanwhile(client, url, case)
        time.sleep(_LOOK_SECONDS)


def _not_done(case_id: str, kind: Kind, answer: httpx.Response) -> NotDone:
    """Return what a problem (RFC 9457) says: its detail, and how far the case came."""
    said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    why = said.get("detail", answer.text)
    case = Case(case_id, kind, said[kind.noun]) if kind.noun in said else None
    return NotDone(f"The sample {kind.noun} was answered {answer.status_code}: {why}", case)


def _proof() -> dict[str, str]:
    key = os.environ.get("SAGA_KEY")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _kind(client: httpx.Client, invoke: str) -> Kind:
    return Kind.model_validate_json(client.get(f"{invoke}/kind").raise_for_status().content)


def _route(kind: Kind, case_id: str) -> tuple[str, str, str]:
    """Return how a case is started: method, path, and the word for it."""
    if kind.noun == "trip":  # as in the quick start
        return "POST", f"/TripOrchestrator/{case_id}/BookTrip", "Booking"
    return "PUT", f"/{kind.nouns}/{case_id}", "Sending"
