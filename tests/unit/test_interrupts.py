"""Ctrl+C: the first one ends a command, the next ones do not end its cleaning up."""

import select
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest

WISHES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS = 20.0
# Whatever these tests are started with: a process ignores what its parent ignored.
START = """
import os, signal, sys
for wish in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(wish, signal.SIG_IGN if str(int(wish)) in sys.argv[2:] else signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""
COMMAND = """
from runtime import interrupts
interrupts.heed()
try:
    print("working", flush=True)
    input()
except KeyboardInterrupt:
    print("cleaning up", flush=True)
    input()
    print("clean", flush=True)
"""


@pytest.mark.parametrize("wish", WISHES)
def test_cleaning_up_is_not_interrupted(wish: signal.Signals) -> None:
    with working() as command:
        command.send_signal(wish)
        assert line(command) == "cleaning up\n"
        for impatient in WISHES:
            command.send_signal(impatient)
        assert command.communicate("\n", SECONDS)[0] == "clean\n"
    assert command.returncode == 0


def test_a_command_under_nohup_outlives_its_terminal() -> None:
    with working(ignoring=[signal.SIGHUP]) as command:
        command.send_signal(signal.SIGHUP)
        assert command.communicate("\n", SECONDS)[0] == ""
    assert command.returncode == 0


def test_a_command_in_the_background_of_a_script_can_be_interrupted() -> None:
    with working(ignoring=[signal.SIGINT]) as command:
        command.send_signal(signal.SIGINT)
        assert line(command) == "cleaning up\n"


@contextmanager
def working(ignoring: Collection[signal.Signals] = ()) -> Iterator[subprocess.Popen[str]]:
    """The command, at work; killed at the end if it is not done."""
    started = [sys.executable, "-c", START, COMMAND, *map(str, map(int, ignoring))]
    with subprocess.Popen(
        started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as command:
        try:
            assert line(command) == "working\n"
            yield command
        finally:
            command.kill()


def line(command: subprocess.Popen[str]) -> str:
    """Return the next line that the command says; fail if it says none in time."""
    assert command.stdout
    said, _, _ = select.select([command.stdout], [], [], SECONDS)
    assert said, f"the command said nothing for {SECONDS:.0f} s"
    return command.stdout.readline()
