"""What is said to a system's sample while it waits, and what it made that answers by itself.

``showing.json`` in the folder of the system has both: ``says`` are signals with what each says,
told whenever the case waits for them; ``opens`` names, with dots between, where in the case's JSON
the address of something is that answers once it is done.
"""

import time
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel
from rich.console import Console

from runtime.errors import SetupError
from runtime.sample import Case

_SECONDS = 300.0
_LOOK_SECONDS = 0.3
_OPEN = ("running",)


class Saying(BaseModel):
    """A signal, and what it says."""

    signal: str
    word: dict[str, Any]


class Showing(BaseModel):
    """All that is in such a file."""

    says: list[Saying] = []
    opens: str = ""


def read(file: Path) -> Showing | None:
    """Return what a system wants said and shown, if anything."""
    return Showing.model_validate_json(file.read_text()) if file.is_file() else None


def see_through(showing: Showing, url: str, case: Case, console: Console) -> Case:
    """Say what there is to say until the case has ended; return it as it is then. ``url`` is where
    the orchestrator is. Raises SetupError when it does not end, or nobody answers."""
    path = f"{url}/{case.kind.nouns}/{case.id}"
    deadline, step = time.monotonic() + _SECONDS, ""
    try:
        with httpx.Client(timeout=30) as client:
            while (content := client.get(path).raise_for_status().json())["status"] in _OPEN:
                if time.monotonic() > deadline:
                    raise SetupError(f"{case.id} has not ended after {_SECONDS:.0f} s.")
                if (now := content.get("step") or "") != step:
                    step = now
                    console.print(f"  {step}")
                _say(showing, client, path, content, console)
                time.sleep(_LOOK_SECONDS)
    except (httpx.HTTPError, ValueError) as fault:
        raise SetupError(f"{case.id} could not be looked at: {fault!r}") from fault
    return Case(case.id, case.kind, content)


def open_it(showing: Showing, case: Case, console: Console) -> None:
    """Print what answers at the address that the case has."""
    address: Any = case.content
    for name in filter(None, showing.opens.split(".")):
        address = address.get(name) if isinstance(address, dict) else None
    if not (showing.opens and isinstance(address, str)):
        return
    try:
        answer = httpx.get(address, timeout=10).raise_for_status().text
    except httpx.HTTPError as fault:
        raise SetupError(f"{address} does not answer: {fault}") from fault
    console.print(f"\n  {address} answers {answer}")


def _say(
    showing: Showing, client: httpx.Client, path: str, content: dict[str, Any], console: Console
) -> None:
    for wait in content.get("waits", []):
        for saying in showing.says:
            if saying.signal != wait["signal"] or wait["over"]:
                continue
            body = saying.word | {"attempt": wait["attempt"]}
            said = client.post(f"{path}/signals/{saying.signal}", json=body)
            if said.is_success:
                told = ", ".join(f"{name} {value}" for name, value in saying.word.items())
                console.print(f"  said: {saying.signal}, {told}")
