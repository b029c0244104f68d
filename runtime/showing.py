"""What a system's sample needs besides its request, and what is shown of it once it has ended.

``showing.json`` in the folder of the system says it. ``says`` are words that are said to the sample
while it waits for them. ``looks`` are answers of services, shown as tables. ``opens`` names, with
dots between, where in the case's JSON the address of something is that answers by itself.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from runtime.errors import SetupError
from runtime.sample import Case

_SECONDS = 30.0


class Saying(BaseModel, extra="forbid"):
    """A signal, and what it says."""

    signal: str
    word: dict[str, Any]


class Look(BaseModel, extra="forbid"):
    """An answer that is shown: of an app, at a path with ``{id}`` for the id of the case. ``rows``
    names where the rows lie in it."""

    title: str
    app: str
    path: str
    rows: str = ""


class Showing(BaseModel, extra="forbid"):
    """All that is in such a file."""

    says: list[Saying] = []
    looks: list[Look] = []
    opens: str = ""


def read(file: Path) -> Showing:
    """Return what a file names; nothing, if there is no such file. Raises
    pydantic.ValidationError."""
    return Showing.model_validate_json(file.read_text()) if file.is_file() else Showing()


class Speaker:
    """Says to a case what there is to say, each word once to each wait."""

    def __init__(self, showing: Showing) -> None:
        self._words = {saying.signal: saying.word for saying in showing.says}
        self._said: set[tuple[str, str]] = set()

    def __call__(self, client: httpx.Client, url: str, case: dict[str, Any]) -> None:
        """Say what a case waits for that is at ``url``, and print what became of it. Raises
        httpx.HTTPError."""
        for wait in case.get("waits", []):
            to = wait["signal"], wait["attempt"]
            if wait["signal"] in self._words and not wait["over"] and to not in self._said:
                self._say(client, url, *to)

    def _say(self, client: httpx.Client, url: str, signal: str, attempt: str) -> None:
        word = self._words[signal]
        answer = client.post(f"{url}/signals/{signal}", json=word | {"attempt": attempt})
        if answer.is_server_error:
            return  # it passes by itself
        self._said.add((signal, attempt))
        told = ", ".join(f"{name} {value}" for name, value in word.items())
        why = "" if answer.is_success else f", but it was not taken: {answer.json()['detail']}"
        print(f"           said: {signal}, {told}{why}", flush=True)


def show(
    showing: Showing, sidecar_url: str, case: Case, console: Console, headers: Mapping[str, str]
) -> None:
    """Print the answers that are to be shown, by way of a sidecar, and what the case made.
    ``headers`` are what the sidecar wants to see.

    Raises SetupError when something does not answer.
    """
    with httpx.Client(timeout=_SECONDS, headers=headers) as client:
        for look in showing.looks:
            path = look.path.format(id=case.id)
            answer = _asked(client, f"{sidecar_url}/v1.0/invoke/{look.app}/method/{path}")
            console.print(f"\n[bold]{look.title}[/]")
            console.print(_table(_rows(answer.json(), look.rows)))
    address = _found(case.content, showing.opens) if showing.opens else None
    if isinstance(address, str):
        with httpx.Client(timeout=_SECONDS) as client:
            console.print(f"\n{address} answers {_asked(client, address).text}")


def _asked(client: httpx.Client, url: str) -> httpx.Response:
    try:
        return client.get(url).raise_for_status()
    except httpx.HTTPError as fault:
        raise SetupError(f"{url} does not answer as it should: {fault}") from fault


def _found(answer: Any, where: str) -> Any:
    for name in filter(None, where.split(".")):
        answer = answer.get(name) if isinstance(answer, dict) else None
    return answer


def _rows(answer: Any, where: str) -> list[dict[str, Any]]:
    found = _found(answer, where)
    return found if isinstance(found, list) else [found]


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    columns = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    for name in columns:
        is_money = any(isinstance(row.get(name), dict) for row in rows)
        table.add_column(name, justify="right" if is_money else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case {"amount": int(amount), "currency": str(currency)}:
            return f"{amount / 100:,.2f} {currency}"
    return str(value)
