"""What all commands of the bench do: show the report, say what went wrong, end well on Ctrl+C."""

import argparse
import signal
import sys
from collections.abc import Callable
from types import FrameType

from rich.console import Console

from bench import report
from bench.load import RunFailed
from runtime.errors import SetupError

console = Console(highlight=False, soft_wrap=True)


def parser(module: str, says: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all commands have."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=says)
    options.add_argument("--write", action="store_true", help="keep it in docs/performance.md")
    return options


def run(measure: Callable[[], str], section: str, write: bool) -> int:
    """Measure and show the report; return 0, 1 after an error, 130 after Ctrl+C.

    ``measure`` cleans up after itself, whatever is raised in it. ``section`` is where on
    docs/performance.md the report is kept, if at all.
    """
    # A shell lets what it starts in the background ignore Ctrl+C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _as_interrupt)
    try:
        text = measure()
    except (SetupError, RunFailed) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{text}")
    if write:
        report.write(text, section)
    return 0


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
