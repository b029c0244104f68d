"""A second system, beside the one that most tests share: supervised, and traced where it can be."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import zipkin
from runtime.errors import SetupError
from runtime.system import System, wait_until
from runtime.template import Changes

PROJECT = Path(__file__).resolve().parent.parent.parent
HOME = PROJECT / ".supervised-system"
SHIFT = 11_500
ZIPKIN_PORT = zipkin.PORT + SHIFT


@pytest.fixture(scope="session")
def supervised() -> Iterator[System]:
    """A whole system of its own under supervisord, with Zipkin if the machine can run it."""
    running = System(PROJECT, HOME, Changes(by=SHIFT), supervised=True, say=print)
    running.stop()
    shutil.rmtree(HOME, ignore_errors=True)
    try:
        zipkin.start(HOME, ZIPKIN_PORT)
        running.changes = Changes(by=SHIFT, zipkin=zipkin.url(ZIPKIN_PORT))
    except SetupError as reason:
        print(f"Not traced: {reason}")
    try:
        running.start()
        if running.changes.zipkin:
            wait_until(lambda: zipkin.answers(ZIPKIN_PORT), 120, "Zipkin did not start")
        yield running
    finally:
        running.stop()


@pytest.fixture
def zipkin_url(supervised: System) -> str:
    """Where the second system's traces are. Skips where Zipkin cannot be had."""
    if not supervised.changes.zipkin:
        pytest.skip("Zipkin needs Java and, to be fetched, Maven; one of them is missing")
    return supervised.changes.zipkin
