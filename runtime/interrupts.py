"""Ctrl+C and its like: the first one ends a command, and cleaning up is not interrupted."""

import signal
from types import FrameType

_WISHES = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed() -> None:
    """Let the first Ctrl+C, SIGTERM or closed terminal raise KeyboardInterrupt; ignore the next.

    A SIGHUP that is ignored already stays so: ``nohup`` wishes it. An ignored SIGINT does not: a
    shell gives that to all it starts in the background.
    """
    for wish in _WISHES:
        if wish != signal.SIGHUP or signal.getsignal(wish) != signal.SIG_IGN:
            signal.signal(wish, _as_interrupt)


def _as_interrupt(_: int, __: FrameType | None) -> None:
    for wish in _WISHES:
        signal.signal(wish, signal.SIG_IGN)
    raise KeyboardInterrupt
