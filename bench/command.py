"""What all commands of the bench do: show the report, say what went wrong, end well on Ctrl+C."""

import argparse
import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
from rich.console import Console

from bench import report
from bench.load import RunFailed
from bench.report import Report
from bench.site import TOOLS
from runtime import interrupts
from runtime.errors import SetupError

console = Console(highlight=False, soft_wrap=True)


def parser(module: str, says: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all commands have."""
    options = argparse.ArgumentParser(prog=f"python -m {module}", description=says)
    options.add_argument("--write", action="store_true", help="keep it in docs/performance.md")
    return options


def run(measure: Callable[[], Report], section: str, write: bool) -> int:
    """Measure and show the report; return 0, 1 after an error or a failure that the report tells
    of, 130 after Ctrl+C.

    ``measure`` cleans up after itself, whatever is raised in it. ``section`` is where on
    docs/performance.md the report is kept, if at all.
    """
    interrupts.heed()
    try:
        with _alone():
            found = measure()
    except (SetupError, RunFailed, httpx.HTTPError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{found.text}")
    if write and found.keep:
        report.write(found.text, section)
    for fault in found.wrong:
        print(f"\n{fault}", file=sys.stderr)
    if write and not found.keep:
        print("\nNothing is kept: this system itself failed.", file=sys.stderr)
    return 1 if found.wrong else 0


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder that all benches share. Raises SetupError."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError("Another bench runs in this folder; let it end first.") from None
        yield


@contextmanager
def stopped_after(*stops: Callable[[], object]) -> Iterator[None]:
    """Call each of ``stops`` at the end, whatever happened."""
    with ExitStack() as stack:
        for stop in stops:
            stack.callback(stop)
        try:
            yield
        finally:
            with suppress(OSError):  # a terminal that was closed takes no word
                console.print("Stopping …")
