"""How a command ends: its exit code, and what it says when it could not do what was asked."""

from typing import NoReturn

import typer
from rich.console import Console

OK, NOT_DONE, WRONG, UNREACHABLE, STILL_RUNNING = 0, 1, 2, 3, 4

errors = Console(stderr=True, highlight=False)


def stop(code: int, why: str) -> NoReturn:
    """Say why on stderr, and exit."""
    errors.print(why, markup=False)
    raise typer.Exit(code)
