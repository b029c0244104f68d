"""A second system, beside the one that most tests share: supervised, and traced where it can be."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime import zipkin
from runtime.blocks import on_free_ports
from runtime.errors import SetupError
from runtime.ports import shifted
from runtime.system import System, wait_until
from runtime.template import Changes
from tests.support.variant import SECURE

PROJECT = Path(__file__).resolve().parent.parent.parent
HOME = PROJECT / ".supervised-system"


@pytest.fixture(scope="session")
def supervised() -> Iterator[System]:
    """A whole system of its own under supervisord, with Zipkin if the machine can run it."""
    System(PROJECT, HOME).stop()  # what a killed test run left
    shutil.rmtree(HOME, ignore_errors=True)
    with on_free_ports(PROJECT, Changes(secure=SECURE)) as changes:
        running = System(PROJECT, HOME, changes, supervised=True, say=print)
        try:
            _start(running, shifted(zipkin.PORT, changes.by))
            yield running
        finally:
            running.stop()


def _start(system: System, zipkin_port: int) -> None:
    try:
        zipkin.start(system.home, zipkin_port)
        system.changes = replace(system.changes, zipkin=zipkin.url(zipkin_port))
    except SetupError as reason:
        print(f"Not traced: {reason}")
    system.start()
    if system.changes.zipkin:
        wait_until(lambda: zipkin.answers(zipkin_port), 120, "Zipkin did not start")


@pytest.fixture
def zipkin_url(supervised: System) -> str:
    """Where the second system's traces are. Skips where Zipkin cannot be had."""
    if not supervised.changes.zipkin:
        pytest.skip("Zipkin needs Java and, to be fetched, Maven; one of them is missing")
    return supervised.changes.zipkin
