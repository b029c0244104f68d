"""A system that runs for as long as tests need it."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.system import System


@contextmanager
def running(system: System) -> Iterator[System]:
    """Start the system, and stop it in the end, whatever happens."""
    try:
        system.start()
        yield system
    finally:
        system.stop()
