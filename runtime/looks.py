"""What a system shows beside the timeline of its sample: answers of its services, as tables.

``looks.json`` in the folder of the system names them: a title, an app, a path with ``{id}`` for the
id of the case, and where the rows lie in the answer, by names with dots between.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter
from rich.console import Console
from rich.table import Table

from runtime.errors import SetupError

_SECONDS = 30.0


class Look(BaseModel):
    """An answer that is shown."""

    title: str
    app: str
    path: str
    rows: str = ""


_LOOKS = TypeAdapter(list[Look])


def show(
    file: Path, sidecar_url: str, case_id: str, console: Console, headers: Mapping[str, str]
) -> None:
    """Print what ``file`` names, if there is such a file, as the sidecar's services answer it.
    ``headers`` are what the sidecar wants to see.

    Raises SetupError when one does not.
    """
    if not file.is_file():
        return
    base = f"{sidecar_url}/v1.0/invoke"
    with httpx.Client(base_url=base, headers=headers, timeout=_SECONDS) as client:
        for look in read(file):
            path = f"/{look.app}/method/{look.path.format(id=case_id)}"
            try:
                answer = client.get(path).raise_for_status().json()
            except (httpx.HTTPError, ValueError) as fault:
                raise SetupError(f"{look.app} does not show {look.path}: {fault}") from fault
            console.print(f"\n[bold]{look.title}[/]")
            console.print(_table(_rows(answer, look.rows)))


def read(file: Path) -> list[Look]:
    """Return what a file names. Raises pydantic.ValidationError."""
    return _LOOKS.validate_json(file.read_text())


def _rows(answer: Any, where: str) -> list[dict[str, Any]]:
    for name in filter(None, where.split(".")):
        answer = answer[name]
    return answer if isinstance(answer, list) else [answer]


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
