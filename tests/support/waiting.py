"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.05


def until(look: Callable[[], T], good: Callable[[T], bool], what: str, within: float = 30) -> T:
    """Return what ``look`` sees once it is ``good``; fail after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"waited {within} s for {what}, last saw {seen!r}"
        time.sleep(_PAUSE_SECONDS)
    return seen
