"""Ctrl+C: the first one ends a command, the next ones do not end its cleaning up."""

import signal
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_cleaning_up_is_not_interrupted(wish: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdin
        assert command.stdout
        assert command.stdout.readline() == "working\n"
        command.send_signal(wish)
        assert command.stdout.readline() == "cleaning up\n"
        for impatient in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            command.send_signal(impatient)
        command.stdin.write("\n")
        command.stdin.flush()
        assert command.stdout.readline() == "clean\n"
    assert command.returncode == 0


def test_a_command_under_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ignoring = subprocess.Popen(
            [sys.executable, "-c", COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    with ignoring as command:
        assert command.stdout
        assert command.stdout.readline() == "working\n"
        command.send_signal(signal.SIGHUP)
        assert command.communicate("\n")[0] == ""
    assert command.returncode == 0
